import { encodeBase64, isStacksealError, StacksealError } from '@stackseal/core'

import { MemoError } from '../memo-cloud.ts'
import { classifyMemoError, memo } from '../memo-provider.ts'
import { changed, type Mutant } from './mutant.ts'

function hintMutants(hints: Readonly<Record<string, (token: string) => string>>): Mutant[] {
  return Object.entries(hints).map(([name, hint]) => ({
    name,
    make: (cloud) =>
      memo(cloud, {
        classify: (error) => ({
          ...classifyMemoError(error),
          ...(error instanceof MemoError ? { hint: hint(error.request.token ?? 'missing') } : {}),
        }),
      }),
    fails: ['secrecy/errors'],
  }))
}

/** Providers that show what is secret, or work when nobody asked them to. */
export const LEAKING: readonly Mutant[] = [
  {
    name: 'keeps the error of the vendor as the cause',
    make: (cloud) => {
      let last: unknown
      const good = memo(cloud, {
        classify: (error) => {
          last = error
          return classifyMemoError(error)
        },
      })
      return {
        ...good,
        openKey: (...call) =>
          good.openKey(...call).catch((error: unknown) => {
            if (!isStacksealError(error)) throw error
            throw new StacksealError(error.code, error.message, { hint: error.hint, cause: last })
          }),
      }
    },
    fails: ['secrecy/errors'],
  },
  ...hintMutants({
    'shows the token': (token) => `the token is ${token}`,
    'shows the token in hexadecimal': (token) => Buffer.from(token).toString('hex'),
    'shows the request in base64': (token) => btoa(JSON.stringify({ sent: token })),
  }),
  {
    name: 'shows the data key that it could not seal',
    make: changed((good) => ({
      sealKey: (url, dataKey, context) =>
        good.sealKey(url, dataKey, context).catch(() => {
          throw new StacksealError('ERR_ACCESS_DENIED', 'not sealed', { details: { key: encodeBase64(dataKey) } })
        }),
    })),
    fails: ['secrecy/errors'],
  },
  {
    name: 'follows a server to another one',
    make: (cloud) => memo(cloud, { redirect: 'follow' }),
    fails: ['secrecy/redirect'],
  },
  { name: 'reads a variable at import', module: './modules/reads-environment.ts', fails: ['hygiene/import'] },
  { name: 'opens a socket at import', module: './modules/opens-socket.ts', fails: ['hygiene/import'] },
  { name: 'loads an SDK at import', module: './modules/loads-sdk.ts', fails: ['hygiene/import'] },
  {
    name: 'greets at import',
    module: './modules/greets.ts',
    fails: ['hygiene/import', 'secrecy/output'],
  },
  {
    name: 'prefers the variables of the process',
    module: './modules/prefers-process.ts',
    fails: ['hygiene/own-environment'],
  },
  { name: 'logs the data key', module: './modules/logs-key.ts', fails: ['secrecy/output'] },
]
