import { expect, test } from 'vitest'
import type { FileSystem } from '../src/files/file-system.ts'
import { lockFileOf, tryLock, unlock } from '../src/files/lock-file.ts'
import { type FakeMachine, fakeMachine } from './fake-processes.ts'
import { SimulatedExit } from './faulty-file-system.ts'
import { type ForgettingFileSystem, forgettingFileSystem, textsIn } from './forgetting-file-system.ts'
import { THOROUGH } from './thorough.ts'
import { watchedFileSystem } from './watched-file-system.ts'

const FILE = '/p/Pulumi.dev.yaml'
const LOCK = '/p/.Pulumi.dev.yaml.stackseal-lock'

function dead(pid: number): string {
  return JSON.stringify({ host: 'here', bootId: 'first', pid, start: '0', command: 'config set', time: '' })
}

interface Start {
  readonly what: string
  readonly files: Readonly<Record<string, string>>
  /** Every such step of the second process, a different one for each step of the first. */
  readonly stride: number
}

const STARTS: readonly Start[] = [
  { what: 'a free lock', files: {}, stride: 1 },
  { what: 'a dead lock', files: { [LOCK]: dead(90) }, stride: 3 },
  { what: 'a dead lock with a dead guard', files: { [LOCK]: dead(90), [`${LOCK}.break`]: dead(91) }, stride: 11 },
  { what: 'dead guards alone', files: { [`${LOCK}.break`]: dead(91), [`${LOCK}.break.break`]: dead(92) }, stride: 7 },
  { what: 'a dead guard alone', files: { [`${LOCK}.break`]: dead(91) }, stride: 2 },
]

/** What a process does once it has tried: it keeps the lock if it got it, gives it back, or dies at a step. */
type Ending = 'keeps' | 'releases' | 'dies'

interface World {
  readonly fs: ForgettingFileSystem
  readonly machine: FakeMachine
  /** Living processes that believe to hold the lock. */
  readonly holders: Set<number>
  most: number
}

/**
 * Runs one process that tries the lock once. At its call number `at` (0: never) another runs from start to end, or the
 * process dies there. Gives the number of calls that it made.
 */
function runProcess(world: World, pid: number, ending: Ending, at: number, other: (() => void) | undefined): number {
  const processes = world.machine.start(pid)
  let calls = 0
  let exited = false
  const fs: FileSystem = watchedFileSystem(world.fs, (call, run) => {
    if (exited) throw new SimulatedExit(call)
    if (++calls === at) {
      other?.()
      if (ending === 'dies') {
        exited = true
        throw new SimulatedExit(call)
      }
    }
    return run()
  })
  const lock = lockFileOf(fs, FILE, 'config set', processes)
  try {
    if (tryLock(lock) === undefined) {
      world.holders.add(pid)
      world.most = Math.max(world.most, world.holders.size)
      if (ending === 'releases') {
        world.holders.delete(pid)
        unlock(lock)
      }
    }
  } catch (error) {
    if (!(error instanceof SimulatedExit)) throw error
  }
  if (exited) {
    world.holders.delete(pid)
    world.machine.end(pid)
  }
  return calls
}

function newWorld(files: Readonly<Record<string, string>>): World {
  const fs = forgettingFileSystem({ [FILE]: 'config: {}\n', ...files })
  return { fs, machine: fakeMachine('here', 'first'), holders: new Set(), most: 0 }
}

/** Afterwards the lock is with its one holder, or free for the next at once; nothing stays behind. */
function expectSound(world: World): void {
  expect(world.most).toBeLessThanOrEqual(1)
  const [holder] = world.holders
  const asker = lockFileOf(world.fs, FILE, 'config set', world.machine.start(100))
  expect(holder === undefined ? undefined : tryLock(asker)?.holder?.pid).toBe(holder)
  if (holder !== undefined) world.machine.end(holder)
  const next = lockFileOf(world.fs, FILE, 'config set', world.machine.start(101))
  expect(tryLock(next)).toBeUndefined()
  unlock(next)
  expect(textsIn(world.fs, '/p')).toEqual({ 'Pulumi.dev.yaml': 'config: {}\n' })
}

const SECOND: readonly Ending[] = ['keeps', 'releases', 'dies']
const THIRD: readonly Ending[] = ['keeps', 'releases']

test.each(STARTS)('one holder at most, wherever a second and a third process come between ($what)', (start) => {
  const { files } = start
  const stride = THOROUGH ? 1 : start.stride
  // One process alone takes the lock, and clears away all of the dead.
  expectSound(newWorld(files))
  let runs = 0
  for (const second of SECOND) {
    for (const third of THIRD) {
      for (let first = 1, callsOfFirst = 1; first <= callsOfFirst; first++) {
        for (let inner = 1 + (first % stride), callsOfSecond = inner; inner <= callsOfSecond; inner += stride) {
          const world = newWorld(files)
          callsOfFirst = runProcess(world, 1, 'keeps', first, () => {
            callsOfSecond = runProcess(world, 2, second, inner, () => {
              runProcess(world, 3, third, 0, undefined)
            })
          })
          expectSound(world)
          runs++
        }
      }
    }
  }
  expect(runs).toBeGreaterThan(300)
})
