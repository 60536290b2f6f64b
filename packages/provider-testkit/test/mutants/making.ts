import { encodeBase64, StacksealError } from '@stackseal/core'

import { completeMemo, ENCODING, memo } from '../memo-provider.ts'
import { changed, type Mutant } from './mutant.ts'

/** Lies to the compiler. */
function asBytes(numbers: unknown): Uint8Array {
  const bytes: { readonly value: Uint8Array } = JSON.parse(JSON.stringify({ value: numbers }))
  return bytes.value
}

/** Providers that make, name or describe keys wrongly. */
export const MAKING: readonly Mutant[] = [
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
]
