import { StacksealError } from '@stackseal/core'

/** A provider block holds a type and a sealed key. What is larger is none. In bytes. */
const MAX_BLOCK = 1 << 20

/** The provider block as it stands: the offsets of its value from the document's begin, and its bytes as text. */
export interface BlockRange {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Where a provider block would stand in a document that has none. Offsets from the document's begin. */
export interface BlockPlace {
  readonly at: number
  /** It comes behind a member, the manifest; else before the first member, or alone. */
  readonly position: 'after' | 'before' | 'alone'
  /** How its neighbours are spaced: what stands between these offsets. */
  readonly beforeMember: readonly [start: number, end: number]
  readonly colon: readonly [start: number, end: number]
  /** How many objects the member stands in. */
  readonly depth: number
}

export interface BlockEvents {
  /** The provider block, at most once. */
  block(block: BlockRange): void
  /** Where a block would stand. The last one given counts; the bytes it speaks of have all been read. */
  place(place: BlockPlace): void
}

/** Gathers the provider block as its bytes come, or finds the place where the reference would put it. */
export class BlockFinder {
  readonly #events: BlockEvents
  #from: number | undefined
  #pieces: Uint8Array[] = []
  #depth = 0
  #openedAt = 0
  #beforeMember: readonly [number, number] | undefined
  #colon: readonly [number, number] | undefined

  constructor(events: BlockEvents) {
    this.#events = events
  }

  /** Where a block begins that has not ended yet; Infinity without one. */
  get openFrom(): number {
    return this.#from ?? Infinity
  }

  /** An object begins in which a block may stand. */
  open(at: number, depth: number): void {
    this.#depth = depth
    this.#openedAt = at + 1
    this.#beforeMember = undefined
    this.#colon = undefined
  }

  /** A member's name begins. */
  key(depth: number, keyStart: number): void {
    if (depth === this.#depth) this.#beforeMember ??= [this.#openedAt, keyStart]
  }

  /** A member's value begins. */
  value(depth: number, keyEnd: number, at: number): void {
    if (depth !== this.#depth || this.#colon !== undefined || depth === 0) return
    this.#colon = [keyEnd, at]
    this.#tell(this.#openedAt, 'before')
  }

  /** The manifest has ended, before this offset. */
  afterManifest(depth: number, at: number): void {
    if (depth === this.#depth) this.#tell(at, 'after')
  }

  /** The object ends. What follows in the objects around it is no place for a block. */
  close(at: number): void {
    if (this.#beforeMember === undefined) {
      this.#beforeMember = [at, at]
      this.#colon = [at, at]
      this.#tell(this.#openedAt, 'alone')
    }
    this.#depth = -1
  }

  beginBlock(at: number): void {
    this.#from = at
  }

  /** Keeps what of a block lies in this chunk, which begins at `base`, before `end`. */
  keep(chunk: Uint8Array, base: number, end: number): void {
    if (this.#from === undefined) return
    if (base + end - this.#from > MAX_BLOCK) {
      throw new StacksealError('ERR_MALFORMED_FILE', 'secrets_providers of the state is larger than any there is')
    }
    this.#pieces.push(chunk.slice(Math.max(0, this.#from - base), end))
  }

  endBlock(end: number): void {
    const start = this.#from ?? end
    const text = Buffer.concat(this.#pieces).toString('utf8')
    this.#from = undefined
    this.#pieces = []
    this.#events.block({ start, end, text })
  }

  #tell(at: number, position: BlockPlace['position']): void {
    if (this.#beforeMember === undefined || this.#colon === undefined) return
    this.#events.place({ at, position, beforeMember: this.#beforeMember, colon: this.#colon, depth: this.#depth })
  }
}
