import type { ErrorCode } from '@stackseal/core'

import { onBench, sameBytes, underFault } from './bench.ts'
import { type ConformanceCase, failed, hasCode, isUnstaged, notRun, refusalOf } from './conformance-case.ts'
import type { FaultStages } from './subject.ts'

interface FaultRow {
  readonly stage: keyof FaultStages
  readonly name: string
  readonly title: string
  readonly codes: readonly ErrorCode[]
}

// One row for each way in which a service refuses. ERR_PROVIDER_FAILED, "a fault of the provider", is in none.
const FAULTS: readonly FaultRow[] = [
  {
    stage: 'noCredentials',
    name: 'no-credentials',
    title: 'says that credentials are missing',
    codes: ['ERR_CREDENTIALS_MISSING', 'ERR_PASSPHRASE_MISSING'],
  },
  {
    stage: 'invalidCredentials',
    name: 'invalid-credentials',
    title: 'says that credentials are not valid',
    codes: ['ERR_CREDENTIALS_INVALID', 'ERR_WRONG_PASSPHRASE'],
  },
  { stage: 'denied', name: 'denied', title: 'says that a permission is missing', codes: ['ERR_ACCESS_DENIED'] },
  { stage: 'noSuchKey', name: 'no-such-key', title: 'says that a key is not there', codes: ['ERR_KEY_NOT_FOUND'] },
  { stage: 'disabledKey', name: 'disabled-key', title: 'says that a key is disabled', codes: ['ERR_KEY_DISABLED'] },
  {
    stage: 'serverDown',
    name: 'server-down',
    title: 'says that the service can not be reached',
    codes: ['ERR_UNAVAILABLE'],
  },
  { stage: 'throttled', name: 'throttled', title: 'says that it was throttled', codes: ['ERR_THROTTLED'] },
  {
    stage: 'otherServer',
    name: 'other-server',
    title: 'says that what answers is not the key service',
    codes: ['ERR_INVALID_REPLY'],
  },
]

const faultCases: readonly ConformanceCase[] = FAULTS.map(({ stage, name, title, codes }) => ({
  name: `errors/${name}`,
  title,
  async run(subject, context) {
    const fault = subject.faults?.[stage]
    if (isUnstaged(fault)) return notRun(fault, name)
    return underFault(subject, context, fault, async (bench, key, sealed, { code }) => {
      const error = await refusalOf(title, bench.open(key, sealed))
      hasCode(
        error,
        code === undefined ? codes : [code],
        `the call that ${title}`.replace('that says ', 'that meets: '),
      )
      if (error.hint === undefined || error.hint.trim() === '') throw failed(`${error.code} came without a hint`)
    })
  },
}))

export const ERROR_CASES: readonly ConformanceCase[] = [
  ...faultCases,
  {
    name: 'errors/throttled-once',
    title: 'tries again after it was throttled',
    async run(subject, context) {
      const fault = subject.faults?.throttledOnce
      if (isUnstaged(fault)) return notRun(fault, 'a throttle that ends')
      return underFault(subject, context, fault, async (bench, key, sealed) => {
        await bench.open(key, sealed).catch(() => {
          throw failed('one throttled call was not tried again')
        })
      })
    },
  },
  {
    name: 'errors/encrypt-only',
    title: 'does not open for a caller who may only seal, not even what it has just made',
    async run(subject, context) {
      const fault = subject.faults?.encryptOnly
      if (isUnstaged(fault)) return notRun(fault, 'a caller who may only seal')
      return underFault(subject, context, fault, async (bench, key, _, { code = 'ERR_ACCESS_DENIED' }) => {
        const { sealed } = await bench.create(key)
        const what = 'opening for a caller who may only seal'
        hasCode(await refusalOf(what, bench.open(key, sealed)), [code], what)
      })
    },
  },
  {
    name: 'calls/one-to-open',
    title: 'opens with exactly one call',
    async run(subject, context) {
      const { countCalls } = subject
      if (isUnstaged(countCalls)) return notRun(countCalls, 'a count of calls')
      return onBench(subject, context, async (bench) => {
        const { sealed } = await bench.create(subject.keys[0])
        const before = await countCalls()
        const first = await bench.open(subject.keys[0], sealed)
        const calls = (await countCalls()) - before
        if (calls !== 1) throw failed(`opening took ${calls} calls`)
        const second = await bench.open(subject.keys[0], sealed)
        if (!sameBytes(first.dataKey, second.dataKey)) throw failed('two openings gave two keys')
      })
    },
  },
  {
    name: 'calls/refused-once',
    title: 'does not repeat a call that was refused for good',
    async run(subject, context) {
      const { countCalls } = subject
      const fault = subject.faults?.noSuchKey
      if (isUnstaged(countCalls)) return notRun(countCalls, 'a count of calls')
      if (isUnstaged(fault)) return notRun(fault, 'a key that is not there')
      return underFault(subject, context, fault, async (bench, key, sealed) => {
        const before = await countCalls()
        await bench.open(key, sealed).catch(() => undefined) // which error it is, another case asks
        const calls = (await countCalls()) - before
        if (calls > 1) throw failed(`a call that was refused for good was made ${calls} times`)
      })
    },
  },
]
