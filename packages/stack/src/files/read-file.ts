import { Buffer } from 'node:buffer'
import { basename } from 'node:path'
import { StacksealError, utf8Text } from '@stackseal/core'
import type { FileKind, FileSystem } from './file-system.ts'
import { errnoOf, ioError } from './io-error.ts'

/** A stack or project file that is larger is refused before it is read. */
export const MAX_TEXT_FILE_BYTES: number = 64 * 1024 * 1024

export interface TextFile {
  /** The file byte for byte: what a writer compares the file with before it replaces it. */
  readonly bytes: Uint8Array
  /** The same as text; a byte order mark is its first character. */
  readonly text: string
}

/**
 * Reads a text file; undefined if there is none. A link in the last place of the path is not followed: whoever wants
 * that resolves it first (`resolveStackFile`, or `realpath` where any place will do).
 *
 * @throws ERR_FILE_TOO_LARGE over `maxBytes` (64 MiB)
 * @throws ERR_MALFORMED_FILE for what is not a regular file, or not UTF-8 (details: `offset`, in bytes)
 * @throws ERR_LINK_NOT_FOLLOWED for a symbolic link
 * @throws ERR_IO
 */
export function readTextFile(fs: FileSystem, path: string, maxBytes = MAX_TEXT_FILE_BYTES): TextFile | undefined {
  const bytes = readBytes(fs, path, maxBytes)
  if (bytes === undefined) return undefined
  const text = utf8Text(bytes)
  if (text === undefined) throw notUtf8(path, bytes)
  return { bytes, text }
}

/** As {@link readTextFile}, whatever the bytes are. */
export function readBytes(fs: FileSystem, path: string, maxBytes: number): Uint8Array | undefined {
  let fd: number
  try {
    fd = fs.openToRead(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    if (errnoOf(error) === 'ELOOP') {
      throw new StacksealError(
        'ERR_LINK_NOT_FOLLOWED',
        `${basename(path)} is a symbolic link, which is not followed here`,
        {
          details: { file: path },
          cause: error,
        },
      )
    }
    throw ioError(error, path, 'could not be read')
  }
  try {
    const { kind, size } = fs.fstat(fd)
    if (kind !== 'file') throw notAFile(path, kind)
    const bytes = size > maxBytes ? undefined : readAll(fs, fd, size, maxBytes)
    if (bytes !== undefined) return bytes
    throw new StacksealError('ERR_FILE_TOO_LARGE', `${basename(path)} is larger than ${maxBytes / 1024 / 1024} MiB`, {
      details: { file: path, size, maximum: maxBytes },
    })
  } catch (error) {
    throw ioError(error, path, 'could not be read')
  } finally {
    closeAfterReading(fs, fd)
  }
}

/** What was only read loses nothing where closing it fails. */
function closeAfterReading(fs: FileSystem, fd: number): void {
  try {
    fs.close(fd)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
  }
}

/** The whole content, of which `size` is a guess: the file may grow meanwhile. Undefined if it exceeds `maxBytes`. */
function readAll(fs: FileSystem, fd: number, size: number, maxBytes: number): Uint8Array | undefined {
  let buffer = new Uint8Array(size + 1)
  let length = 0
  for (;;) {
    const count = fs.read(fd, buffer.subarray(length), length)
    if (count === 0) return buffer.subarray(0, length)
    length += count
    if (length > maxBytes) return undefined
    if (length === buffer.length) {
      const larger = new Uint8Array(Math.min(2 * length, maxBytes + 1))
      larger.set(buffer)
      buffer = larger
    }
  }
}

const KIND_NAMES: Readonly<Record<FileKind, string>> = {
  file: 'a file',
  folder: 'a folder',
  link: 'a symbolic link',
  other: 'a pipe, socket or device',
}

function notAFile(path: string, kind: FileKind): StacksealError {
  return new StacksealError('ERR_MALFORMED_FILE', `${basename(path)} is ${KIND_NAMES[kind]}, not a file`, {
    hint: 'name a regular file',
    details: { file: path },
  })
}

function notUtf8(path: string, bytes: Uint8Array): StacksealError {
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  const offset = firstInvalidUtf8(bytes)
  return new StacksealError(
    'ERR_MALFORMED_FILE',
    `${basename(path)} is not UTF-8 text: byte ${offset} does not belong there`,
    {
      hint: wide ? 'the file is UTF-16: save it as UTF-8' : 'save the file as UTF-8',
      details: { file: path, offset },
    },
  )
}

/** Where a lenient decoder puts its first replacement for a byte that is none. */
function firstInvalidUtf8(bytes: Uint8Array): number {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  let offset = 0
  for (let from = 0; ;) {
    const at = text.indexOf('\uFFFD', from)
    if (at < 0) return offset
    offset += Buffer.byteLength(text.slice(from, at))
    // EF BF BD is U+FFFD itself, written on purpose.
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) return offset
    offset += 3
    from = at + 1
  }
}

/** As {@link readTextFile}, through links to wherever they lead: for files that are only read and that the user has chosen. */
export function readLinkedFile(fs: FileSystem, path: string): TextFile | undefined {
  let real: string
  try {
    real = fs.realpath(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw ioError(error, path, 'could not be read')
  }
  return readTextFile(fs, real)
}
