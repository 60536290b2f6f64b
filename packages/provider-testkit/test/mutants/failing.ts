import { isStacksealError, type ProviderContext, StacksealError } from '@stackseal/core'

import { memo } from '../memo-provider.ts'
import { ALL_FAULTS, changed, recoded, type Mutant } from './mutant.ts'

const nameOf = (sealed: string, context: ProviderContext): string => JSON.stringify([sealed, context.env])

/** Providers that fail in a way that helps nobody. */
export const FAILING: readonly Mutant[] = [
  {
    name: 'does not know that a token is missing',
    make: recoded('ERR_CREDENTIALS_MISSING', 'ERR_PROVIDER_FAILED'),
    fails: ['errors/no-credentials'],
  },
  {
    name: 'takes a bad token for a missing permission',
    make: recoded('ERR_CREDENTIALS_INVALID', 'ERR_ACCESS_DENIED'),
    fails: ['errors/invalid-credentials'],
  },
  {
    name: 'does not know one of the two ways to be denied',
    make: recoded('ERR_ACCESS_DENIED', 'ERR_PROVIDER_FAILED', ({ details }) => details['rights'] === 'none'),
    // A stranger has no rights either.
    fails: ['isolation/other-account', 'errors/denied'],
  },
  {
    name: 'takes the second way to be denied for a lack of credentials',
    make: recoded('ERR_ACCESS_DENIED', 'ERR_CREDENTIALS_INVALID', ({ details }) => details['rights'] === 'none'),
    fails: ['errors/denied'],
  },
  {
    name: 'does not know that a key is not there',
    make: recoded('ERR_KEY_NOT_FOUND', 'ERR_PROVIDER_FAILED'),
    fails: ['errors/no-such-key'],
  },
  {
    name: 'takes a disabled key for one that is not there',
    make: recoded('ERR_KEY_DISABLED', 'ERR_KEY_NOT_FOUND'),
    fails: ['errors/disabled-key'],
  },
  {
    name: 'does not know that the service is down',
    make: recoded('ERR_UNAVAILABLE', 'ERR_PROVIDER_FAILED'),
    fails: ['errors/server-down'],
  },
  {
    name: 'takes a throttle for a service that is down',
    make: recoded('ERR_THROTTLED', 'ERR_UNAVAILABLE'),
    fails: ['errors/throttled'],
  },
  {
    name: 'takes an empty answer for a fault of its own',
    make: recoded('ERR_INVALID_REPLY', 'ERR_PROVIDER_FAILED'),
    fails: ['errors/other-server'],
  },
  {
    name: 'says what is wrong and not what to do',
    make: changed((good) => ({
      openKey: (...call) =>
        good.openKey(...call).catch((error: unknown) => {
          if (!isStacksealError(error)) throw error
          throw new StacksealError(error.code, error.message)
        }),
    })),
    fails: [...ALL_FAULTS, 'errors/other-server'],
  },
  {
    name: 'gives up when it is throttled',
    make: (cloud) => memo(cloud, { bounds: { tries: 1 } }),
    fails: ['errors/throttled-once'],
  },
  {
    name: 'opens from memory what it made when it is denied',
    make: changed((good) => {
      const kept = new Map<string, Uint8Array>()
      return {
        async createKey(url, context) {
          const { dataKey, sealed } = await good.createKey(url, context)
          kept.set(nameOf(sealed, context), Uint8Array.from(dataKey))
          return { dataKey, sealed }
        },
        async openKey(url, sealed, context) {
          try {
            return await good.openKey(url, sealed, context)
          } catch (error) {
            const dataKey = kept.get(nameOf(sealed, context))
            if (dataKey === undefined || !isStacksealError(error) || error.code !== 'ERR_ACCESS_DENIED') throw error
            return { dataKey: Uint8Array.from(dataKey) }
          }
        },
      }
    }),
    fails: ['errors/encrypt-only'],
  },
  {
    name: 'calls twice to open once',
    make: changed((good) => ({
      async openKey(...call) {
        await good.openKey(...call)
        return good.openKey(...call)
      },
    })),
    fails: ['calls/one-to-open'],
  },
  {
    name: 'repeats what was refused for good',
    make: changed((good) => ({
      openKey: (...call) => good.openKey(...call).catch(() => good.openKey(...call)),
    })),
    fails: ['calls/refused-once'],
  },
]
