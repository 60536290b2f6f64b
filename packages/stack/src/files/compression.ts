import { isStacksealError, StacksealError } from '@stackseal/core'
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ZstdFrame } from './zstd-frame.ts'

/** How the bytes of a state file are packed. */
export type Compression = 'none' | 'gzip' | 'zstd'

/** What a packed file's name ends with, behind `.json`. */
export const COMPRESSION_ENDINGS: Readonly<Record<Compression, string>> = { none: '', gzip: '.gz', zstd: '.zst' }

/** How many bytes it takes to tell. */
export const MAGIC_BYTES = 4

/** By the first bytes, as the reference does: names are not looked at. RFC 1952, 2.3.1; RFC 8878, 3.1.1. */
export function compressionOf(bytes: Uint8Array): Compression {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8) return 'gzip'
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return 'zstd'
  return 'none'
}

/**
 * Unpacks what {@link compressionOf} recognises; anything else comes back as it is.
 *
 * @param name of the file, for errors
 * @param maxBytes of what is unpacked: a few bytes can stand for very many
 * @throws ERR_MALFORMED_FILE, ERR_FILE_TOO_LARGE
 */
export function decompress(bytes: Uint8Array, name: string, maxBytes: number): Uint8Array {
  const compression = compressionOf(bytes)
  if (compression === 'none') return bytes
  if (compression === 'zstd' && !isWholeFrame(bytes)) throw damaged(name, compression)
  try {
    const unpack = compression === 'gzip' ? gunzipSync : zstdDecompressSync
    return plainBytes(unpack(bytes, { maxOutputLength: maxBytes }))
  } catch (error) {
    throw unpackError(error, name, compression, maxBytes)
  }
}

function unpackError(error: unknown, name: string, compression: Compression, maxBytes: number): unknown {
  if (isStacksealError(error) || !(error instanceof Error)) return error
  const code = (error as { code?: unknown }).code
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return new StacksealError(
      'ERR_FILE_TOO_LARGE',
      `${name} unpacks to more than ${Math.floor(maxBytes / 1024 / 1024)} MiB`,
      { details: { file: name, maximum: maxBytes } },
    )
  }
  return typeof code === 'string' ? damaged(name, compression, error) : error
}

function damaged(name: string, compression: Compression, cause?: Error): StacksealError {
  return new StacksealError(
    'ERR_MALFORMED_FILE',
    `${name} is cut off or damaged: its ${compression} data do not unpack`,
    { details: { file: name }, ...(cause === undefined ? {} : { cause }) },
  )
}

function isWholeFrame(bytes: Uint8Array): boolean {
  const frame = new ZstdFrame()
  frame.push(bytes)
  return frame.isWhole
}

/** Packs as {@link decompress} unpacks. */
export function compress(bytes: Uint8Array, compression: Compression): Uint8Array {
  if (compression === 'gzip') return plainBytes(gzipSync(bytes))
  // With a checksum, as the reference's encoder writes one.
  if (compression === 'zstd')
    return plainBytes(zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }))
  return bytes
}

/** The same bytes without what Node's Buffer adds. */
function plainBytes({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length)
}
