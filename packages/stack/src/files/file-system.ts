import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  statSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { platform } from 'node:os'
import { errnoOf } from './io-error.ts'

export type FileKind = 'file' | 'folder' | 'link' | 'other'

export interface FileStatus {
  readonly kind: FileKind
  /** In bytes. */
  readonly size: number
  /** Permission bits, with set-user-id, set-group-id and sticky: 12 bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/**
 * What Stackseal asks of a file system: every file that it writes is written through these calls, each of which is one
 * step that can fail or be the last. They are synchronous so that the steps of a writer can be counted and cut.
 * A failure is thrown as Node throws it, an Error with an errno name as its `code`.
 */
export interface FileSystem {
  /** Of what the path leads to, links followed. */
  stat(path: string): FileStatus
  /** Of the name itself, a link as a link. */
  lstat(path: string): FileStatus
  fstat(fd: number): FileStatus
  readlink(path: string): string
  realpath(path: string): string
  readdir(path: string): readonly string[]
  /** When the content of what has this name was last written, a link as a link: nanoseconds since 1970. */
  modifiedNs(path: string): bigint
  /** Fails unless this user may write to what is there. Changes nothing. */
  checkWritable(path: string): void
  /** Opens for reading. Never hangs on a pipe and never follows a link in the last place of the path. */
  openToRead(path: string): number
  /** Reads into the buffer from that position of the file, in bytes; gives the count, 0 at the end. */
  read(fd: number, buffer: Uint8Array, position: number): number

  /** Makes a file that is not there, for writing and reading; the system's umask is taken off the mode. */
  openExclusive(path: string, mode: number): number
  /** Writes at the end of what this descriptor has written; gives the count, which may be less than asked. */
  write(fd: number, bytes: Uint8Array): number
  fchmod(fd: number, mode: number): void
  fchown(fd: number, uid: number, gid: number): void
  /** Makes the file's content, mode and owner survive a power cut. Its name is the folder's: {@link fsyncFolder}. */
  fsync(fd: number): void
  close(fd: number): void
  rename(from: string, to: string): void
  /** Gives an existing file a second name, which must not be there. */
  link(existing: string, name: string): void
  unlink(path: string): void
  mkdir(path: string, mode: number): void
  /** Makes the names in a folder survive a power cut, on platforms that can. */
  fsyncFolder(path: string): void
}

// Windows has neither flag; there, opening takes no terminal and devices have reserved names.
const NO_FOLLOW = (constants.O_NOFOLLOW as number | undefined) ?? 0
const NO_HANG = ((constants.O_NONBLOCK as number | undefined) ?? 0) | ((constants.O_NOCTTY as number | undefined) ?? 0)

/** The file system of the machine, through `node:fs`. */
export const nodeFileSystem: FileSystem = {
  stat: (path) => statusFrom(statSync(path)),
  lstat: (path) => statusFrom(lstatSync(path)),
  fstat: (fd) => statusFrom(fstatSync(fd)),
  readlink: (path) => readlinkSync(path),
  realpath: (path) => realpathSync(path),
  readdir: (path) => readdirSync(path),
  modifiedNs: (path) => lstatSync(path, { bigint: true }).mtimeNs,
  checkWritable: (path) => accessSync(path, constants.W_OK),
  openToRead: (path) => openSync(path, constants.O_RDONLY | NO_FOLLOW | NO_HANG),
  read: (fd, buffer, position) => readSync(fd, buffer, 0, buffer.length, position),
  openExclusive: (path, mode) =>
    openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, mode),
  write: (fd, bytes) => writeSync(fd, bytes),
  fchmod: (fd, mode) => fchmodSync(fd, mode),
  fchown: (fd, uid, gid) => fchownSync(fd, uid, gid),
  fsync: (fd) => fsyncSync(fd),
  close: (fd) => closeSync(fd),
  rename: renameWithPatience,
  link: (existing, name) => linkSync(existing, name),
  unlink: (path) => unlinkSync(path),
  mkdir: (path, mode) => mkdirSync(path, { mode }),
  fsyncFolder,
}

function statusFrom(stats: Stats): FileStatus {
  let kind: FileKind = 'other'
  if (stats.isFile()) kind = 'file'
  else if (stats.isDirectory()) kind = 'folder'
  else if (stats.isSymbolicLink()) kind = 'link'
  return { kind, size: stats.size, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid }
}

const RENAME_TRIES = 20
const RENAME_PAUSE_MS = 25

/** On Windows a virus scanner or an indexer may hold the file open for a moment, which makes a rename fail. */
function renameWithPatience(from: string, to: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      renameSync(from, to)
      return
    } catch (error) {
      const held = ['EPERM', 'EBUSY', 'EACCES'].includes(errnoOf(error) ?? '')
      if (!held || attempt === RENAME_TRIES || platform() !== 'win32') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RENAME_PAUSE_MS)
    }
  }
}

function fsyncFolder(path: string): void {
  if (platform() === 'win32') return // a folder can't be opened there; NTFS journals names itself
  const fd = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } catch (error) {
    // Some network and FUSE file systems know no fsync of a folder. A disk's error is another errno.
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error) ?? '')) throw error
  } finally {
    closeSync(fd)
  }
}
