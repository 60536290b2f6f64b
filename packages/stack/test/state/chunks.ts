/** The same bytes in pieces of that size, each in memory of its own. */
export function* chunksOf(text: string | Uint8Array, size: number): Generator<Uint8Array> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}

export interface Outcome {
  readonly text: string
  readonly error: unknown
}

/** All that a stream gives, and what it ended with. */
export async function outcomeOf(stream: AsyncIterable<Uint8Array>): Promise<Outcome> {
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of stream) pieces.push(piece)
    return { text: Buffer.concat(pieces).toString('utf8'), error: undefined }
  } catch (error) {
    return { text: Buffer.concat(pieces).toString('utf8'), error }
  }
}

export async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const { text, error } = await outcomeOf(stream)
  if (error !== undefined) throw error
  return text
}

export const CHUNK_SIZES: readonly number[] = [
  ...Array.from({ length: 64 }, (_, i) => i + 1),
  4095,
  4096,
  4097,
  1 << 20,
]
