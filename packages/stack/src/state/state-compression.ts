import { isStacksealError, StacksealError } from '@stackseal/core'
import {
  createGunzip,
  createZstdDecompress,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import { Readable } from 'node:stream'

export type StateCompression = 'none' | 'gzip' | 'zstd'

/** What a state in memory may hold when it is decompressed, in bytes: 1 GiB. Streams have no limit. */
export const MAX_STATE_BYTES = 1_073_741_824

const GZIP_MAGIC = [0x1f, 0x8b]
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd]

/** How bytes are compressed, by the magic bytes that they begin with: the reference does not look at a file's name. */
export function compressionOf(bytes: Uint8Array): StateCompression {
  if (GZIP_MAGIC.every((byte, i) => bytes[i] === byte)) return 'gzip'
  return ZSTD_MAGIC.every((byte, i) => bytes[i] === byte) ? 'zstd' : 'none'
}

/**
 * The JSON bytes of a state that may be compressed. A few bytes may say that they are very many: what would be larger than
 * the limit is refused before it is there.
 * @throws ERR_MALFORMED_FILE, ERR_FILE_TOO_LARGE
 */
export function readStateBytes(bytes: Uint8Array, limit: number = MAX_STATE_BYTES): Uint8Array {
  const compression = compressionOf(bytes)
  if (compression === 'none') return bytes
  try {
    const options = { maxOutputLength: limit }
    return compression === 'gzip' ? gunzipSync(bytes, options) : zstdDecompressSync(bytes, options)
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') {
      throw new StacksealError(
        'ERR_FILE_TOO_LARGE',
        `the state is larger than ${limit} bytes when it is decompressed`,
        {
          details: { limit, compression },
        },
      )
    }
    throw damaged(compression)
  }
}

/** Compresses the bytes of a state as a file of the backend is. */
export function compressStateBytes(bytes: Uint8Array, compression: StateCompression): Uint8Array {
  if (compression === 'none') return bytes
  return compression === 'gzip' ? gzipSync(bytes) : zstdCompressSync(bytes)
}

/**
 * The JSON bytes of a state that may be compressed, as they come. Memory does not grow with what they decompress to.
 * @throws ERR_MALFORMED_FILE
 */
export async function* decompressState(
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const chunks = Symbol.asyncIterator in input ? input[Symbol.asyncIterator]() : input[Symbol.iterator]()
  let head: Uint8Array = new Uint8Array()
  let ended = false
  while (head.length < ZSTD_MAGIC.length && !ended) {
    const next = await chunks.next()
    if (next.done === true) ended = true
    else head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  const all = rest(head, chunks)
  const compression = compressionOf(head)
  if (compression === 'none') {
    yield* all
    return
  }
  const decompress = compression === 'gzip' ? createGunzip() : createZstdDecompress()
  const source = Readable.from(all, { objectMode: false })
  source.on('error', (error) => decompress.destroy(error))
  try {
    for await (const chunk of source.pipe(decompress)) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a stream of bytes gives buffers
      yield chunk as Buffer
    }
  } catch (error) {
    throw isStacksealError(error) || !isZlibError(error) ? error : damaged(compression)
  } finally {
    source.destroy()
  }
}

async function* rest(
  head: Uint8Array,
  chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head
  for (;;) {
    const next = await chunks.next()
    if (next.done === true) return
    yield next.value
  }
}

function isZlibError(error: unknown): boolean {
  return /^(?:Z_|ZSTD_|ERR_)/.test(codeOf(error) ?? '')
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function damaged(compression: StateCompression): StacksealError {
  return new StacksealError('ERR_MALFORMED_FILE', `the state begins like ${compression}, and does not decompress`, {
    details: { compression },
  })
}
