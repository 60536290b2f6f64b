import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { pid } from 'node:process'
import { StacksealError } from '@stackseal/core'
import { expect, test } from 'vitest'
import { acquireLock } from '../src/files/file-lock.ts'
import { type FileSystem, nodeFileSystem } from '../src/files/file-system.ts'
import { nodeProcesses, type ProcessTable } from '../src/files/process-table.ts'
import { fakeMachine } from './fake-processes.ts'
import { systemError } from './system-error.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { rejectionOf } from './thrown-by.ts'

const LOCK = '.Pulumi.dev.yaml.stackseal-lock'

function target(): { file: string; lockPath: string; folder: string } {
  const folder = temporaryFolder()
  return { file: join(folder, 'Pulumi.dev.yaml'), lockPath: join(folder, LOCK), folder }
}

const acquire = (file: string, processes?: ProcessTable, timeoutMs = 0, fs: FileSystem = nodeFileSystem) =>
  acquireLock(fs, file, { command: 'config set', timeoutMs, processes })

test('is a file beside the target that tells its holder, for its owner alone, and goes with the release', async () => {
  const { file, lockPath, folder } = target()
  const lock = await acquire(file)
  expect(readdirSync(folder)).toEqual([LOCK])
  expect(statSync(lockPath).mode & 0o777).toBe(0o600)
  const holder = JSON.parse(readFileSync(lockPath, 'utf8'))
  expect(holder).toMatchObject({ host: hostname(), pid, command: 'config set' })
  expect(Math.abs(Date.parse(holder.time) - Date.now())).toBeLessThan(60_000)
  lock.release()
  expect(readdirSync(folder)).toEqual([])
})

test('names the boot and the start of the process where the system tells them', async (context) => {
  if (!existsSync('/proc/sys/kernel/random/boot_id')) context.skip('no /proc here')
  const { file, lockPath } = target()
  await acquire(file)
  const { bootId, start } = JSON.parse(readFileSync(lockPath, 'utf8'))
  expect(bootId).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  expect(start).toMatch(/^\d+$/)
})

test('is held by one at a time, also within one process', async () => {
  const { file } = target()
  let holders = 0
  let most = 0
  const one = async (): Promise<void> => {
    const lock = await acquire(file, undefined, 5000)
    most = Math.max(most, ++holders)
    await new Promise((done) => setTimeout(done, 5))
    holders--
    lock[Symbol.dispose]()
  }
  await Promise.all([one(), one(), one(), one()])
  expect(most).toBe(1)
})

test('a second release does nothing, and never takes the lock from another', async () => {
  const { file, lockPath } = target()
  const first = await acquire(file)
  first.release()
  const second = await acquire(file)
  first.release()
  expect(existsSync(lockPath)).toBe(true)
  second.release()
  expect(existsSync(lockPath)).toBe(false)
})

test('waits no longer than it was told, then names the holder and what to do', async () => {
  const { file, lockPath } = target()
  const machine = fakeMachine('build-7', 'first')
  await acquire(file, machine.start(41))
  const before = performance.now()
  const error = await rejectionOf(acquire(file, machine.start(42), 150))
  expect(performance.now() - before).toBeGreaterThanOrEqual(149)
  expect(performance.now() - before).toBeLessThan(1000)
  expect(error.code).toBe('ERR_LOCKED')
  expect(error.message).toMatch(/config set, process 41 on build-7, since 2.*; Pulumi\.dev\.yaml was not changed$/)
  expect(error.hint).toContain(lockPath)
  expect(error.details).toMatchObject({
    file,
    changed: false,
    lock: lockPath,
    pid: 41,
    host: 'build-7',
    command: 'config set',
  })
  expect(error.details['since']).toBe(JSON.parse(readFileSync(lockPath, 'utf8')).time)
})

test('stops waiting when told to', async () => {
  const { file } = target()
  await acquire(file)
  const waiting = (reason?: unknown) => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(reason), 20)
    return rejectionOf(acquireLock(nodeFileSystem, file, { command: 'config set', signal: stop.signal }))
  }
  const before = performance.now()
  const error = await waiting()
  expect([error.code, error.details['changed']]).toEqual(['ERR_INTERRUPTED', false])
  const reason = new StacksealError('ERR_TIMEOUT', 'too late')
  expect(await waiting(reason)).toBe(reason)
  expect(performance.now() - before).toBeLessThan(1000)
})

const here = (): ReturnType<typeof fakeMachine> => fakeMachine('here', 'first')

/** A lock as another version may have written it: with no more than it must have. */
const planted = {
  host: 'here',
  bootId: 'first',
  pid: 7,
  start: '1',
  command: 'config set',
  time: '2026-01-02T03:04:05Z',
}

test.each([
  ['ended', planted],
  ['ended, and told no start', { ...planted, start: undefined }],
  ['ended, and told its start as a number', { ...planted, start: 1 }],
  ['ran before the system was started', { ...planted, bootId: 'zeroth', pid: 1 }],
  ['ran under a process number that another has now', { ...planted, pid: 1, start: '777' }],
])('breaks the lock of a process that %s, at once', async (_, holder) => {
  const { file, lockPath, folder } = target()
  writeFileSync(lockPath, JSON.stringify(holder))
  const lock = await acquire(file, here().start(1))
  expect(JSON.parse(readFileSync(lockPath, 'utf8')).pid).toBe(1)
  lock.release()
  expect(readdirSync(folder)).toEqual([])
})

test.each([
  ['of a running process', JSON.stringify({ ...planted, pid: 1 })],
  ['of another machine', JSON.stringify({ ...planted, host: 'elsewhere' })],
  ['of another machine of the same name', JSON.stringify({ ...planted, bootId: 'x', machine: 'another' })],
  ['of another container', JSON.stringify({ ...planted, pidNamespace: 'pid:[2]' })],
  ['that tells no boot', JSON.stringify({ ...planted, bootId: undefined })],
  ['without a process number', JSON.stringify({ ...planted, pid: undefined })],
  ['with a process number that is none', JSON.stringify({ ...planted, pid: -7 })],
  ['that is empty', ''],
  ['that is half written', JSON.stringify(planted).slice(0, 40)],
  ['that is a number', '7'],
  ['that is null', 'null'],
  ['that is no text', '\0\u{1}\xff'],
  ['that is too long', JSON.stringify({ ...planted, command: 'x'.repeat(20_000) })],
])('waits for a lock %s, and leaves it alone', async (_, text) => {
  const { file, lockPath, folder } = target()
  writeFileSync(lockPath, text)
  const error = await rejectionOf(acquire(file, here().start(1), 60))
  expect(error.code).toBe('ERR_LOCKED')
  expect(error.hint).toContain(`delete ${lockPath}`)
  expect(readFileSync(lockPath, 'utf8')).toBe(text)
  expect(readdirSync(folder)).toEqual([LOCK])
})

test('takes what is no file in the place of the lock for a lock', async () => {
  const { file, lockPath, folder } = target()
  symlinkSync(join(folder, 'elsewhere'), lockPath)
  expect((await rejectionOf(acquire(file))).code).toBe('ERR_LOCKED')
  expect(existsSync(join(folder, 'elsewhere'))).toBe(false)
  const second = target()
  mkdirSync(second.lockPath)
  expect((await rejectionOf(acquire(second.file))).code).toBe('ERR_LOCKED')
})

test('makes its file again, without waiting, when another process tidied it up unwritten', async () => {
  const { file, folder } = target()
  let tidied = 0
  const tidying: FileSystem = {
    ...nodeFileSystem,
    link: (existing, name) => {
      if (tidied++ === 0) nodeFileSystem.unlink(existing)
      nodeFileSystem.link(existing, name)
    },
  }
  await acquire(file, undefined, 0, tidying)
  expect(tidied).toBe(2)
  expect(readdirSync(folder)).toEqual([LOCK])
})

test('waits for whoever is breaking the lock, and names it', async () => {
  const { file, lockPath } = target()
  const machine = here()
  machine.start(2)
  writeFileSync(lockPath, JSON.stringify(planted))
  writeFileSync(`${lockPath}.break`, JSON.stringify({ ...planted, pid: 2 }))
  const error = await rejectionOf(acquire(file, machine.start(1), 60))
  expect(error.details).toMatchObject({ pid: 2, lock: `${lockPath}.break` })
  machine.end(2)
  await acquire(file, machine.start(3))
  expect(existsSync(`${lockPath}.break`)).toBe(false)
})

test('tidies up what dead processes left beside it, and leaves what belongs to others', async () => {
  const { file, folder } = target()
  const running = JSON.stringify({ ...planted, pid: 2 })
  const stays = {
    [`${LOCK}-aaaaaaaaaa`]: running,
    [`${LOCK}-bbbbbbbbbb`]: JSON.stringify({ ...planted, host: 'elsewhere' }),
    '.Pulumi.dev.yaml.stackseal-new': '',
    '.Pulumi.dev.yaml.stackseal-locksmith': '',
    '.Pulumi.prod.yaml.stackseal-lock-aaaaaaaaaa': '',
  }
  const goes = {
    [`${LOCK}-cccccccccc`]: JSON.stringify(planted),
    [`${LOCK}-dddddddddd`]: '',
    [`${LOCK}.break`]: JSON.stringify(planted),
  }
  for (const [name, text] of Object.entries({ ...stays, ...goes })) writeFileSync(join(folder, name), text)
  const machine = here()
  machine.start(2)
  const lock = await acquire(file, machine.start(1))
  lock.release()
  expect(readdirSync(folder).toSorted()).toEqual(Object.keys(stays).toSorted())
})

test.each(['EPERM', 'ENOTSUP', 'EACCES'])('works where a hard link is refused with %s', async (errno) => {
  const { file, lockPath, folder } = target()
  const withoutLinks: FileSystem = {
    ...nodeFileSystem,
    link: () => {
      throw systemError(errno, 'link')
    },
  }
  const machine = here()
  const lock = await acquire(file, machine.start(1), 0, withoutLinks)
  expect(readdirSync(folder)).toEqual([LOCK])
  expect((await rejectionOf(acquire(file, machine.start(2), 0, withoutLinks))).details['pid']).toBe(1)
  lock.release()
  writeFileSync(lockPath, JSON.stringify(planted))
  await acquire(file, machine.start(3), 0, withoutLinks)
  expect(readdirSync(folder)).toEqual([LOCK])
})

test('a folder that is not there is an error of its own', async () => {
  const error = await rejectionOf(acquire(join(temporaryFolder(), 'missing', 'Pulumi.dev.yaml')))
  expect(error.code).toBe('ERR_IO')
  expect(error.message).toMatch(/the folder is not there; Pulumi\.dev\.yaml was not changed$/)
})

test('tells a running process from one that has ended, and from a zombie', async (context) => {
  if (!existsSync('/proc/self/stat')) context.skip('no /proc here')
  expect(nodeProcesses.find(pid)).toEqual({ start: nodeProcesses.self().start })
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])
  const childPid = child.pid ?? 0
  expect(nodeProcesses.find(childPid)?.start).toMatch(/^\d+$/)
  child.kill('SIGKILL')
  // Without a turn of the event loop nobody asks for its exit status: it is a zombie.
  for (let tries = 0; tries < 100 && !readFileSync(`/proc/${childPid}/stat`, 'utf8').includes(') Z '); tries++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
  }
  expect(readFileSync(`/proc/${childPid}/stat`, 'utf8')).toContain(') Z ')
  expect(nodeProcesses.find(childPid)).toBeUndefined()
  await once(child, 'exit')
  expect(nodeProcesses.find(childPid)).toBeUndefined()
})
