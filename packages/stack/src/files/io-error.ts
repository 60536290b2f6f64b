import { basename } from 'node:path'
import { isStacksealError, StacksealError } from '@stackseal/core'

interface Reason {
  readonly reason: string
  readonly hint: string
}

/** What an errno means for a person, and one thing to do about it. */
const REASONS: Readonly<Record<string, Reason>> = {
  ENOSPC: { reason: 'the disk is full', hint: 'free some space on that disk, then run the command again' },
  EDQUOT: {
    reason: 'the disk quota is used up',
    hint: 'delete files of yours on that disk, then run the command again',
  },
  EROFS: { reason: 'the file system is read-only', hint: 'mount it for writing, or work in a copy of the project' },
  EACCES: {
    reason: 'permission denied',
    hint: 'check owner and mode of the file and of its folder; to change the file, both must be writable',
  },
  EPERM: {
    reason: 'the operation is not permitted',
    hint: 'check owner, mode and attributes (lsattr) of the file and of its folder',
  },
  EIO: { reason: 'the disk reported an error', hint: 'look into the system log, and copy the project to another disk' },
  ENOENT: { reason: 'the folder is not there', hint: 'make the folder, or check the path' },
  ENOTDIR: { reason: 'a part of its path is not a folder', hint: 'check the path' },
  EISDIR: { reason: 'there is a folder in its place', hint: 'check the path' },
  ELOOP: { reason: 'its symbolic links lead in a circle', hint: 'repair the links' },
  ENAMETOOLONG: {
    reason: 'the name is too long',
    hint: 'take a shorter name: some characters are added to it for a moment',
  },
  EMFILE: { reason: 'this process has too many files open', hint: 'raise the limit (ulimit -n)' },
  ENFILE: { reason: 'the system has too many files open', hint: 'end other programs, then run the command again' },
  ESTALE: { reason: 'the network file system lost the file', hint: 'run the command again' },
}

/** The errno name of an error as Node throws it (`ENOENT`), or undefined for any other value. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || isStacksealError(error)) return undefined
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }
  return typeof code === 'string' && typeof syscall === 'string' ? code : undefined
}

/**
 * The StacksealError for a refusal of the operating system: `<file> <what>: <reason>`. Anything that is no such refusal
 * comes back as it is: a fault of ours must not look like one of the disk.
 *
 * @param what what could not be done, `could not be read`
 * @param changed whether the file was changed, where something was to be written
 */
export function ioError(error: unknown, file: string, what: string, changed?: boolean): unknown {
  const errno = errnoOf(error)
  if (errno === undefined) return error
  const { reason, hint } = REASONS[errno] ?? { reason: `the system answered ${errno}`, hint: undefined }
  return new StacksealError('ERR_IO', `${basename(file)} ${what}: ${reason}${outcome(file, changed)}`, {
    hint,
    details: { file, errno, ...(changed === undefined ? {} : { changed }) },
    cause: error,
  })
}

/** What became of the file, for the end of a message. */
export function outcome(file: string, changed: boolean | undefined): string {
  if (changed === undefined) return ''
  return changed ? `; ${basename(file)} was changed` : `; ${basename(file)} was not changed`
}
