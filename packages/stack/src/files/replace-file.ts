import { Buffer } from 'node:buffer'
import { basename, dirname, join } from 'node:path'
import { isStacksealError, StacksealError } from '@stackseal/core'
import type { FileStatus, FileSystem } from './file-system.ts'
import { errnoOf, ioError, outcome } from './io-error.ts'

// What the reference gives a new stack file; the system takes the umask off.
export const NEW_FILE_MODE: number = 0o644
const STAGED_MODE = 0o600
const COMPARE_BYTES = 256 * 1024

/**
 * The name under which the next content of a file is prepared, in the same folder. Hidden, and with no ending under
 * which another program would take it for a stack: the reference lists whatever ends in .json or .yaml.
 */
export function stagedPath(target: string): string {
  return join(dirname(target), `.${basename(target)}.stackseal-new`)
}

/**
 * Replaces a file's content as a whole: at every moment, also after a power cut, its name leads to the old bytes or to
 * the new ones. The new content is written beside the target, flushed, read back and compared, then renamed over it,
 * and the folder is flushed. Mode is kept, owner and group where the system lets it. If the bytes are those that were
 * read, nothing is written.
 *
 * The caller holds the target's lock (`acquireLock`) since before it read `expected`, and has followed links
 * (`resolveStackFile`). Another name of the same file (a hard link) keeps the old content.
 *
 * @param expected what the file held when it was read; undefined if it was not there
 * @param newFileMode of a file that was not there, before the system takes the umask off
 * @throws ERR_CHANGED_MEANWHILE if the file holds something else by now
 * @throws ERR_NOT_REPLACEABLE if the place forbids renaming, as a file that is mounted by itself does
 * @throws ERR_IO if the operating system refuses
 * Each error has `changed` in its details: false, but where only the last flush of the folder failed.
 */
export function replaceFile(
  fs: FileSystem,
  target: string,
  bytes: Uint8Array,
  expected: Uint8Array | undefined,
  newFileMode: number = NEW_FILE_MODE,
): void {
  if (expected !== undefined && Buffer.compare(bytes, expected) === 0) return
  const staged = stagedPath(target)
  try {
    const before = statusBefore(fs, target, expected)
    stage(fs, staged, bytes, before, newFileMode)
    // As late as can be: whoever takes no lock (the reference, an editor) may have written since.
    if (!holds(fs, target, expected)) throw changedMeanwhile(target)
  } catch (error) {
    removeLeftover(fs, staged)
    throw refused(error, target)
  }
  try {
    fs.rename(staged, target)
  } catch (error) {
    // A network file system can answer a repeated request with the failure of what it has done already: look.
    const done = holdsIfReadable(fs, target, bytes)
    removeLeftover(fs, staged)
    if (!done) throw renameRefused(error, target)
  }
  try {
    fs.fsyncFolder(dirname(target))
  } catch (error) {
    throw ioError(error, target, 'was written, but may be the old one again after a power cut', true)
  }
}

/** A file that is to be replaced: what it is to hold, and what it holds now. */
export interface NextContent {
  /** The real path. */
  readonly path: string
  readonly bytes: Uint8Array
  /** Undefined where it is not there yet. */
  readonly before: Uint8Array | undefined
  /** The mode of one that is not there yet, before the system takes the umask off. */
  readonly newFileMode?: number
}

/**
 * Prepares the next content of a file under a name of the caller's in the same folder: complete, flushed and read back,
 * with the file's mode and owner. The caller renames it over the file later. The file itself is not touched.
 *
 * @throws ERR_CHANGED_MEANWHILE, ERR_NOT_REPLACEABLE, ERR_IO; each with `changed: false` in its details
 */
export function stageReplacement(fs: FileSystem, staged: string, next: NextContent): void {
  const { path: target, bytes, before: expected, newFileMode = NEW_FILE_MODE } = next
  try {
    const before = statusBefore(fs, target, expected)
    if (before !== undefined) refuseMountedFile(fs, target, staged)
    stage(fs, staged, bytes, before, newFileMode)
    if (!holds(fs, target, expected)) throw changedMeanwhile(target)
  } catch (error) {
    throw refused(error, target)
  }
}

/** A file that is mounted by itself can't be replaced by rename, and refuses a second name in the same way. */
function refuseMountedFile(fs: FileSystem, target: string, probe: string): void {
  if (statusIfThere(fs, probe) !== undefined) fs.unlink(probe)
  try {
    fs.link(target, probe)
  } catch (error) {
    if (errnoOf(error) === 'EXDEV') throw renameRefused(error, target)
    // Somebody else's file may not be linked to where links are protected, and can be replaced all the same.
    if (errnoOf(error) === 'EPERM') return
    throw error
  }
  fs.unlink(probe)
}

/** The status of the file to replace; undefined if there is none and none is expected. */
function statusBefore(fs: FileSystem, target: string, expected: Uint8Array | undefined): FileStatus | undefined {
  const status = statusIfThere(fs, target)
  if ((status === undefined) !== (expected === undefined)) throw changedMeanwhile(target)
  if (status === undefined) return undefined
  if (status.kind !== 'file') {
    throw new StacksealError('ERR_NOT_REPLACEABLE', `${basename(target)} is not a regular file`)
  }
  // A rename asks for the folder's permission alone; a file that is read-only for this user stays as it is.
  fs.checkWritable(target)
  return status
}

/** The status of the name itself; undefined where nothing has it. */
export function statusIfThere(fs: FileSystem, path: string): FileStatus | undefined {
  try {
    return fs.lstat(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Writes the new content beside the target, complete, flushed and proven. */
function stage(
  fs: FileSystem,
  staged: string,
  bytes: Uint8Array,
  before: FileStatus | undefined,
  newFileMode: number,
): void {
  // Left by a process that is gone: we hold the lock. Removed, not emptied, so that a link put there is never followed.
  if (statusIfThere(fs, staged) !== undefined) fs.unlink(staged)
  const fd = fs.openExclusive(staged, before === undefined ? newFileMode : STAGED_MODE)
  try {
    writeAll(fs, fd, bytes)
    if (before !== undefined) keepOwnerAndMode(fs, fd, before)
    fs.fsync(fd)
    if (!descriptorHolds(fs, fd, bytes)) {
      throw new StacksealError('ERR_IO', 'what was read back is not what was written', {
        hint: 'look into the system log: the disk or its driver loses data',
      })
    }
  } finally {
    fs.close(fd)
  }
}

/** Writes all bytes, in as many calls as the system wants. */
export function writeAll(fs: FileSystem, fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += fs.write(fd, bytes.subarray(written))
}

/** Gives the new file the mode of the old one, and its owner and group where the system lets it. */
export function keepOwnerAndMode(fs: FileSystem, fd: number, before: FileStatus): void {
  const fresh = fs.fstat(fd)
  let mode = before.mode
  if (fresh.uid !== before.uid || fresh.gid !== before.gid) {
    if (!mayChangeOwner(fs, fd, before.uid, before.gid)) {
      mode &= 0o777 // set-user-id was meant for the old owner
      const groupKept = fresh.gid === before.gid || mayChangeOwner(fs, fd, fresh.uid, before.gid)
      // What the old group was allowed, another group is allowed only if everybody is.
      if (!groupKept) mode &= 0o707 | ((mode & 0o007) << 3)
    }
  }
  // After the owner, since changing that takes set-user-id off. Not at all where it is right already: mounts without
  // modes refuse the call.
  if (fs.fstat(fd).mode !== mode) fs.fchmod(fd, mode)
}

/** Gives the file to that owner; false where only root may, or the file system or user namespace knows no such owner. */
function mayChangeOwner(fs: FileSystem, fd: number, uid: number, gid: number): boolean {
  try {
    fs.fchown(fd, uid, gid)
    return true
  } catch (error) {
    if (['EPERM', 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(errnoOf(error) ?? '')) return false
    throw error
  }
}

/** Tells whether the path leads to a regular file with exactly these bytes; for undefined, whether nothing is there. */
function holds(fs: FileSystem, path: string, expected: Uint8Array | undefined): boolean {
  if (expected === undefined) return statusIfThere(fs, path) === undefined
  let fd: number
  try {
    fd = fs.openToRead(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return false
    throw error
  }
  try {
    return descriptorHolds(fs, fd, expected)
  } finally {
    fs.close(fd)
  }
}

function holdsIfReadable(fs: FileSystem, path: string, bytes: Uint8Array): boolean {
  try {
    return holds(fs, path, bytes)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return false // asked after a refused rename, which is what gets reported
  }
}

function descriptorHolds(fs: FileSystem, fd: number, expected: Uint8Array): boolean {
  const { kind, size } = fs.fstat(fd)
  if (kind !== 'file' || size !== expected.length) return false
  const buffer = new Uint8Array(Math.min(COMPARE_BYTES, size + 1))
  for (let position = 0; ;) {
    const count = fs.read(fd, buffer, position)
    if (count === 0) return position === expected.length
    const part = expected.subarray(position, position + count)
    if (Buffer.compare(buffer.subarray(0, count), part) !== 0) return false
    position += count
  }
}

/** Removes what was prepared and will not be used. */
export function removeLeftover(fs: FileSystem, staged: string): void {
  try {
    fs.unlink(staged)
  } catch (error) {
    // Not there, or the disk refuses this too: the failure that led here is the one to report, and the next writer
    // removes what is left.
    if (errnoOf(error) === undefined) throw error
  }
}

function changedMeanwhile(target: string): StacksealError {
  const name = basename(target)
  return new StacksealError(
    'ERR_CHANGED_MEANWHILE',
    `another program wrote to ${name} after it was read, so nothing was written here`,
    {
      hint: 'run the command again',
    },
  )
}

/** An error from before the rename, as one that says that the file was not changed. */
export function refused(error: unknown, target: string): unknown {
  if (!isStacksealError(error)) return ioError(error, target, 'could not be written', false)
  return new StacksealError(error.code, `${error.message}${outcome(target, false)}`, {
    hint: error.hint,
    details: { file: target, changed: false },
    cause: error.cause,
  })
}

/** What a refused rename means. */
export function renameRefused(error: unknown, target: string): unknown {
  const errno = errnoOf(error)
  if (errno !== 'EBUSY' && errno !== 'EXDEV' && errno !== 'EPERM') {
    return ioError(error, target, 'could not be replaced', false)
  }
  const name = basename(target)
  return new StacksealError(
    'ERR_NOT_REPLACEABLE',
    `${name} can not be replaced where it is (${errno})${outcome(target, false)}`,
    {
      hint: 'the file is mounted by itself, or may not be renamed: mount its folder instead of the file, or work in a copy of the project',
      details: { file: target, changed: false, errno },
      cause: error,
    },
  )
}
