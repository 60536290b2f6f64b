import { basename, dirname, join } from 'node:path'
import type { FileSystem } from './file-system.ts'
import { errnoOf } from './io-error.ts'
import { isGone, type LockHolder, parseLockHolder, printLockHolder } from './lock-holder.ts'
import type { ProcessTable } from './process-table.ts'
import { writeAll } from './replace-file.ts'

/**
 * The steps of a lock, all synchronous. A lock is a name that only one process can make: a hard link to a file that is
 * written already, so that nobody ever sees a lock without its holder.
 *
 * A dead holder's lock is removed by whoever holds its guard, a lock of the same kind on `<lock>.break`, and finds the
 * same text again while holding it. That makes three things impossible: two processes that both saw the dead lock both
 * remove something (one waits for the guard, then sees another text or nothing); a fresh lock is removed (what is
 * removed names a dead process, whose lock nobody else may remove and nobody can replace while it is there); a guard
 * whose holder died stays forever (it is a lock, and is broken under its own guard).
 */
export interface LockFile {
  readonly path: string
  /** What the lock holds while it is ours; different for each LockFile. */
  readonly text: string
  readonly fs: FileSystem
  readonly processes: ProcessTable
}

/** Who is in the way. */
export interface Blocker {
  /** The lock, or the guard of a lock. */
  readonly path: string
  /** Undefined where the file can't be read, or names nobody. */
  readonly holder: LockHolder | undefined
}

const LOCK_MODE = 0o600
const MAX_LOCK_BYTES = 16 * 1024
// Each attempt that fails saw another process finish something; more than these in a row is for the caller's patience.
const ATTEMPTS = 16

/** The lock of a file, before it is taken. Its names are hidden and end in nothing that a program lists as a stack. */
export function lockFileOf(fs: FileSystem, target: string, command: string, processes: ProcessTable): LockFile {
  const holder = { ...processes.self(), command, time: new Date().toISOString() }
  return {
    path: join(dirname(target), `.${basename(target)}.stackseal-lock`),
    text: printLockHolder(holder, randomName()),
    fs,
    processes,
  }
}

/** Takes the lock if it is free or its holder is gone. Undefined: it is ours. Throws what the file system throws. */
export function tryLock(lock: LockFile): Blocker | undefined {
  const attempt: Attempt = { ...lock, filled: `${lock.path}-${randomName()}`, made: false }
  try {
    return tryRepeatedly(attempt)
  } finally {
    if (attempt.made) remove(lock.fs, attempt.filled)
  }
}

interface Attempt extends LockFile {
  /** The file that tells the holder, of which lock and guards become further names. */
  readonly filled: string
  made: boolean
}

function tryRepeatedly(attempt: Attempt): Blocker | undefined {
  const { fs, path } = attempt
  for (let count = 0; count < ATTEMPTS; count++) {
    const seen = look(fs, path)
    if (seen === undefined) {
      if (!take(attempt, path)) continue
      tidy(attempt)
      return undefined
    }
    const blocker = removeIfGone(attempt, path, seen)
    if (blocker !== undefined) return blocker
  }
  return { path, holder: undefined }
}

/** Gives the lock back; one that is not ours any more stays. */
export function unlock(lock: LockFile): void {
  try {
    if (look(lock.fs, lock.path)?.text === lock.text) lock.fs.unlink(lock.path)
  } catch (error) {
    // The disk or the folder's mode refuses. What was done under the lock is done all the same, and the lock is broken
    // by the next process once this one has ended.
    if (errnoOf(error) === undefined) throw error
  }
}

interface Seen {
  /** Undefined where something is there that can't be read as a file. */
  readonly text: string | undefined
}

/** What is there; undefined if nothing is. */
function look(fs: FileSystem, path: string): Seen | undefined {
  let fd: number
  try {
    fd = fs.openToRead(path)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT') return undefined
    // A lock is readable for its owner alone; where not even its name can be seen, it is the folder that refuses.
    if (errno === 'EACCES') fs.lstat(path)
    else if (errno !== 'ELOOP') throw error
    return { text: undefined }
  }
  try {
    if (fs.fstat(fd).kind !== 'file') return { text: undefined }
    const buffer = new Uint8Array(MAX_LOCK_BYTES)
    let length = 0
    for (let count = -1; count !== 0 && length < buffer.length; length += count) {
      count = fs.read(fd, buffer.subarray(length), length)
    }
    return { text: new TextDecoder().decode(buffer.subarray(0, length)) }
  } finally {
    fs.close(fd)
  }
}

/** Makes the name ours, unless it is there. */
function take(attempt: Attempt, path: string): boolean {
  const { fs, text, filled } = attempt
  if (!attempt.made) {
    attempt.made = true
    // Flushed: after a power cut a lock that is there tells its holder.
    writeNew(fs, filled, text)
  }
  try {
    fs.link(filled, path)
    return true
  } catch (error) {
    // A network file system can refuse the repetition of a request that it has carried out.
    if (look(fs, path)?.text === text) return true
    const errno = errnoOf(error) ?? ''
    if (NO_HARD_LINKS.has(errno)) return takeWithoutLinks(fs, path, text)
    // Another holder of the lock tidied the file up before it told who it belongs to.
    if (errno === 'ENOENT') attempt.made = false
    else if (errno !== 'EEXIST') throw error
    return false
  }
}

// FAT and some network and FUSE file systems (ENOTSUP, EPERM, ENOSYS), Android (EACCES), FAT on Windows (EISDIR).
const NO_HARD_LINKS: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EISDIR'])

/**
 * Where there are no hard links, the lock is made first and filled then. Another process may see it empty, which it
 * takes for a running holder; a process that dies between the two calls leaves a lock that somebody has to delete.
 */
function takeWithoutLinks(fs: FileSystem, path: string, text: string): boolean {
  try {
    writeNew(fs, path, text)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

/** A new file with that text, flushed; nothing is left of it if it can't be completed. */
function writeNew(fs: FileSystem, path: string, text: string): void {
  const fd = fs.openExclusive(path, LOCK_MODE)
  try {
    try {
      writeAll(fs, fd, new TextEncoder().encode(text))
      fs.fsync(fd)
    } finally {
      fs.close(fd)
    }
  } catch (error) {
    remove(fs, path)
    throw error
  }
}

/** Removes the lock at `path` that was seen there, if its holder is gone; gives whoever prevents that. */
function removeIfGone(attempt: Attempt, path: string, seen: Seen): Blocker | undefined {
  const holder = seen.text === undefined ? undefined : parseLockHolder(seen.text)
  if (holder === undefined || !isGone(holder, attempt.processes)) return { path, holder }
  const { fs } = attempt
  const guard = `${path}.break`
  if (!take(attempt, guard)) {
    const guardSeen = look(fs, guard)
    return guardSeen === undefined ? undefined : removeIfGone(attempt, guard, guardSeen)
  }
  try {
    if (look(fs, path)?.text === seen.text) fs.unlink(path)
  } finally {
    remove(fs, guard)
  }
  return undefined
}

/** Removes what killed processes left beside the lock. The lock is ours, so nobody else is at it. */
function tidy(attempt: Attempt): void {
  const { fs, path, processes } = attempt
  const name = basename(path)
  try {
    // The longest first: the guard of a guard before what it guards.
    for (const entry of fs.readdir(dirname(path)).toSorted().toReversed()) {
      const ending = entry.startsWith(name) ? entry.slice(name.length) : ''
      const isGuard = /^(?:\.break)+$/.test(ending)
      if (!isGuard && !ending.startsWith('-')) continue
      const leftover = join(dirname(path), entry)
      const seen = look(fs, leftover)
      if (seen === undefined) continue
      if (isGuard) removeIfGone(attempt, leftover, seen)
      else if (!isAlive(seen, processes)) remove(fs, leftover)
    }
  } catch (error) {
    // A folder that can't be listed. Leftovers are untidy and harmless.
    if (errnoOf(error) === undefined) throw error
  }
}

/** A file without its text counts as left: should its process be about to write it, that one makes another. */
function isAlive(seen: Seen, processes: ProcessTable): boolean {
  const holder = seen.text === undefined ? undefined : parseLockHolder(seen.text)
  return holder !== undefined && !isGone(holder, processes)
}

function remove(fs: FileSystem, path: string): void {
  try {
    fs.unlink(path)
  } catch (error) {
    // Gone already, or refused: then a later process tidies up, or breaks it once this one has ended.
    if (errnoOf(error) === undefined) throw error
  }
}

function randomName(): string {
  return Math.random().toString(36).slice(2, 12).padEnd(10, '0')
}
