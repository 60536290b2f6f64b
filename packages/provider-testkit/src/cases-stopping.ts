import { isStacksealError, type ProviderContext } from '@stackseal/core'

import { type Bench, onBench, underFault } from './bench.ts'
import { type ConformanceCase, failed, hasCode, isUnstaged, notRun, refusalOf } from './conformance-case.ts'
import type { SubjectKey } from './subject.ts'

const SOON_MS = 30

type Ask = NonNullable<ProviderContext['ask']>

const aborted = (): AbortSignal => AbortSignal.abort()
const abortedSoon = (): AbortSignal => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), SOON_MS)
  return controller.signal
}
const askForEver: Ask = () => new Promise<never>(() => undefined)
const timeUpSoon = (): AbortSignal => AbortSignal.timeout(SOON_MS)

async function refusedWhen(
  bench: Bench,
  key: SubjectKey,
  sealed: string,
  signal: AbortSignal,
  expected: { readonly code: string; readonly what: string },
): Promise<void> {
  const { code, what } = expected
  hasCode(await refusalOf(what, bench.open(key, sealed, { signal })), [code], what)
}

export const STOPPING: readonly ConformanceCase[] = [
  {
    name: 'stopping/before',
    title: 'does not start when it is cancelled already',
    run: (subject, context) =>
      onBench(subject, context, async (bench) => {
        const [key] = subject.keys
        const { sealed } = await bench.create(key)
        const counted = isUnstaged(subject.countCalls) ? undefined : subject.countCalls
        const before = await counted?.()
        await refusedWhen(bench, key, sealed, aborted(), { code: 'ERR_INTERRUPTED', what: 'a cancelled call' })
        if ((await counted?.()) !== before) throw failed('a cancelled call reached the service')
      }),
  },
  {
    name: 'stopping/while-calling',
    title: 'ends at once when it is cancelled during a call',
    async run(subject, context) {
      const fault = subject.faults?.hanging
      if (isUnstaged(fault)) return notRun(fault, 'a service that hangs')
      return underFault(subject, context, fault, (bench, key, sealed) =>
        refusedWhen(bench, key, sealed, abortedSoon(), { code: 'ERR_INTERRUPTED', what: 'a call that was cancelled' }),
      )
    },
  },
  {
    name: 'stopping/time-out',
    title: 'ends with a time-out when its time is up',
    async run(subject, context) {
      const fault = subject.faults?.hanging
      if (isUnstaged(fault)) return notRun(fault, 'a service that hangs')
      return underFault(subject, context, fault, (bench, key, sealed) =>
        refusedWhen(bench, key, sealed, timeUpSoon(), { code: 'ERR_TIMEOUT', what: 'a call whose time was up' }),
      )
    },
  },
  {
    name: 'asking/answer',
    title: 'asks a person for a secret as a secret, and takes the answer',
    async run(subject, context) {
      const { asks } = subject
      if (isUnstaged(asks)) return notRun(asks, 'a question')
      return onBench(subject, context, async (bench) => {
        const [key] = subject.keys
        const { sealed } = await bench.create(key)
        const questions: Parameters<Ask>[0][] = []
        const ask: Ask = async (question) => {
          questions.push(question)
          return asks.answer
        }
        await bench.open({ ...key, env: asks.env }, sealed, { ask }).catch((error: unknown) => {
          throw failed(`the answer did not open the key${isStacksealError(error) ? `: ${error.code}` : ''}`)
        })
        if (questions.length !== 1) throw failed(`a person was asked ${questions.length} times, and not once`)
        if (questions.some(({ text, secret }) => !secret || text.trim() === '')) {
          throw failed('the question has no text, or the answer would be shown while it is typed')
        }
      })
    },
  },
  {
    name: 'asking/nobody',
    title: 'says what is missing where nobody can be asked',
    async run(subject, context) {
      const { asks } = subject
      if (isUnstaged(asks)) return notRun(asks, 'a question')
      return onBench(subject, context, async (bench) => {
        const [key] = subject.keys
        const { sealed } = await bench.create(key)
        const what = 'a call that nobody can answer'
        const error = await refusalOf(what, bench.open({ ...key, env: asks.env }, sealed))
        hasCode(error, ['ERR_PASSPHRASE_MISSING', 'ERR_CREDENTIALS_MISSING'], what)
      })
    },
  },
  {
    name: 'stopping/while-asking',
    title: 'ends at once when it is cancelled while a person is asked',
    async run(subject, context) {
      const { asks } = subject
      if (isUnstaged(asks)) return notRun(asks, 'a question')
      return onBench(subject, context, async (bench) => {
        const [key] = subject.keys
        const { sealed } = await bench.create(key)
        const signal = abortedSoon()
        const what = 'a question that was cancelled'
        const error = await refusalOf(what, bench.open({ ...key, env: asks.env }, sealed, { ask: askForEver, signal }))
        hasCode(error, ['ERR_INTERRUPTED'], what)
      })
    },
  },
]
