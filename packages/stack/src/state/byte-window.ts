/** The bytes of a stream that have been read and not yet been given on. Offsets count from the stream's begin. */
export class ByteWindow {
  /** The first byte that is held, and the one after the last. */
  from = 0
  to = 0
  #chunks: Uint8Array[] = []

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.to += chunk.length
  }

  get length(): number {
    return this.to - this.from
  }

  /** The text of bytes that are held; they are ASCII. */
  text(start: number, end: number): string {
    return this.#join(start, end).toString('latin1')
  }

  /** Takes the bytes before this offset out. */
  take(end: number): Buffer {
    const taken = this.#join(this.from, end)
    let passed = this.from
    let kept = 0
    while (kept < this.#chunks.length && passed + (this.#chunks[kept]?.length ?? 0) <= end) {
      passed += this.#chunks[kept++]?.length ?? 0
    }
    this.#chunks.splice(0, kept)
    const first = this.#chunks[0]
    if (first !== undefined && passed < end) this.#chunks[0] = first.subarray(end - passed)
    this.from = end
    return taken
  }

  #join(start: number, end: number): Buffer {
    const pieces: Uint8Array[] = []
    let at = this.from
    for (const chunk of this.#chunks) {
      if (at >= end) break
      if (at + chunk.length > start)
        pieces.push(chunk.subarray(Math.max(0, start - at), Math.min(chunk.length, end - at)))
      at += chunk.length
    }
    const [only] = pieces
    if (only !== undefined && pieces.length === 1) return Buffer.from(only.buffer, only.byteOffset, only.length)
    return Buffer.concat(pieces)
  }
}
