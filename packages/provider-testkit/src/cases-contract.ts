import { decodeBase64, encodeBase64, parseKeyUrl } from '@stackseal/core'

import { onBench, sameBytes } from './bench.ts'
import { type ConformanceCase, failed, hasCode, isUnstaged, notRun, refusalOf, within } from './conformance-case.ts'

export const CONTRACT: readonly ConformanceCase[] = [
  {
    name: 'contract/shape',
    title: 'has the shape of the contract',
    async run(subject) {
      const provider = subject.make()
      if (provider.contract !== 1) throw failed('contract is not 1')
      if (typeof provider.name !== 'string' || provider.name.trim() === '') throw failed('name is not a text')
      if (!Array.isArray(provider.schemes) || provider.schemes.length === 0) throw failed('schemes is not a list')
      for (const scheme of provider.schemes as readonly unknown[]) {
        if (typeof scheme !== 'string' || !/^[a-z][a-z0-9+.-]*$/.test(scheme)) {
          throw failed('a scheme is not a lower-case name without its colon')
        }
      }
      for (const { url } of subject.keys) {
        const { scheme } = parseKeyUrl(url)
        if (!provider.schemes.includes(scheme)) throw failed(`schemes does not list ${scheme}`)
      }
      for (const method of ['createKey', 'openKey'] as const) {
        if (typeof provider[method] !== 'function') throw failed(`${method} is not a function`)
      }
      for (const method of ['sealKey', 'describe', 'close'] as const) {
        if (provider[method] !== undefined && typeof provider[method] !== 'function') {
          throw failed(`${method} is there and is not a function`)
        }
      }
    },
  },
  {
    name: 'contract/data-key',
    title: 'makes and opens data keys of 32 bytes',
    run: (subject, context) =>
      onBench(subject, context, async (bench) => {
        const made = await bench.create(subject.keys[0])
        const opened = await bench.open(subject.keys[0], made.sealed)
        for (const { dataKey } of [made, opened]) {
          if (!(dataKey instanceof Uint8Array)) throw failed('a data key is not a Uint8Array')
          if (dataKey.length !== 32) throw failed(`a data key has ${dataKey.length} bytes, and not 32`)
        }
      }),
  },
  {
    name: 'contract/sealed-text',
    title: 'seals to one line of text, standard padded base64',
    run: (subject, context) =>
      onBench(subject, context, async (bench) => {
        const { sealed } = await bench.create(subject.keys[0])
        if (typeof sealed !== 'string' || sealed === '') throw failed('the sealed key is not a text')
        if (!/^[\x20-\x7e]+$/.test(sealed)) throw failed('the sealed key is not one line of printable ASCII')
        if (subject.sealedForm === 'text') return
        const result = decodeBase64(sealed)
        if ('invalidAt' in result || encodeBase64(result.bytes) !== sealed) {
          throw failed('the sealed key is not standard padded base64, which a stack file asks for')
        }
      }),
  },
  {
    name: 'contract/new-key-each-time',
    title: 'makes a new random key each time, and seals it differently each time',
    run: (subject, context) =>
      onBench(subject, context, async (bench) => {
        const made = [await bench.create(subject.keys[0]), await bench.create(subject.keys[0])] as const
        if (sameBytes(made[0].dataKey, made[1].dataKey)) throw failed('two new keys are the same')
        if (made[0].sealed === made[1].sealed) throw failed('two new keys have one sealed text')
        if (made.some(({ dataKey }) => new Set(dataKey).size < 8)) throw failed('a new key is not random')
      }),
  },
  {
    name: 'contract/key-not-in-sealed-text',
    title: 'keeps the data key out of the sealed text',
    run: (subject, context) =>
      onBench(subject, context, async (bench) => {
        const { sealed, ...made } = await bench.create(subject.keys[0])
        const dataKey = Uint8Array.from(made.dataKey)
        const result = decodeBase64(sealed)
        const raw = 'bytes' in result ? result.bytes : new TextEncoder().encode(sealed)
        const texts = [sealed, String.fromCharCode(...raw)]
        const forms = [encodeBase64(dataKey).slice(0, 42), hex(dataKey), String.fromCharCode(...dataKey)]
        if (forms.some((form) => texts.some((text) => text.includes(form)))) {
          throw failed('the sealed text holds the data key in clear')
        }
      }),
  },
  {
    name: 'contract/unknown-parameter',
    title: 'refuses a key URL with a parameter that it does not know',
    run(subject, context) {
      const { unknownParameter: url } = subject
      if (isUnstaged(url)) return Promise.resolve(notRun(url, 'an unknown parameter'))
      return onBench(subject, context, async (bench) => {
        const key = { ...subject.keys[0], url }
        const what = 'a key URL with an unknown parameter'
        hasCode(await refusalOf(what, bench.create(key)), ['ERR_INVALID_KEY_URL'], what)
      })
    },
  },
  {
    name: 'contract/describe',
    title: 'describes a key without a call, also one that was damaged',
    async run(subject, context) {
      const provider = subject.make()
      if (provider.describe === undefined) return { notRun: 'the provider has no describe, which it need not have' }
      const sealed = await onBench(subject, context, async (bench) => (await bench.create(subject.keys[0])).sealed)
      for (const text of [sealed, undefined, '', '%', sealed.slice(0, 5), encodeBase64(new Uint8Array([255, 0, 9]))]) {
        let facts: unknown
        try {
          facts = provider.describe(parseKeyUrl(subject.keys[0].url), text)
        } catch {
          // Whatever it throws: the failure says where, and an error may hold what must not be shown.
          throw failed('describe threw on a sealed text that does not open')
        }
        if (!isRecordOfTexts(facts)) {
          throw failed('describe did not give a record of texts at once')
        }
      }
      return undefined
    },
  },
  {
    name: 'contract/close',
    title: 'closes at once, used or not',
    async run(subject, context) {
      for (const isUsed of [false, true]) {
        const provider = subject.make()
        if (provider.close === undefined) return { notRun: 'the provider has no close, which it need not have' }
        const [{ url, env }] = subject.keys
        if (isUsed) await within(context.patienceMs, 'making a key', provider.createKey(parseKeyUrl(url), { env }))
        try {
          await within(context.patienceMs, 'closing', provider.close())
        } catch {
          throw failed(`closing a provider that was ${isUsed ? 'used' : 'not used'} failed`)
        }
      }
      return undefined
    },
  },
]

function isRecordOfTexts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Promise) return false
  return Object.values(value).every((entry) => typeof entry === 'string')
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
