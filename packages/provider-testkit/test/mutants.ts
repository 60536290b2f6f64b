import {
  encodeBase64,
  type ErrorCode,
  isStacksealError,
  type KeyUrl,
  type Provider,
  type ProviderContext,
  type ProviderV1,
  StacksealError,
} from '@stackseal/core'

import { type MemoCloud, MemoError } from './memo-cloud.ts'
import { classifyMemoError, completeMemo, ENCODING, memo } from './memo-provider.ts'

/** A provider with one fault, and exactly the cases that must notice it. */
export interface Mutant {
  readonly name: string
  readonly make?: (cloud: MemoCloud) => Provider
  /** Where the fault is in a module: its path. */
  readonly module?: string
  readonly fails: readonly string[]
}

type Open = ProviderV1['openKey']
type Opening = Parameters<Open>

const ALL_FAULTS = [
  'errors/no-credentials',
  'errors/invalid-credentials',
  'errors/denied',
  'errors/no-such-key',
  'errors/disabled-key',
  'errors/server-down',
  'errors/throttled',
]

/** The good provider with one method in another form. */
function changed(change: (good: Required<ProviderV1>, cloud: MemoCloud) => Partial<ProviderV1>) {
  return (cloud: MemoCloud): Provider => {
    const good = completeMemo(cloud)
    return { ...good, ...change(good, cloud) }
  }
}

/** The good provider with another error in place of one of its own. */
function recoded(from: ErrorCode, to: ErrorCode, when: (error: StacksealError) => boolean = () => true) {
  return changed((good) => ({
    openKey: (...call: Opening) =>
      good.openKey(...call).catch((error: unknown) => {
        if (!isStacksealError(error) || error.code !== from || !when(error)) throw error
        throw new StacksealError(to, error.message, { hint: error.hint })
      }),
  }))
}

const without = (context: ProviderContext): ProviderContext => {
  const { signal: _, ...rest } = context
  return rest
}

/** Lies to the compiler. */
function asBytes(numbers: unknown): Uint8Array {
  const bytes: { readonly value: Uint8Array } = JSON.parse(JSON.stringify({ value: numbers }))
  return bytes.value
}

const nameOf = (sealed: string, context: ProviderContext): string => JSON.stringify([sealed, context.env])

const isAsking = (context: ProviderContext): boolean => context.env['MEMO_PIN'] === undefined

const keyUnlessParameter = (url: KeyUrl): string => {
  if (url.query.length > 0) throw new StacksealError('ERR_INVALID_KEY_URL', 'a memo key URL takes no parameter')
  return url.host ?? ''
}

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

// What the memo service's own texts start with.
const MAGIC_TEXT = new TextEncoder().encode('MEMO')

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'names its scheme in upper case',
    make: changed(() => ({ schemes: ['memo', 'MEMO'] })),
    fails: ['contract/shape'],
  },
  {
    name: 'gives the data key as a list of numbers',
    make: changed((good) => ({
      async createKey(url, context) {
        const { dataKey, sealed } = await good.createKey(url, context)
        return { dataKey: asBytes([...dataKey]), sealed }
      },
    })),
    fails: ['contract/data-key'],
  },
  {
    name: 'makes and opens keys of 16 bytes',
    make: changed((good) => ({
      async createKey(url, context) {
        const { dataKey, sealed } = await good.createKey(url, context)
        return { dataKey: dataKey.slice(0, 16), sealed }
      },
      async openKey(...call) {
        const { dataKey, ...rest } = await good.openKey(...call)
        return { dataKey: dataKey.slice(0, 16), ...rest }
      },
    })),
    fails: ['contract/data-key', 'round-trip/seal-key'],
  },
  {
    name: 'ends the sealed text with a line end',
    make: changed((good) => ({
      async createKey(url, context) {
        const { dataKey, sealed } = await good.createKey(url, context)
        return { dataKey, sealed: `${sealed}\n` }
      },
    })),
    fails: ['contract/sealed-text'],
  },
  {
    name: 'makes the same key each time',
    make: changed((good) => ({
      async createKey(url, context) {
        const dataKey = Uint8Array.from({ length: 32 }, (_, at) => at * 7)
        return { sealed: await good.sealKey(url, dataKey, context), dataKey }
      },
    })),
    fails: ['contract/new-key-each-time'],
  },
  {
    name: 'writes the key in clear behind what was sealed',
    make: (cloud) => {
      const good = completeMemo(cloud)
      return {
        ...good,
        async createKey(url, context) {
          const { dataKey, sealed } = await good.createKey(url, context)
          const { wrapped } = ENCODING.decode(sealed)
          return { dataKey, sealed: encodeBase64(Uint8Array.from([...wrapped, ...dataKey])) }
        },
        async openKey(url, sealed, context) {
          const { wrapped, sealed: better } = ENCODING.decode(sealed)
          if (wrapped.length < 96) return good.openKey(url, sealed, context) // of sealKey, or broken
          const opened = await good.openKey(url, encodeBase64(wrapped.slice(0, -32)), context)
          if (opened.dataKey.every((byte, at) => byte === wrapped[wrapped.length - 32 + at])) {
            return better === undefined ? opened : { ...opened, sealed: better }
          }
          throw new StacksealError('ERR_WRONG_KEY', 'the end was changed', { hint: 'look at the file' })
        },
      }
    },
    fails: ['contract/key-not-in-sealed-text'],
  },
  {
    name: 'passes over parameters that it does not know',
    make: (cloud) => memo(cloud, { keyOf: (url) => url.host ?? '' }),
    fails: ['contract/unknown-parameter'],
  },
  {
    name: 'throws while it describes a damaged key',
    make: changed(() => ({
      describe: (_, sealed) => {
        if (sealed !== undefined && sealed.length < 20) throw new RangeError('too short')
        return {}
      },
    })),
    fails: ['contract/describe'],
  },
  {
    name: 'fails to close when nothing was opened',
    make: changed((good) => {
      let isUsed = false
      return {
        createKey: (...call) => {
          isUsed = true
          return good.createKey(...call)
        },
        close: async () => {
          if (!isUsed) throw new TypeError('nothing to close')
        },
      }
    }),
    fails: ['contract/close'],
  },
  {
    name: 'gives another key than the one that it seals',
    make: changed((good) => ({
      async createKey(url, context) {
        const { dataKey, sealed } = await good.createKey(url, context)
        return { dataKey: dataKey.map((byte) => byte ^ 1), sealed }
      },
    })),
    fails: ['round-trip/same-key'],
  },
  {
    name: 'opens only with something that it kept from createKey',
    make: changed((good) => {
      let salt: number | undefined
      return {
        createKey: (...call) => {
          salt = 1
          return good.createKey(...call)
        },
        openKey: async (...call) => {
          if (salt !== undefined) return good.openKey(...call)
          throw new StacksealError('ERR_WRONG_KEY', 'there is no salt', { hint: 'make a key first' })
        },
      }
    }),
    fails: ['round-trip/fresh-instance'],
  },
  {
    name: 'keeps the whole key from createKey and seals a number',
    make: changed((good) => {
      const kept: Uint8Array[] = []
      return {
        async createKey(url, context) {
          const { dataKey } = await good.createKey(url, context)
          kept.push(Uint8Array.from(dataKey))
          return { dataKey, sealed: encodeBase64(Uint8Array.from([...MAGIC_TEXT, kept.length])) }
        },
        async openKey(url, sealed, context) {
          const { wrapped } = ENCODING.decode(sealed)
          const number = wrapped[MAGIC_TEXT.length]
          const dataKey = wrapped.length === MAGIC_TEXT.length + 1 ? kept[(number ?? 0) - 1] : undefined
          return dataKey === undefined ? good.openKey(url, sealed, context) : { dataKey: Uint8Array.from(dataKey) }
        },
      }
    }),
    fails: [
      'round-trip/fresh-instance',
      'repair/old-text',
      'isolation/other-key',
      'isolation/other-account',
      ...ALL_FAULTS,
      'errors/other-server',
      'errors/encrypt-only',
      'calls/one-to-open',
      'stopping/before',
      'stopping/while-calling',
      'stopping/time-out',
      'asking/answer',
      'asking/nobody',
      'stopping/while-asking',
      'tampering/changed-bytes',
    ],
  },
  {
    name: 'hands the same bytes to every caller',
    make: changed((good) => {
      const opened = new Map<string, ReturnType<Open>>()
      return {
        openKey: (url, sealed, context) => {
          const name = JSON.stringify([url.text, sealed, context.env])
          const known = opened.get(name) ?? good.openKey(url, sealed, context)
          known.then(
            () => opened.set(name, known),
            () => undefined,
          )
          return known
        },
      }
    }),
    fails: ['round-trip/caller-owns-the-bytes'],
  },
  {
    name: 'seals a key of its own in place of the one that it is given',
    make: changed((good) => ({
      sealKey: async (url, _, context) => (await good.createKey(url, context)).sealed,
    })),
    fails: ['round-trip/seal-key'],
  },
  {
    name: 'overwrites the bytes that sealKey is given',
    make: changed((good) => ({
      async sealKey(url, dataKey, context) {
        const sealed = await good.sealKey(url, dataKey, context)
        dataKey.fill(0)
        return sealed
      },
    })),
    fails: ['round-trip/seal-key'],
  },
  {
    name: 'seals anew what it has just made, each time that it opens it',
    make: changed((good) => {
      const made = new Set<string>()
      return {
        async createKey(...call) {
          const answer = await good.createKey(...call)
          made.add(answer.sealed)
          return answer
        },
        async openKey(url, sealed, context) {
          const opened = await good.openKey(url, sealed, context)
          if (!made.has(sealed)) return opened
          return { ...opened, sealed: await good.sealKey(url, opened.dataKey, context) }
        },
      }
    }),
    fails: ['repair/not-needed', 'repair/old-text', 'calls/one-to-open'],
  },
  {
    name: 'adds a space to a text that is as it should be',
    make: changed((good) => ({
      async openKey(url, sealed, context) {
        const opened = await good.openKey(url, sealed.trimEnd(), context)
        return opened.sealed === undefined && !sealed.startsWith(' ') ? { ...opened, sealed: `${sealed} ` } : opened
      },
    })),
    fails: ['repair/not-needed', 'repair/old-text'],
  },
  {
    name: 'offers a better text only for what it made itself, and that needs none',
    make: changed((good) => {
      let last = ''
      return {
        async createKey(...call) {
          const answer = await good.createKey(...call)
          last = answer.sealed
          return answer
        },
        async openKey(url, sealed, context) {
          const opened = await good.openKey(url, sealed, context)
          if (sealed !== last) return opened
          last = ''
          return { ...opened, sealed: `${sealed.slice(0, 4)}${sealed.slice(4)}\n` }
        },
      }
    }),
    fails: ['repair/not-needed'],
  },
  {
    name: 'repairs to a text that does not open',
    make: changed((good) => ({
      async openKey(...call) {
        const opened = await good.openKey(...call)
        return opened.sealed === undefined ? opened : { ...opened, sealed: opened.sealed.slice(8) }
      },
    })),
    fails: ['repair/old-text'],
  },
  {
    name: 'passes over the key URL',
    make: (cloud) => memo(cloud, { keyOf: (url) => keyUnlessParameter(url) && 'app' }),
    fails: ['isolation/other-key', 'errors/no-such-key'],
  },
  {
    name: 'has one key for every name that exists',
    make: (cloud) => memo(cloud, { keyOf: (url) => keyUnlessParameter(url).replace(/^db$/, 'app') }),
    fails: ['isolation/other-key'],
  },
  {
    name: 'keeps the client of whoever opened first',
    make: changed((good) => {
      const clients = new Map<string, ProviderContext['env']>()
      return {
        async openKey(url, sealed, context) {
          const env = clients.get(url.text) ?? context.env
          const opened = await good.openKey(url, sealed, { ...context, env })
          clients.set(url.text, env)
          return opened
        },
      }
    }),
    fails: ['isolation/other-account'],
  },
  {
    name: 'leaves the end of the sealed text unchecked',
    make: changed((good) => ({
      async createKey(url, context) {
        const { dataKey, sealed } = await good.createKey(url, context)
        const { wrapped } = ENCODING.decode(sealed)
        return { dataKey, sealed: encodeBase64(Uint8Array.from([...wrapped, ...new Uint8Array(32)])) }
      },
      async openKey(url, sealed, context) {
        const { wrapped, sealed: better } = ENCODING.decode(sealed)
        if (wrapped.length < 92) return good.openKey(url, sealed, context)
        const opened = await good.openKey(url, encodeBase64(wrapped.slice(0, 64)), context)
        return better === undefined ? opened : { ...opened, sealed: better }
      },
    })),
    fails: ['tampering/changed-bytes'],
  },
  {
    name: 'fails on an empty text',
    make: changed((good) => ({
      openKey: (url, sealed, context) => {
        if (sealed === '') throw new TypeError('sealed is empty')
        return good.openKey(url, sealed, context)
      },
    })),
    fails: ['tampering/malformed-text'],
  },
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
