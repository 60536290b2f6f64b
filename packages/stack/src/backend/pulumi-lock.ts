import { StacksealError } from '@stackseal/core'
import { basename, join } from 'node:path'

import type { FileSystem } from '../files/file-system.ts'
import { uuid } from '../files/hash.ts'
import { errnoOf, ioError } from '../files/io-error.ts'
import { isGone, parseLockHolder } from '../files/lock-holder.ts'
import type { ProcessTable } from '../files/process-table.ts'
import { readBytes } from '../files/read-file.ts'
import { writeAll } from '../files/replace-file.ts'
import { systemUser } from '../files/system-user.ts'
import { namesIn } from './names-in.ts'
import { isSidecar, sidecarOf } from './sidecar.ts'

/** A lock of the reference's kind: a file of a name of its own in the folder of the stack's locks. */
export interface PulumiLock {
  readonly path: string
  /** Gives the lock back; a second time does nothing. */
  release(): void
}

export interface PulumiLockPlace {
  readonly fs: FileSystem
  /** The real path of the folder of this stack's locks, which is there. */
  readonly folder: string
  /** A folder on the same disk in which nobody looks for locks. */
  readonly stagingFolder: string
  /** The stack's name, for errors. */
  readonly stack: string
  readonly command: string
  readonly processes: ProcessTable
}

const MAX_LOCK_BYTES = 64 * 1024
const LOCK_MODE = 0o644

/**
 * Takes the lock that `pulumi up`, `refresh`, `destroy`, `import`, `rename` and `cancel` know, in the steps of the
 * reference: look for others, write the own one, look again, and withdraw if somebody came between. Both sides may
 * withdraw; both can never go on.
 *
 * A lock of the reference is never broken, as it never breaks one itself: it tells a process and a host name, and a
 * container may share both. One that Stackseal left tells enough to be sure that its process has ended; it is removed.
 * That is safe with several at it at once, since no two locks ever have one name.
 * @throws ERR_LOCKED
 */
export function takePulumiLock(place: PulumiLockPlace): PulumiLock {
  const { fs, folder } = place
  const path = join(folder, `${uuid()}.json`)
  try {
    refuseOthers(place, path)
    writeLock(place, path)
  } catch (error) {
    throw ioError(error, path, 'could not be made', false)
  }
  const release = (): void => removeLock(fs, path)
  try {
    refuseOthers(place, path)
  } catch (error) {
    release()
    throw ioError(error, folder, 'could not be listed', false)
  }
  return { path, release }
}

/** The lock appears complete, under a name that is one of its kind: the reference reads whatever lies in that folder. */
function writeLock({ fs, stagingFolder, processes, command }: PulumiLockPlace, path: string): void {
  const time = new Date().toISOString()
  const self = processes.self()
  // The last six tell a dead holder for certain. The reference ignores fields that it does not know.
  const { pid, host, ...more } = self
  const username = systemUser()?.name ?? 'unknown'
  const fields = { pid, username, hostname: host, timestamp: time, host, ...more, command, time }
  const staged = join(stagingFolder, `.${basename(path)}.stackseal-new`)
  try {
    const fd = fs.openExclusive(staged, LOCK_MODE)
    try {
      writeAll(fs, fd, new TextEncoder().encode(JSON.stringify(fields)))
      fs.fsync(fd)
    } finally {
      fs.close(fd)
    }
    fs.rename(staged, path)
  } catch (error) {
    removeLock(fs, staged)
    removeLock(fs, path)
    throw error
  }
}

function refuseOthers(place: PulumiLockPlace, own: string): void {
  for (const { name, kind } of namesIn(place.fs, place.folder)) {
    const path = join(place.folder, name)
    if (kind === 'folder' || path === own || isSidecar(name)) continue
    const bytes = kind === 'file' ? readBytes(place.fs, path, MAX_LOCK_BYTES) : new Uint8Array()
    if (bytes === undefined) continue // released since the folder was listed
    const text = new TextDecoder().decode(bytes)
    const holder = parseLockHolder(text)
    if (holder !== undefined && isGone(holder, place.processes)) removeLock(place.fs, path)
    else throw locked(place, path, parsePulumiLock(text))
  }
}

interface PulumiLockContent {
  readonly pid: number
  readonly username: string
  readonly hostname: string
  readonly timestamp: string
}

/** Undefined for what the reference could not read as a lock either. */
function parsePulumiLock(text: string): PulumiLockContent | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // the parser's only error: this is no JSON
  }
  if (typeof value !== 'object' || value === null) return undefined
  const fields: ReadonlyMap<string, unknown> = new Map(Object.entries(value))
  const [pid, username, hostname, timestamp] = ['pid', 'username', 'hostname', 'timestamp'].map((name) =>
    fields.get(name),
  )
  if (typeof pid !== 'number' || typeof hostname !== 'string') return undefined
  return {
    pid,
    hostname,
    username: typeof username === 'string' ? username : 'unknown',
    timestamp: typeof timestamp === 'string' ? timestamp : 'unknown',
  }
}

function locked(place: PulumiLockPlace, path: string, lock: PulumiLockContent | undefined): StacksealError {
  const { stack, processes } = place
  if (lock === undefined) {
    return new StacksealError('ERR_LOCKED', `stack ${stack} is locked, and its lock can not be read`, {
      hint: `if nothing is changing the stack, remove the lock with "pulumi cancel", or delete ${path}`,
      details: { stack, lock: path, changed: false },
    })
  }
  const { pid, username, hostname, timestamp } = lock
  const isHere = hostname === processes.self().host
  const ended = isHere && Number.isSafeInteger(pid) && pid > 0 && processes.find(pid) === undefined
  const remove = `remove the lock with "pulumi cancel", or delete ${path}`
  return new StacksealError(
    'ERR_LOCKED',
    `stack ${stack} is locked by ${username} (process ${pid} on ${hostname}, since ${timestamp}); nothing was changed`,
    {
      hint: ended
        ? `no process ${pid} runs here any more; if it did not run in a container, ${remove}`
        : `wait until it has ended; if no such process is running, ${remove}`,
      details: { stack, lock: path, pid, host: hostname, user: username, since: timestamp, changed: false },
    },
  )
}

function removeLock(fs: FileSystem, path: string): void {
  for (const name of [path, sidecarOf(path)]) {
    try {
      fs.unlink(name)
    } catch (error) {
      // Not there, or refused: what was done under the lock is done all the same, and the next Stackseal that finds
      // it removes it once this process has ended.
      if (errnoOf(error) === undefined) throw error
    }
  }
}
