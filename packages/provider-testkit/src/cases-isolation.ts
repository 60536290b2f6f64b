import { decodeBase64, encodeBase64, type StacksealError } from '@stackseal/core'

import { type Bench, onBench, sameBytes } from './bench.ts'
import { type ConformanceCase, failed, hasCode, isUnstaged, notRun, refusalOf } from './conformance-case.ts'
import type { Subject } from './subject.ts'

// What may stand for "this is not what this key sealed". A service that does not say which gives ERR_WRONG_KEY.
const NOT_THIS_KEY = ['ERR_WRONG_KEY', 'ERR_WRONG_PASSPHRASE', 'ERR_MALFORMED_SEALED_KEY']
const REFUSED = ['ERR_ACCESS_DENIED', 'ERR_CREDENTIALS_INVALID', 'ERR_KEY_NOT_FOUND', ...NOT_THIS_KEY]

const SAMPLED_POSITIONS = 16

export const ISOLATION: readonly ConformanceCase[] = [
  {
    name: 'isolation/other-key',
    title: 'does not open under one key what another sealed',
    async run(subject, context) {
      const [mine, other] = subject.keys
      if (other === undefined) return { notRun: 'one key alone was named' }
      return onBench(subject, context, async (bench) => {
        const { sealed } = await bench.create(mine)
        const what = 'a text that another key sealed'
        hasCode(await refusalOf(what, bench.open(other, sealed)), [...NOT_THIS_KEY, 'ERR_KEY_NOT_FOUND'], what)
      })
    },
  },
  {
    name: 'isolation/other-account',
    title: 'keeps two callers in one process apart',
    async run(subject, context) {
      const { stranger } = subject
      if (isUnstaged(stranger)) return notRun(stranger, 'a second caller')
      return onBench(subject, context, async (bench) => {
        const [key] = subject.keys
        const { sealed } = await bench.create(key)
        await bench.open(key, sealed)
        const what = 'a stranger, after the owner'
        hasCode(await refusalOf(what, bench.open({ ...key, env: stranger }, sealed)), REFUSED, what)
        await bench.open(key, sealed)
      })
    },
  },
  {
    name: 'tampering/changed-bytes',
    title: 'refuses a sealed text in which anything was changed',
    run: (subject, context) =>
      onBench(subject, context, async (bench) => {
        const [key] = subject.keys
        const { sealed } = await bench.create(key)
        const { dataKey } = await bench.open(key, sealed)
        const changes = changesOf(subject, sealed)
        let harmless = 0
        for (const [what, text] of changes) {
          const error = await openOrRefuse(bench, subject, text, dataKey, what)
          if (error === undefined) harmless++
          else hasCode(error, [...NOT_THIS_KEY, 'ERR_KEY_DISABLED', 'ERR_KEY_NOT_FOUND'], what)
        }
        // A text form may have a bit or two that mean nothing: the last character of base64, a letter's case.
        if (harmless * 8 > changes.length) throw failed('changes to the sealed text are not noticed')
      }),
  },
  {
    name: 'tampering/malformed-text',
    title: 'refuses a sealed text of a wrong form without failing',
    run: (subject, context) =>
      onBench(subject, context, async (bench) => {
        const { sealed } = await bench.create(subject.keys[0])
        const half = sealed.slice(0, (sealed.length >> 3) << 2)
        for (const text of ['', ' ', '%', '====', 'ä', 'AAAA', half, `${sealed}\u0000`, `${sealed}=`]) {
          const what = 'a malformed sealed text'
          hasCode(await refusalOf(what, bench.open(subject.keys[0], text)), NOT_THIS_KEY, what)
        }
      }),
  },
]

async function openOrRefuse(
  bench: Bench,
  subject: Subject,
  text: string,
  dataKey: Uint8Array,
  what: string,
): Promise<StacksealError | undefined> {
  const opened = await bench.open(subject.keys[0], text).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in opened) return refusalOf(what, Promise.reject(opened.error))
  if (!sameBytes(opened.value.dataKey, dataKey)) throw failed(`${what} opened another key`)
  return undefined
}

/** The three changes of the Go CDK's own suite, and a sample of single bits over the whole length. */
function changesOf(subject: Subject, sealed: string): [what: string, text: string][] {
  const result = subject.sealedForm === 'text' ? undefined : decodeBase64(sealed)
  const bytes =
    result !== undefined && 'bytes' in result ? Array.from(result.bytes) : Array.from(new TextEncoder().encode(sealed))
  const print = (changed: readonly number[]): string =>
    subject.sealedForm === 'text' ? String.fromCharCode(...changed) : encodeBase64(Uint8Array.from(changed))
  const last = bytes.length - 1
  const step = Math.max(1, Math.floor(bytes.length / SAMPLED_POSITIONS))
  const positions = bytes.map((_, at) => at).filter((at) => at % step === 0 || at === last)
  return [
    ['a text whose first byte was raised', print(bytes.map((byte, at) => (at === 0 ? (byte + 1) & 0x7f : byte)))],
    ['a text whose second byte is missing', print(bytes.toSpliced(1, 1))],
    ['a text whose last bytes were replaced', print([...bytes.slice(0, last - 1), ((bytes[last] ?? 0) - 1) & 0x7f])],
    ['a text that lost its last byte', print(bytes.slice(0, last))],
    ...positions.map((at): [string, string] => [
      `a text with one bit changed in byte ${at}`,
      print(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))),
    ]),
  ]
}
