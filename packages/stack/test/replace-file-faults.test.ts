import { isStacksealError, type StacksealError } from '@stackseal/core'
import { expect, test } from 'vitest'
import { acquireLock } from '../src/files/file-lock.ts'
import type { FileSystem } from '../src/files/file-system.ts'
import { replaceFile, stagedPath } from '../src/files/replace-file.ts'
import { fakeMachine } from './fake-processes.ts'
import { faultyFileSystem } from './faulty-file-system.ts'
import { type ForgettingFileSystem, forgettingFileSystem, textsIn } from './forgetting-file-system.ts'
import { systemError } from './system-error.ts'
import { bytesOf } from './temporary-folder.ts'
import { thrownBy } from './thrown-by.ts'

const FOLDER = '/home/project'
const NAME = 'Pulumi.dev.yaml'
const FILE = `${FOLDER}/${NAME}`
const OLD = 'config:\n  a: old\n'
const NEW = 'config:\n  a: new\n'
const REASONED = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE', 'ENAMETOOLONG']
const CASES = [...REASONED, 'EBUSY', 'EXDEV', 'EWHATEVER'].flatMap((errno) => [
  { errno, afterwards: false, when: 'before it is done' },
  { errno, afterwards: true, when: 'after it is done' },
])

interface Outcome {
  readonly error: StacksealError | undefined
  /** Whether the writer came to the step that fails. */
  readonly met: boolean
}

async function run(
  inner: FileSystem,
  fault: { readonly failAtStep: number; readonly errno: string; readonly afterwards: boolean },
  writer: (fs: FileSystem) => unknown,
): Promise<Outcome> {
  const { fs, steps } = faultyFileSystem(inner, { ...fault, error: fault.errno })
  try {
    await writer(fs)
    return { error: undefined, met: steps() >= fault.failAtStep }
  } catch (error) {
    if (isStacksealError(error)) return { error, met: true }
    throw error
  }
}

/** What is wrong with the outcome of a write, if the file holds `left` now. */
function faultsOf({ error }: Outcome, errno: string, left: string | undefined): string[] {
  const changed = left === NEW
  if (!changed && left !== OLD) return [`the file is neither the old nor the new one: ${left}`]
  if (error === undefined) return changed ? [] : ['no error, and the old file']
  const wrong: string[] = []
  if (!['ERR_IO', 'ERR_NOT_REPLACEABLE'].includes(error.code)) wrong.push(`code ${error.code}`)
  if (error.details['file'] !== FILE || error.details['errno'] !== errno) wrong.push('details')
  if (error.details['changed'] !== changed) wrong.push(`changed: ${error.details['changed']}, but ${changed}`)
  if (!error.message.endsWith(`${NAME} ${changed ? 'was changed' : 'was not changed'}`)) wrong.push(error.message)
  if (REASONED.includes(errno) && error.hint === undefined) wrong.push('no hint')
  return wrong
}

function textOf(fs: ForgettingFileSystem): string | undefined {
  return textsIn(fs, FOLDER)[NAME]
}

test.each(CASES)('$errno at any step, $when: old or new, and the error says which', async ({ errno, afterwards }) => {
  let failures = 0
  for (let failAtStep = 1, met = true; met; failAtStep++) {
    // A leftover makes its removal one of the steps.
    const fs = forgettingFileSystem({ [FILE]: OLD, [stagedPath(FILE)]: 'half' })
    const outcome = await run(fs, { failAtStep, errno, afterwards }, (faulty) =>
      replaceFile(faulty, FILE, bytesOf(NEW), bytesOf(OLD)),
    )
    ;({ met } = outcome)
    if (outcome.error !== undefined) failures++
    const left = textOf(fs)
    expect(faultsOf(outcome, errno, left)).toEqual([])
    expect(fs.readdir(FOLDER)).toEqual([NAME])
    replaceFile(fs, FILE, bytesOf('next'), bytesOf(left ?? ''))
    expect(textOf(fs)).toBe('next')
  }
  expect(failures).toBeGreaterThan(5)
})

test.each(['EBUSY', 'EXDEV', 'EPERM'])('a rename that answers %s is ERR_NOT_REPLACEABLE with a way out', (errno) => {
  const fs = forgettingFileSystem({ [FILE]: OLD })
  fs.rename = () => {
    throw systemError(errno, 'rename')
  }
  const error = thrownBy(() => replaceFile(fs, FILE, bytesOf(NEW), bytesOf(OLD)))
  expect(error.code).toBe('ERR_NOT_REPLACEABLE')
  expect(error.hint).toContain('mount its folder')
  expect(textOf(fs)).toBe(OLD)
})

test('only the last flush of the folder leaves a changed file behind an error', async () => {
  const changed: boolean[] = []
  for (let failAtStep = 1, met = true; met; failAtStep++) {
    const fs = forgettingFileSystem({ [FILE]: OLD })
    const outcome = await run(fs, { failAtStep, errno: 'EIO', afterwards: false }, (faulty) =>
      replaceFile(faulty, FILE, bytesOf(NEW), bytesOf(OLD)),
    )
    ;({ met } = outcome)
    if (outcome.error !== undefined) changed.push(outcome.error.details['changed'] === true)
  }
  expect(changed.filter(Boolean)).toHaveLength(1)
  expect(changed.at(-1)).toBe(true)
})

const LOCK_ERROR = {
  code: 'ERR_IO',
  message: `${NAME} could not be locked for writing: …; ${NAME} was not changed`,
  details: { changed: false },
}

test.each(CASES)('$errno at any step of locking, $when: held, or nothing in the way', async ({ errno, afterwards }) => {
  let failures = 0
  for (let failAtStep = 1, met = true; met; failAtStep++) {
    const fs = forgettingFileSystem({ [FILE]: OLD })
    const machine = fakeMachine('here', 'first')
    const processes = machine.start(1)
    const outcome = await run(fs, { failAtStep, errno, afterwards }, async (faulty) => {
      const lock = await acquireLock(faulty, FILE, { command: 'test', timeoutMs: 0, processes })
      expect(fs.readdir(FOLDER)).toContain(`.${NAME}.stackseal-lock`)
      lock.release()
    })
    ;({ met } = outcome)
    if (outcome.error !== undefined) failures++
    const { code, message, details } = outcome.error ?? LOCK_ERROR
    const shown = { code, message: message.replace(/: .*;/, ': …;'), details: { changed: details['changed'] } }
    expect(shown).toEqual(LOCK_ERROR)
    // Whatever could not be removed is the next one's to remove.
    machine.end(1)
    const next = await acquireLock(fs, FILE, { command: 'test', timeoutMs: 0, processes: machine.start(2) })
    next.release()
    expect(fs.readdir(FOLDER)).toEqual([NAME])
  }
  expect(failures).toBeGreaterThan(2)
})
