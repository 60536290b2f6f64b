import { isStacksealError, type StacksealError } from '@stackseal/core'
import { expect, test } from 'vitest'
import { causeOf } from '../cause-of.ts'
import type { FileSystem } from '../../src/files/file-system.ts'
import type { ProcessTable } from '../../src/files/process-table.ts'
import { fakeMachine } from '../fake-processes.ts'
import { faultyFileSystem, SimulatedExit } from '../faulty-file-system.ts'
import type { ForgettingFileSystem } from '../forgetting-file-system.ts'
import { THOROUGH } from '../thorough.ts'
import {
  change,
  changeWithHistory,
  FILE,
  isStaged,
  keyUrlOf,
  keyUrlsOfHistory,
  leftovers,
  OLD_STATE,
  OLD_TEXT,
  OTHER_STATE,
  opensEach,
  recover,
  setPlain,
  STATE,
  textOf,
  world,
  worldWithHistory,
} from './change-world.ts'

type Work = (fs: FileSystem, processes?: ProcessTable) => Promise<unknown>

type KeyOf = (fs: ForgettingFileSystem) => Promise<string | undefined>

/** Runs work up to a step; whether it came to its end. */
async function cutAt(fs: FileSystem, step: number, processes: ProcessTable, work: Work): Promise<boolean> {
  try {
    await work(faultyFileSystem(fs, { exitAtStep: step }).fs, processes)
    return true
  } catch (error) {
    // Giving locks back fails as well, once the process is gone.
    const cause = causeOf(error)
    if (!(cause instanceof SimulatedExit)) throw error
    return false
  }
}

async function stepsOf(fs: FileSystem, work: Work): Promise<number> {
  const counted = faultyFileSystem(fs, { failAtStep: Infinity, error: 'EIO' })
  await work(counted.fs, fakeMachine('here', 'first').start(1))
  return counted.steps()
}

/**
 * What a power cut may leave: everything where little is unsaved, else each change of a name alone and each one missing.
 * The names of locks are never flushed, so that all selections of them would be thousands.
 */
function* survivorsOf(fs: ForgettingFileSystem): Generator<ForgettingFileSystem> {
  const all = [...fs.pendingNames.keys()]
  if (all.length <= (THOROUGH ? 8 : 3)) {
    yield* fs.survivors()
    return
  }
  const selections = all.flatMap((index) => [[index], all.filter((other) => other !== index)])
  for (const names of [[], all])
    for (const data of ['saved', 'torn', 'kept'] as const) yield fs.crash(new Set(names), data)
  for (const names of selections) {
    for (const data of THOROUGH ? (['saved', 'torn', 'kept'] as const) : (['torn'] as const)) {
      yield fs.crash(new Set(names), data)
    }
  }
}

const nextBoot = (): ProcessTable => fakeMachine('here', 'second').start(1)

/** What stands in a world, without what is random: names of locks, nonces, times. Many cuts leave the same. */
function stateOf(fs: ForgettingFileSystem): string {
  return JSON.stringify(fs.dump())
    .replaceAll(/v1:[A-Za-z0-9+/=]{16}:[A-Za-z0-9+/=]*/g, 'ciphertext')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|stackseal-lock-[0-9a-z]+|[0-9a-f]{64}|\d{4}-\d\d-\d\dT[0-9:.]+Z/g, '*')
    .replaceAll(/\\"(?:id|md5)\\":\\"[^"]*"/g, '*')
}

/** Everything as it has to be after whatever ends a change: one key, and nothing left. */
async function expectWhole(
  fs: ForgettingFileSystem,
  again: Work,
  keyOf: KeyOf = keyUrlOf,
): Promise<string | undefined> {
  const url = await keyOf(fs)
  expect(['plain://old', 'plain://new']).toContain(url)
  expect(leftovers(fs)).toEqual([])
  const before = fs.dump()
  await again(fs, nextBoot())
  expect(fs.dump()).toEqual(before)
  return url
}

interface Counts {
  cuts: number
  recovered: number
  secondCuts: number
  old: number
  fresh: number
  staged: number
}

/** The key of a whole world, its history included; undefined for a mixture. */
async function keyOfAll(fs: ForgettingFileSystem): Promise<string | undefined> {
  const [url, urls] = [await keyUrlOf(fs), await keyUrlsOfHistory(fs)]
  return url !== undefined && urls.size === 1 && urls.has(url) ? url : undefined
}

/** A history makes many steps, which are of few kinds: by default every so many of them are tried. */
const SCENARIOS = [
  { name: 'of state and stack file', make: () => world(), work: change, keyOf: keyUrlOf, leastSteps: 60, stride: 1 },
  {
    name: 'with the history',
    make: () => worldWithHistory(),
    work: changeWithHistory,
    keyOf: keyOfAll,
    leastSteps: 120,
    stride: THOROUGH ? 1 : 29,
  },
] as const

test.each(SCENARIOS)(
  'a power cut at every step of a change $name, and another one while it is finished, loses nothing',
  async ({ make, work, keyOf, leastSteps, stride }) => {
    const steps = await stepsOf(make(), work)
    expect(steps).toBeGreaterThan(leastSteps)
    const counts: Counts = { cuts: 0, recovered: 0, secondCuts: 0, old: 0, fresh: 0, staged: 0 }
    const tried = new Set<string>()
    for (let step = 1; step <= steps + 1; step += stride) {
      const fs = make()
      const done = await cutAt(fs, step, fakeMachine('here', 'first').start(1), work)
      expect(done).toBe(step > steps)
      if (isStaged(fs)) counts.staged++
      for (const survivor of survivorsOf(fs)) {
        counts.cuts++
        const state = stateOf(survivor)
        if (tried.has(state)) continue
        tried.add(state)
        expect({ step, opens: await opensEach(survivor) }).toEqual({ step, opens: true })
        const finish = counts.recovered % 2 === 0 ? recover : setPlain
        // Each costs as much as all the rest: by default some of them.
        if (THOROUGH || counts.recovered % 5 < 2) await cutAgain(survivor, finish, counts, keyOf)
        counts.recovered++
        await finish(survivor, nextBoot())
        const url = await expectWhole(survivor, recover, keyOf)
        if (url === 'plain://old') counts.old++
        else counts.fresh++
        expect(done ? ['plain://new'] : ['plain://old', 'plain://new']).toContain(url)
      }
    }
    expect(counts.old).toBeGreaterThan(20 / stride)
    expect(counts.fresh).toBeGreaterThan(20 / stride)
    expect(counts.secondCuts).toBeGreaterThan(100 / stride)
    // oxlint-disable-next-line no-console -- the counts are what this test is run for
    console.log(JSON.stringify({ steps, ...counts }))
  },
)

/** Cuts the power again while the change is finished: at each step, or at another one for each first cut. */
async function cutAgain(first: ForgettingFileSystem, finish: Work, counts: Counts, keyOf: KeyOf): Promise<void> {
  const steps = await stepsOf(first.crash(new Set(), 'saved'), (fs) => finish(fs, nextBoot()))
  const stride = THOROUGH ? 1 : Math.max(1, steps)
  for (let step = 1 + ((7 * counts.recovered) % stride); step <= steps; step += stride) {
    const fs = first.crash(new Set(), 'saved')
    await cutAt(fs, step, nextBoot(), finish)
    const all = new Set(fs.pendingNames.keys())
    for (const survivor of [fs.crash(new Set(), 'torn'), fs.crash(all, 'kept')]) {
      counts.secondCuts++
      expect(await opensEach(survivor)).toBe(true)
      await finish(survivor, fakeMachine('here', 'third').start(1))
      expect(['plain://old', 'plain://new']).toContain(await keyOf(survivor))
      expect(leftovers(survivor)).toEqual([])
    }
  }
}

test.each(SCENARIOS)(
  'a kill at every step of a change $name is finished by the next command',
  async ({ make, work, keyOf, stride }) => {
    const steps = await stepsOf(make(), work)
    const seen = new Set<string | undefined>()
    for (let step = 1; step <= steps; step += stride) {
      const fs = make()
      const machine = fakeMachine('here', 'first')
      await cutAt(fs, step, machine.start(1), work)
      machine.end(1)
      await (step % 2 === 0 ? recover : setPlain)(fs, machine.start(2))
      seen.add(await keyOf(fs))
      expect({ step, left: leftovers(fs) }).toEqual({ step, left: [] })
    }
    expect(seen).toEqual(new Set(['plain://old', 'plain://new']))
  },
)

/** The StacksealError of a change that fails; undefined if it came to its end. */
async function failureOf(changing: Promise<unknown>): Promise<StacksealError | undefined> {
  try {
    await changing
    return undefined
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
}

test.each(['EIO', 'ENOSPC'])(
  'a fault (%s) at every step is reported truthfully, and can be finished',
  async (error) => {
    for (const { make, work, keyOf, stride } of SCENARIOS) {
      const steps = await stepsOf(make(), work)
      let faults = 0
      for (const afterwards of error === 'EIO' ? [false, true] : [false]) {
        for (let step = 1; step <= steps; step += stride) {
          const fs = make()
          const machine = fakeMachine('here', 'first')
          const faulty = faultyFileSystem(fs, { failAtStep: step, error, afterwards }).fs
          const failure = await failureOf(work(faulty, machine.start(1)))
          const changed = textOf(fs, FILE) !== OLD_TEXT || textOf(fs, STATE) !== OLD_STATE
          expect(await opensEach(fs)).toBe(true)
          // Some steps may fail without a word: tidying up.
          const expected =
            failure === undefined ? [step, undefined, undefined, true] : [step, 'ERR_IO', changed, changed]
          expect([step, failure?.code, failure?.details['changed'], changed]).toEqual(expected)
          if (failure !== undefined) faults++
          machine.end(1)
          await recover(fs, machine.start(2))
          expect(['plain://old', 'plain://new']).toContain(await keyOf(fs))
        }
      }
      expect(faults).toBeGreaterThan(60 / stride)
    }
  },
)

test('a state with a key of its own comes under the same key as the stack file', async () => {
  const fs = world(OTHER_STATE)
  await change(fs, nextBoot())
  expect(await expectWhole(fs, recover)).toBe('plain://new')
})
