import { isStacksealError, type ProviderContext, StacksealError } from '@stackseal/core'

import { memo } from '../memo-provider.ts'
import { changed, recoded, without, type Mutant } from './mutant.ts'

const isAsking = (context: ProviderContext): boolean => context.env['MEMO_PIN'] === undefined

/** Providers that do not stop, or do not ask. */
export const STOPPING: readonly Mutant[] = [
  {
    name: 'starts although it is cancelled already',
    make: changed((good) => ({
      openKey: (url, sealed, context) =>
        good.openKey(url, sealed, context.signal?.aborted === true ? without(context) : context),
    })),
    fails: ['stopping/before'],
  },
  {
    name: 'swallows the signal to stop',
    make: changed((good) => ({
      openKey: (url, sealed, context) => good.openKey(url, sealed, without(context)),
    })),
    fails: ['stopping/before', 'stopping/while-calling', 'stopping/time-out', 'stopping/while-asking'],
  },
  {
    name: 'takes a request to stop for a time-out',
    make: changed((good) => ({
      openKey: (url, sealed, context) => {
        const isLate = context.signal?.aborted === false && !isAsking(context)
        return good.openKey(url, sealed, context).catch((error: unknown) => {
          if (!isLate || !isStacksealError(error) || error.code !== 'ERR_INTERRUPTED') throw error
          throw new StacksealError('ERR_TIMEOUT', 'too late')
        })
      },
    })),
    fails: ['stopping/while-calling'],
  },
  {
    name: 'takes a time-out for a request to stop',
    make: recoded('ERR_TIMEOUT', 'ERR_INTERRUPTED'),
    fails: ['stopping/time-out'],
  },
  {
    name: 'shows what is typed',
    make: (cloud) =>
      memo(cloud, {
        ask: async ({ ask }) => {
          if (ask !== undefined) return ask({ text: 'PIN of memo', secret: false })
          throw new StacksealError('ERR_PASSPHRASE_MISSING', 'there is no PIN')
        },
      }),
    fails: ['asking/answer'],
  },
  {
    name: 'takes for granted that somebody can be asked',
    make: (cloud) => memo(cloud, { ask: (context) => context.ask!({ text: 'PIN of memo', secret: true }) }),
    fails: ['asking/nobody'],
  },
  {
    name: 'waits for an answer whatever happens',
    make: changed((good) => ({
      openKey: (url, sealed, context) =>
        good.openKey(url, sealed, isAsking(context) && context.ask !== undefined ? without(context) : context),
    })),
    fails: ['stopping/while-asking'],
  },
]
