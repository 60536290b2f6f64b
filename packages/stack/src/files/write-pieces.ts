import { dirname } from 'node:path'
import { StacksealError } from '@stackseal/core'
import { acquireLock, type LockOptions } from './file-lock.ts'
import type { FileStatus, FileSystem } from './file-system.ts'
import { sha256OfPieces } from './hash.ts'
import { errnoOf, ioError } from './io-error.ts'
import {
  keepOwnerAndMode,
  NEW_FILE_MODE,
  refused,
  removeLeftover,
  renameRefused,
  stagedPath,
  statusIfThere,
  writeAll,
} from './replace-file.ts'

export interface WritePiecesOptions extends LockOptions {
  /** What is written is for its owner alone: the file gets the mode 0600, also where one with another mode is there. */
  readonly secret: boolean
}

const SECRET_MODE = 0o600
const READ_BYTES = 1 << 20

/**
 * Writes what comes in pieces into a file that was named, whole or not at all, in memory that does not grow with it: the
 * file keeps its content, or is not there, until the last piece has come and all is proven to lie on the disk. What was
 * there may be read meanwhile. Mode and owner are kept as {@link replaceFile} keeps them; a link is followed.
 *
 * @param file absolute
 * @throws ERR_NOT_REPLACEABLE for what is no regular file, ERR_LOCKED, ERR_IO, and whatever the pieces throw
 */
export async function writePieces(
  fs: FileSystem,
  file: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: WritePiecesOptions,
): Promise<void> {
  const target = targetOf(fs, file)
  using _lock = await acquireLock(fs, target, options)
  const staged = stagedPath(target)
  try {
    const before = statusIfThere(fs, target)
    if (before !== undefined && before.kind !== 'file') {
      throw new StacksealError('ERR_NOT_REPLACEABLE', `${file} is not a regular file`, {
        hint: 'name another file, or none: the answer then goes to standard output',
      })
    }
    if (before !== undefined) fs.checkWritable(target)
    await stage(fs, staged, pieces, before, options.secret)
  } catch (error) {
    removeLeftover(fs, staged)
    throw errnoOf(error) === undefined ? error : refused(error, target)
  }
  try {
    fs.rename(staged, target)
  } catch (error) {
    removeLeftover(fs, staged)
    throw renameRefused(error, target)
  }
  try {
    fs.fsyncFolder(dirname(target))
  } catch (error) {
    throw ioError(error, target, 'was written, but may be the old one again after a power cut', true)
  }
}

function targetOf(fs: FileSystem, file: string): string {
  try {
    return fs.realpath(file)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return file
    throw ioError(error, file, 'could not be found', false)
  }
}

async function stage(
  fs: FileSystem,
  staged: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  before: FileStatus | undefined,
  secret: boolean,
): Promise<void> {
  // Left by a process that is gone: we hold the lock. Removed, not emptied, so that a link put there is never followed.
  if (statusIfThere(fs, staged) !== undefined) fs.unlink(staged)
  const fd = fs.openExclusive(staged, before === undefined && !secret ? NEW_FILE_MODE : SECRET_MODE)
  try {
    const written = sha256OfPieces()
    for await (const piece of pieces) {
      writeAll(fs, fd, piece)
      written.add(piece)
    }
    if (before !== undefined) {
      keepOwnerAndMode(fs, fd, secret ? { ...before, mode: before.mode & SECRET_MODE } : before)
    }
    fs.fsync(fd)
    if (hashOf(fs, fd) !== written.hex()) {
      throw new StacksealError('ERR_IO', 'what was read back is not what was written', {
        hint: 'look into the system log: the disk or its driver loses data',
      })
    }
  } finally {
    fs.close(fd)
  }
}

function hashOf(fs: FileSystem, fd: number): string {
  const hash = sha256OfPieces()
  const buffer = new Uint8Array(READ_BYTES)
  for (let position = 0; ;) {
    const count = fs.read(fd, buffer, position)
    if (count === 0) return hash.hex()
    hash.add(buffer.subarray(0, count))
    position += count
  }
}
