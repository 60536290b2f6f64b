import { expect, test } from 'vitest'
import { type Aftermath, KilledChange, whyNoStrace } from './support/killed-change.ts'

const THOROUGH = process.env['STACKSEAL_TEST_THOROUGH'] === '1'
const KILLS = THOROUGH ? 300 : 16
const LEAST_STAGED = THOROUGH ? 100 : 4
const SECRETS = THOROUGH ? 2000 : 200

/** System calls of a change, how often it makes each at least, and of which every how many is met by default. */
const CALLS = [
  { call: 'fsync', least: 25, stride: 9 },
  { call: 'rename', least: 8, stride: 4 },
  { call: 'unlink', least: 10, stride: 9 },
  { call: 'link', least: 4, stride: 3 },
  { call: 'write', least: 6, stride: 2 },
] as const

const commandOf = (round: number): readonly string[] =>
  round % 2 === 0 ? ['stack', 'recover'] : ['config', 'set', 'later', '1']

const isGood = ({ exit, key, leftovers }: Aftermath): boolean => exit === 0 && key !== 'mixed' && leftovers.length === 0

test.for(CALLS)(
  'killed at any $call, a change of the key is whole after the next command',
  { timeout: 600_000 },
  async ({ call, least, stride }, context) => {
    const reason = whyNoStrace()
    if (reason !== undefined) context.skip(`no call can be tampered with: ${reason}`)
    const change = await KilledChange.with(8)
    const seen: Aftermath[] = []
    let when = 1
    for (; when < 200; when += THOROUGH ? 1 : stride) {
      change.reset()
      const met = await change.killedAt(call, when, call === 'write' ? change.everyWritten : [])
      if (!met) break
      const after = await change.next(commandOf(when))
      expect({ when, ...after }).toMatchObject({ when, exit: 0, leftovers: [] })
      expect(after.key).not.toBe('mixed')
      seen.push(after)
    }
    // oxlint-disable-next-line no-console -- the counts are what this test is run for
    console.log(`killed at ${call}: ${JSON.stringify(countOf(seen))}`)
    expect(when).toBeGreaterThanOrEqual(least)
    change.remove()
  },
)

test(`${KILLS} kills at any moment of a change of ${SECRETS} and ${SECRETS} secrets lose none and mix none`, async (context) => {
  if (process.platform !== 'linux') context.skip('only Linux tells at once what happens in a folder')
  const change = await KilledChange.with(SECRETS)
  const wholeMs = await change.undisturbed()
  const seen: Aftermath[] = []
  for (let round = 0; round < KILLS; round++) {
    change.reset()
    if (round % 4 === 0) await change.killed('start', Math.random() * wholeMs)
    else await change.killed('staged', Math.random() * 12)
    seen.push(await change.next(commandOf(round)))
  }
  // oxlint-disable-next-line no-console -- as above
  console.log(`killed at random: ${JSON.stringify(countOf(seen))}`)
  expect(seen.filter((each) => !isGood(each))).toEqual([])
  expect(seen.filter(({ staged, between }) => staged || between).length).toBeGreaterThanOrEqual(LEAST_STAGED)
  change.remove()
}, 1_200_000)

function countOf(seen: readonly Aftermath[]): Readonly<Record<string, number>> {
  return {
    cases: seen.length,
    'after staging began': seen.filter(({ staged, between }) => staged || between).length,
    'between state and stack file': seen.filter(({ between }) => between).length,
    'old key': seen.filter(({ key }) => key === 'old').length,
    'new key': seen.filter(({ key }) => key === 'new').length,
    mixed: seen.filter(({ key }) => key === 'mixed').length,
  }
}
