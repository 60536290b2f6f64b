import { basename } from 'node:path'
import { StacksealError } from '@stackseal/core'
import type { FileSystem } from './file-system.ts'
import { errnoOf, ioError } from './io-error.ts'

const PIECE_BYTES = 128 * 1024

/** A file that is read piece by piece. */
export interface FilePieces {
  /** Absolute. */
  readonly file: string
  /** In bytes. */
  readonly size: number
  /** Its bytes; asked for once. */
  readonly pieces: Iterable<Uint8Array>
}

/**
 * Reads a file piece by piece; undefined if it is not there. It is open from now on, so that a writer that replaces it
 * does not matter.
 * @param path the real path
 * @throws ERR_IO; while it is read ERR_CHANGED_MEANWHILE if somebody writes into it
 */
export function readPieces(fs: FileSystem, path: string): FilePieces | undefined {
  let fd: number
  try {
    fd = fs.openToRead(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw ioError(error, path, 'could not be read')
  }
  const { kind, size } = fs.fstat(fd)
  if (kind !== 'file') {
    fs.close(fd)
    throw new StacksealError('ERR_IO', `${basename(path)} is not a regular file`, { details: { file: path } })
  }
  return { file: path, size, pieces: piecesOf(fs, fd, path, size) }
}

function* piecesOf(fs: FileSystem, fd: number, path: string, size: number): Generator<Uint8Array> {
  try {
    let position = 0
    for (;;) {
      const piece = new Uint8Array(Math.max(1, Math.min(PIECE_BYTES, size - position)))
      const count = read(fs, fd, path, piece, position)
      if (count === 0) break
      position += count
      yield piece.subarray(0, count)
    }
    if (position === size) return
    throw new StacksealError('ERR_CHANGED_MEANWHILE', `${basename(path)} was written to while it was read`, {
      hint: 'run the command again',
      details: { file: path },
    })
  } finally {
    fs.close(fd)
  }
}

function read(fs: FileSystem, fd: number, path: string, piece: Uint8Array, position: number): number {
  try {
    return fs.read(fd, piece, position)
  } catch (error) {
    throw ioError(error, path, 'could not be read')
  }
}
