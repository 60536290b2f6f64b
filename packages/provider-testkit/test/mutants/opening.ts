import { encodeBase64, type KeyUrl, type ProviderContext, type ProviderV1, StacksealError } from '@stackseal/core'

import { ENCODING, memo } from '../memo-provider.ts'
import { ALL_FAULTS, changed, type Mutant } from './mutant.ts'

const keyUnlessParameter = (url: KeyUrl): string => {
  if (url.query.length > 0) throw new StacksealError('ERR_INVALID_KEY_URL', 'a memo key URL takes no parameter')
  return url.host ?? ''
}

// What the memo service's own texts start with.
const MAGIC_TEXT = new TextEncoder().encode('MEMO')

/** Providers that open what they should not, or something else. */
export const OPENING: readonly Mutant[] = [
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
      const opened = new Map<string, ReturnType<ProviderV1['openKey']>>()
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
]
