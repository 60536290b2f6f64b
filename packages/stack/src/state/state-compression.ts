import { isStacksealError, StacksealError } from '@stackseal/core'
import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { type Compression, compressionOf, MAGIC_BYTES } from '../files/compression.ts'
import { ZstdFrame } from '../files/zstd-frame.ts'

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
  while (head.length < MAGIC_BYTES && !ended) {
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
  const frame = compression === 'zstd' ? new ZstdFrame() : undefined
  const source = Readable.from(watched(all, frame), { objectMode: false })
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
  if (frame?.isWhole === false) throw damaged(compression)
}

async function* watched(chunks: AsyncGenerator<Uint8Array>, frame: ZstdFrame | undefined): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    frame?.push(chunk)
    yield chunk
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

function damaged(compression: Compression): StacksealError {
  return new StacksealError('ERR_MALFORMED_FILE', `the state begins like ${compression}, and does not decompress`, {
    details: { compression },
  })
}
