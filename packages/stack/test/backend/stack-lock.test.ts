import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FileBackend } from '../../src/backend/file-backend.ts'
import { lockStack } from '../../src/backend/stack-lock.ts'
import { type FileSystem, nodeFileSystem } from '../../src/files/file-system.ts'
import { nodeProcesses } from '../../src/files/process-table.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { rejectionOf } from '../thrown-by.ts'
import { DEV, openBackend } from './open-backend.ts'

const LOCKS = '.pulumi/locks/organization/proj/dev'
const options = { command: 'stack import', timeoutMs: 0 }
// Larger than any process number that Linux gives.
const NO_PROCESS = 2 ** 22 + 1

function locksOf(backend: FileBackend): string[] {
  const folder = backend.paths(DEV).locks
  return existsSync(folder) ? readdirSync(folder) : []
}

function leaveLock(folder: string, content: unknown, name = '7b1c9d7e-0000-4000-8000-000000000000.json'): string {
  mkdirSync(join(folder, LOCKS), { recursive: true })
  const path = join(folder, LOCKS, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const theirs = {
  pid: NO_PROCESS,
  username: 'somebody',
  hostname: 'elsewhere',
  timestamp: '2026-11-24T08:30:43.437974325+01:00',
}

describe("the lock of a stack is Pulumi's", () => {
  test('in place, name and fields', async () => {
    const folder = temporaryFolder()
    const backend = await openBackend(folder)
    using _lock = await lockStack(backend, DEV, options)
    const [name = '', ...more] = readdirSync(join(folder, LOCKS))
    expect(more).toEqual([])
    expect(name).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json$/)
    const content = JSON.parse(readFileSync(join(folder, LOCKS, name), 'utf8')) as Record<string, unknown>
    expect(Object.keys(content).slice(0, 4)).toEqual(['pid', 'username', 'hostname', 'timestamp'])
    expect(content).toMatchObject({ pid: process.pid, hostname: hostname(), command: 'stack import' })
    expect(content['username']).toMatch(/./)
    expect(content['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  test('and gone afterwards, also after a second release and after an error', async () => {
    const backend = await openBackend(temporaryFolder())
    const lock = await lockStack(backend, DEV, options)
    lock.release()
    lock.release()
    expect(locksOf(backend)).toEqual([])
    const failing = (async () => {
      using _lock = await lockStack(backend, DEV, options)
      expect(locksOf(backend)).toHaveLength(1)
      throw new Error('while locked')
    })()
    await expect(failing).rejects.toThrow('while locked')
    expect(locksOf(backend)).toEqual([])
    expect(readdirSync(backend.paths(DEV).stacks)).toEqual([])
    expect(readdirSync(join(backend.folder, '.pulumi/locks'))).toEqual(['organization'])
  })

  test('of one stack alone', async () => {
    const backend = await openBackend(temporaryFolder())
    using _dev = await lockStack(backend, DEV, options)
    using _prod = await lockStack(backend, { ...DEV, stack: 'prod' }, options)
    expect((await rejectionOf(lockStack(backend, DEV, options))).code).toBe('ERR_LOCKED')
  })

  test('for which another Stackseal waits', async () => {
    const backend = await openBackend(temporaryFolder())
    const first = await lockStack(backend, DEV, options)
    setTimeout(() => first.release(), 60)
    using _second = await lockStack(backend, DEV, { ...options, timeoutMs: 5000 })
    expect(locksOf(backend)).toHaveLength(1)
  })
})

describe('a lock that Pulumi left', () => {
  test('is honoured, and named with all that it tells', async () => {
    const folder = temporaryFolder()
    const path = leaveLock(folder, theirs)
    const backend = await openBackend(folder)
    const error = await rejectionOf(lockStack(backend, DEV, options))
    expect(error).toMatchObject({
      code: 'ERR_LOCKED',
      kind: 'retry',
      message: `stack dev is locked by somebody (process ${NO_PROCESS} on elsewhere, since ${theirs.timestamp}); nothing was changed`,
      details: { lock: path, pid: NO_PROCESS, host: 'elsewhere', user: 'somebody', since: theirs.timestamp },
    })
    expect(error.hint).toContain('pulumi cancel')
    expect(error.hint).toContain(path)
    expect(locksOf(backend)).toHaveLength(1)
  })

  test('is kept even where its process is not running here, and the hint says so', async () => {
    const folder = temporaryFolder()
    leaveLock(folder, { ...theirs, hostname: hostname() })
    const backend = await openBackend(folder)
    const error = await rejectionOf(lockStack(backend, DEV, options))
    expect(error).toMatchObject({ code: 'ERR_LOCKED' })
    expect(error.hint).toContain(`no process ${NO_PROCESS} runs here any more`)
    expect(locksOf(backend)).toHaveLength(1)
  })

  test.each(['', '{"pid":', '[]', '{"pid":1}'])('is honoured with the content %j', async (content) => {
    const folder = temporaryFolder()
    const path = leaveLock(folder, content)
    const error = await rejectionOf(lockStack(await openBackend(folder), DEV, options))
    expect(error).toMatchObject({ code: 'ERR_LOCKED', details: { lock: path } })
    expect(error.message).toContain('can not be read')
  })

  test('is not one if it is the note beside a lock, or a folder', async () => {
    const folder = temporaryFolder()
    leaveLock(folder, '{}', 'x.json.attrs')
    mkdirSync(join(folder, LOCKS, 'folder'))
    using lock = await lockStack(await openBackend(folder), DEV, options)
    expect(lock).toBeDefined()
  })
})

describe('a lock that Stackseal left', () => {
  const self = nodeProcesses.self()
  const ours = { ...theirs, hostname: self.host, ...self, command: 'stack import', time: theirs.timestamp }

  test.each([
    ['a process that has ended', { ...ours, pid: NO_PROCESS }],
    ['before the last start of the system', { ...ours, bootId: 'another' }],
    ['a process whose number is somebody else’s', { ...ours, start: '1' }],
  ])('%s is removed', async (_, content) => {
    const folder = temporaryFolder()
    const path = leaveLock(folder, content)
    using _lock = await lockStack(await openBackend(folder), DEV, options)
    expect(existsSync(path)).toBe(false)
  })

  test.each([
    ['of a process that runs', ours],
    ['of another machine', { ...ours, pid: NO_PROCESS, machine: 'another' }],
    ['of another container', { ...ours, pid: NO_PROCESS, pidNamespace: 'another' }],
  ])('%s is honoured', async (_, content) => {
    const folder = temporaryFolder()
    const path = leaveLock(folder, content)
    expect(await rejectionOf(lockStack(await openBackend(folder), DEV, options))).toMatchObject({
      code: 'ERR_LOCKED',
      details: { lock: path },
    })
  })
})

test('a lock that appears between the look and the write makes this one withdraw', async () => {
  const folder = temporaryFolder()
  let appeared = 0
  const racing: FileSystem = {
    ...nodeFileSystem,
    rename(from, to) {
      if (to.includes('/locks/')) {
        appeared++
        leaveLock(folder, theirs)
      }
      nodeFileSystem.rename(from, to)
    },
  }
  const backend = await openBackend(folder, { fs: racing })
  expect((await rejectionOf(lockStack(backend, DEV, options))).details['host']).toBe('elsewhere')
  expect(appeared).toBe(1)
  expect(locksOf(backend)).toHaveLength(1)
  expect(readdirSync(backend.paths(DEV).stacks)).toEqual([])
})
