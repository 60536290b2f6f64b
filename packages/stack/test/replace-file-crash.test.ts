import { expect, test } from 'vitest'
import { acquireLock } from '../src/files/file-lock.ts'
import type { FileSystem } from '../src/files/file-system.ts'
import type { ProcessTable } from '../src/files/process-table.ts'
import { replaceFile } from '../src/files/replace-file.ts'
import { fakeMachine } from './fake-processes.ts'
import { faultyFileSystem, SimulatedExit } from './faulty-file-system.ts'
import { type ForgettingFileSystem, forgettingFileSystem, textsIn } from './forgetting-file-system.ts'
import { bytesOf } from './temporary-folder.ts'

const FOLDER = '/home/project'
const NAME = 'Pulumi.dev.yaml'
const FILE = `${FOLDER}/${NAME}`
const OLD = 'config:\n  a: old\n'
const NEW = 'config:\n  a: new, and longer\n'
const LATER = 'config:\n  a: later\n'

interface Start {
  readonly what: string
  readonly before: string | undefined
  /** Left by processes that are gone. */
  readonly leftovers: Readonly<Record<string, string>>
}

const DEAD_HOLDER = JSON.stringify({
  host: 'here',
  bootId: 'first',
  pid: 99,
  start: '0',
  command: 'config set',
  time: '',
})

const STARTS: readonly Start[] = [
  { what: 'a file', before: OLD, leftovers: {} },
  { what: 'no file', before: undefined, leftovers: {} },
  {
    what: 'a file beside what a killed process left',
    before: OLD,
    leftovers: {
      [`.${NAME}.stackseal-new`]: 'config:\n  a: half',
      [`.${NAME}.stackseal-lock`]: DEAD_HOLDER,
    },
  },
]

/** Too many names for every selection of them. */
const MANY_LEFTOVERS: Start = {
  what: 'a file beside what several killed processes left',
  before: OLD,
  leftovers: {
    [`.${NAME}.stackseal-new`]: 'config:\n  a: half',
    [`.${NAME}.stackseal-lock`]: DEAD_HOLDER,
    [`.${NAME}.stackseal-lock.break`]: DEAD_HOLDER.replace('99', '98'),
    [`.${NAME}.stackseal-lock.break.break`]: DEAD_HOLDER.replace('99', '97'),
    [`.${NAME}.stackseal-lock-0123456789`]: '{"host":',
    [`.${NAME}.stackseal-lock-0000000000`]: DEAD_HOLDER.replace('99', '96'),
  },
}

function world({ before, leftovers }: Start): ForgettingFileSystem {
  const files = Object.entries(leftovers).map(([name, text]) => [`${FOLDER}/${name}`, text])
  return forgettingFileSystem({
    [`${FOLDER}/Pulumi.yaml`]: 'name: project\n',
    ...(before === undefined ? {} : { [FILE]: before }),
    ...Object.fromEntries(files),
  })
}

async function write(fs: FileSystem, processes: ProcessTable, to: string, from: string | undefined): Promise<void> {
  const lock = await acquireLock(fs, FILE, { command: 'config set', timeoutMs: 0, processes })
  try {
    replaceFile(fs, FILE, bytesOf(to), from === undefined ? undefined : bytesOf(from))
  } finally {
    lock.release()
  }
}

/** Runs the writer up to a step; tells whether it came to its end before. */
async function writeUntil(
  step: number,
  fs: ForgettingFileSystem,
  processes: ProcessTable,
  before: string | undefined,
): Promise<boolean> {
  try {
    await write(faultyFileSystem(fs, { exitAtStep: step }).fs, processes, NEW, before)
    return true
  } catch (error) {
    if (error instanceof SimulatedExit) return false
    throw error
  }
}

/** What every next command must be able to do: take the lock at once, write, and leave nothing of the dead behind. */
async function expectUsable(fs: ForgettingFileSystem, processes: ProcessTable): Promise<void> {
  await write(fs, processes, LATER, textsIn(fs, FOLDER)[NAME])
  expect(textsIn(fs, FOLDER)).toEqual({ [NAME]: LATER, 'Pulumi.yaml': 'name: project\n' })
}

test.each(STARTS)('a power cut at any step leaves the old or the new file, whole ($what)', async (start) => {
  const tried = new Set<string>()
  let states = 0
  let steps = 0
  for (let done = false; !done; steps++) {
    const fs = world(start)
    done = await writeUntil(steps + 1, fs, fakeMachine('here', 'first').start(1), start.before)
    const nextBoot = fakeMachine('here', 'second').start(1)
    for (const survivor of fs.survivors()) {
      states++
      const texts = textsIn(survivor, FOLDER)
      const left = texts[NAME]
      expect(done ? [NEW] : [start.before, NEW]).toContain(left)
      expect(left === undefined ? 0o644 : survivor.stat(FILE).mode).toBe(0o644)
      const state = JSON.stringify(texts)
      if (tried.has(state)) continue
      tried.add(state)
      await expectUsable(survivor, nextBoot)
    }
  }
  // Each of these would go unnoticed if the model forgot nothing, or the writer took no step.
  expect(steps).toBeGreaterThan(10)
  expect(states).toBeGreaterThan(100)
  expect(tried.size).toBeGreaterThan(20)
})

test.each([...STARTS, MANY_LEFTOVERS])(
  'a kill at any step leaves the old or the new file, and nothing in the way ($what)',
  async (start) => {
    const found = new Set<string | undefined>()
    let done = false
    for (let step = 1; !done; step++) {
      const fs = world(start)
      const machine = fakeMachine('here', 'first')
      done = await writeUntil(step, fs, machine.start(1), start.before)
      machine.end(1)
      const left = textsIn(fs, FOLDER)[NAME]
      expect([start.before, NEW]).toContain(left)
      found.add(left)
      await expectUsable(fs, machine.start(2))
    }
    expect(found).toEqual(new Set([start.before, NEW]))
  },
)

test('the model forgets: without a flush a power cut can leave no file, an empty one, half of one', () => {
  const fs = forgettingFileSystem({ [FILE]: OLD })
  const fd = fs.openExclusive(`${FOLDER}/new`, 0o644)
  fs.write(fd, bytesOf(NEW))
  fs.close(fd)
  fs.rename(`${FOLDER}/new`, FILE)
  const left = new Set([...fs.survivors()].map((survivor) => textsIn(survivor, FOLDER)[NAME]))
  expect(left).toEqual(new Set([OLD, '', NEW.slice(0, NEW.length / 2), '\0'.repeat(NEW.length), NEW]))
})
