const HAS_CHECKSUM = 0b100
const IS_SINGLE_SEGMENT = 0b10_0000
const MAGIC_AND_DESCRIPTOR_BYTES = 5
const BLOCK_HEADER_BYTES = 3
const CHECKSUM_BYTES = 4
/** A block of this kind is one byte that stands for many. RFC 8878, 3.1.1.2.2. */
const RLE = 1

/**
 * Tells whether a zstd frame comes to its end: Node 22 gives what there is of one that was cut off, and no error. What
 * follows the frame, and what its blocks hold, is the decoder's to refuse. RFC 8878, 3.1.1.
 */
export class ZstdFrame {
  /** The descriptor, once it was read. */
  #descriptor: number | undefined
  #isLastBlock = false
  /** The header that is being read. */
  #header: number[] = []
  /** Bytes that come before the next header. */
  #skip = 0

  /** True once all of the frame was given. */
  get isWhole(): boolean {
    return this.#isLastBlock && this.#skip === 0
  }

  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && !this.isWhole) {
      const skipped = Math.min(this.#skip, chunk.length - at)
      this.#skip -= skipped
      at += skipped
      const byte = chunk[at]
      if (this.#skip > 0 || byte === undefined || this.isWhole) return
      at++
      this.#header.push(byte)
      if (this.#descriptor === undefined) this.#readDescriptor()
      else this.#readBlock(this.#descriptor)
    }
  }

  #readDescriptor(): void {
    if (this.#header.length < MAGIC_AND_DESCRIPTOR_BYTES) return
    this.#descriptor = this.#header.at(-1) ?? 0
    this.#skip = headerBytes(this.#descriptor)
    this.#header = []
  }

  #readBlock(descriptor: number): void {
    if (this.#header.length < BLOCK_HEADER_BYTES) return
    const [low = 0, middle = 0, high = 0] = this.#header
    const kind = (low >> 1) & 0b11
    this.#skip = kind === RLE ? 1 : (low >> 3) | (middle << 5) | (high << 13)
    this.#isLastBlock = (low & 1) === 1
    if (this.#isLastBlock && (descriptor & HAS_CHECKSUM) !== 0) this.#skip += CHECKSUM_BYTES
    this.#header = []
  }
}

/** The length of what says window, dictionary and content size. RFC 8878, 3.1.1.1.1. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & IS_SINGLE_SEGMENT) !== 0
  const window = isSingleSegment ? 0 : 1
  const dictionary = [0, 1, 2, 4][descriptor & 0b11] ?? 0
  const content = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  return window + dictionary + content
}
