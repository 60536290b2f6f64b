import { chmodSync, chownSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execPath, getuid } from 'node:process'
import { expect, test } from 'vitest'
import { childScript, type Ended, run, runChild } from './child-scripts.ts'
import { skipVisibly, whyNoMount } from './skip-visibly.ts'
import { temporaryFolder } from './temporary-folder.ts'

const NAME = 'Pulumi.dev.yaml'
const OLD = 'config:\n  a: old\n'
const NOBODY = 65_534

/** The outcome that `replace-once` printed. */
function outcomeOf(ended: Ended): { code: string; message: string; hint?: string; details: Record<string, unknown> } {
  expect(ended).toMatchObject({ status: 0, stderr: '' })
  return JSON.parse(ended.stdout)
}

/** Runs a shell script in a mount namespace of its own, with `$node` and `$replace` to replace a file once. */
async function inNamespace(script: string, ...args: readonly string[]): Promise<Ended> {
  const prelude = `set -e; replace() { '${execPath}' '${childScript('replace-once')}' "$@"; }`
  return run('unshare', ['-m', 'sh', '-c', `${prelude}; ${script}`, 'sh', ...args])
}

test('a full disk: nothing changed, nothing left, and the next write works when there is room', async (context) => {
  const reason = whyNoMount()
  if (reason !== undefined) skipVisibly(context, reason)
  const folder = temporaryFolder()
  const report = join(temporaryFolder(), 'report')
  const ended = await inNamespace(
    `mount -t tmpfs -o size=64k tmpfs "$1"; cd "$1"
     printf '%s' "$4" > ${NAME}
     replace "$1/${NAME}" "$3"
     ls -A > "$2"; cat ${NAME} >> "$2"
     dd if=/dev/zero of=filler bs=1k count=100 2>/dev/null || true
     replace "$1/${NAME}" short
     ls -A >> "$2"; rm filler
     replace "$1/${NAME}" short
     cat ${NAME} >> "$2"`,
    folder,
    report,
    'x'.repeat(100_000),
    OLD,
  )
  expect(ended).toMatchObject({ status: 0, stderr: '' })
  const [tooLarge, noRoomForLock, done] = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const file = join(folder, NAME)
  expect(tooLarge).toMatchObject({ code: 'ERR_IO', details: { file, changed: false, errno: 'ENOSPC' } })
  expect(tooLarge.message).toBe(`${NAME} could not be written: the disk is full; ${NAME} was not changed`)
  expect(tooLarge.hint).toContain('free some space')
  expect(noRoomForLock).toMatchObject({ code: 'ERR_IO', details: { file, changed: false, errno: 'ENOSPC' } })
  expect(done.code).toBe('done')
  expect(readFileSync(report, 'utf8')).toBe(`${NAME}\n${OLD}${NAME}\nfiller\nshort`)
})

test('a read-only file system: nothing changed', async (context) => {
  const reason = whyNoMount()
  if (reason !== undefined) skipVisibly(context, reason)
  const folder = temporaryFolder()
  const file = join(folder, NAME)
  writeFileSync(file, OLD)
  const readOnly = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"'
  const locked = outcomeOf(await inNamespace(`${readOnly}; replace "$1/${NAME}" new`, folder))
  expect(locked).toMatchObject({ code: 'ERR_IO', details: { file, changed: false, errno: 'EROFS' } })
  expect(locked.message).toBe(
    `${NAME} could not be locked for writing: the file system is read-only; ${NAME} was not changed`,
  )
  const written = outcomeOf(await inNamespace(`${readOnly}; replace "$1/${NAME}" new unlocked`, folder))
  expect(written).toMatchObject({ code: 'ERR_IO', details: { file, changed: false, errno: 'EROFS' } })
  expect(readFileSync(file, 'utf8')).toBe(OLD)
  expect(readdirSync(folder)).toEqual([NAME])
})

test('a file that is mounted by itself can not be replaced, and says what to mount', async (context) => {
  const reason = whyNoMount()
  if (reason !== undefined) skipVisibly(context, reason)
  const folder = temporaryFolder()
  const file = join(folder, NAME)
  const source = join(temporaryFolder(), 'source.yaml')
  writeFileSync(file, 'hidden')
  writeFileSync(source, OLD)
  const outcome = outcomeOf(
    await inNamespace(`mount --bind "$2" "$1/${NAME}"; replace "$1/${NAME}" new`, folder, source),
  )
  expect(outcome).toMatchObject({ code: 'ERR_NOT_REPLACEABLE', details: { file, changed: false, errno: 'EBUSY' } })
  expect(outcome.message).toMatch(/Pulumi\.dev\.yaml was not changed$/)
  expect(outcome.hint).toContain('mount its folder instead of the file')
  expect([readFileSync(file, 'utf8'), readFileSync(source, 'utf8')]).toEqual(['hidden', OLD])
  expect(readdirSync(folder)).toEqual([NAME])
})

/** Runs `replace-once` as a user without special rights: root may write everywhere. */
async function asNobody(file: string, text: string, locking = '10000'): Promise<Ended> {
  return runChild('replace-once', [file, text, locking, ...(getuid?.() === 0 ? [String(NOBODY)] : [])])
}

test('a folder that may not be written to: nothing changed, for lock and file alike', async () => {
  const folder = temporaryFolder()
  const file = join(folder, NAME)
  writeFileSync(file, OLD)
  chmodSync(file, 0o666)
  chmodSync(folder, 0o555)
  const locked = outcomeOf(await asNobody(file, 'new'))
  expect(locked).toMatchObject({ code: 'ERR_IO', details: { file, changed: false, errno: 'EACCES' } })
  expect(locked.message).toBe(`${NAME} could not be locked for writing: permission denied; ${NAME} was not changed`)
  expect(locked.hint).toContain('folder')
  const written = outcomeOf(await asNobody(file, 'new', 'unlocked'))
  expect(written).toMatchObject({ code: 'ERR_IO', details: { file, changed: false, errno: 'EACCES' } })
  chmodSync(folder, 0o755)
  expect(readFileSync(file, 'utf8')).toBe(OLD)
  expect(readdirSync(folder)).toEqual([NAME])
})

test('a file that is read-only for this user stays, though its folder would let it be replaced', async () => {
  const folder = temporaryFolder()
  const file = join(folder, NAME)
  writeFileSync(file, OLD)
  chmodSync(file, 0o444)
  chmodSync(folder, 0o777)
  const outcome = outcomeOf(await asNobody(file, 'new'))
  expect(outcome).toMatchObject({ code: 'ERR_IO', details: { file, changed: false, errno: 'EACCES' } })
  expect(readFileSync(file, 'utf8')).toBe(OLD)
  expect(readdirSync(folder)).toEqual([NAME])
})

test('a lock of another user, which can not be read, is waited for', async (context) => {
  if (getuid?.() !== 0) skipVisibly(context, 'only root can make a file that it may not read itself')
  const folder = temporaryFolder()
  const file = join(folder, NAME)
  const lock = join(folder, `.${NAME}.stackseal-lock`)
  writeFileSync(lock, '{}', { mode: 0o600 })
  chownSync(folder, NOBODY, NOBODY)
  chownSync(lock, 0, 0)
  const outcome = outcomeOf(await asNobody(file, 'new', '100'))
  expect(outcome).toMatchObject({ code: 'ERR_LOCKED', details: { file, changed: false, lock } })
})
