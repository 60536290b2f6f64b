import { StacksealError } from '@stackseal/core'
import { ESCAPED, FIRST, LAST } from './json-tokenizer.ts'

/** One string of a state may be so long, in bytes: 256 MiB. Longer ones are not text that Node can hold. */
const MAX_TOKEN_BYTES = 1 << 28
/** A document that is looked at as a whole, likewise: 480 MiB. */
const MAX_TEXT_BYTES = 480 << 20

/**
 * Puts a token together whose pieces may lie in several chunks. Where it lies in one, nothing is copied: `chunk`, `start`
 * and `end` then say where.
 */
export class TokenPieces {
  chunk: Uint8Array = new Uint8Array()
  start = 0
  end = 0
  /** The token holds a backslash. */
  escaped = false
  #pieces: Uint8Array[] = []
  #length = 0

  /** Takes a piece; true once the token is whole. */
  take(chunk: Uint8Array, start: number, end: number, parts: number): boolean {
    if ((parts & FIRST) !== 0) {
      this.#pieces = []
      this.#length = 0
    }
    if (end - start > MAX_TOKEN_BYTES - this.#length) throw tooLarge(MAX_TOKEN_BYTES)
    if ((parts & FIRST) !== 0) {
      if ((parts & LAST) !== 0) {
        this.chunk = chunk
        this.start = start
        this.end = end
        this.escaped = (parts & ESCAPED) !== 0
        return true
      }
    }
    this.#pieces.push(chunk.slice(start, end))
    this.#length += end - start
    if ((parts & LAST) === 0) return false
    this.chunk = Buffer.concat(this.#pieces)
    this.start = 0
    this.end = this.chunk.length
    this.escaped = (parts & ESCAPED) !== 0
    this.#pieces = []
    return true
  }

  /** The text of a string token. Bytes that are not UTF-8 become U+FFFD, as in the reference. */
  stringText(): string {
    return stringText(this.chunk, this.start, this.end, this.escaped)
  }

  /** The token as it stands. */
  rawText(): string {
    return slice(this.chunk, this.start, this.end)
  }
}

/** The text that a string token in these bytes stands for, quotes included in the range. */
export function stringText(chunk: Uint8Array, start: number, end: number, escaped: boolean): string {
  // The tokenizer has seen a whole JSON string, so there is nothing left for JSON.parse to refuse.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the text of a JSON string parses to a string
  return escaped ? (JSON.parse(slice(chunk, start, end)) as string) : slice(chunk, start + 1, end - 1)
}

function slice(chunk: Uint8Array, start: number, end: number): string {
  return asBuffer(chunk).toString('utf8', start, end)
}

/** The same bytes with the methods of Node's Buffer, which it lends to no other array before Node 24. */
export function asBuffer(chunk: Uint8Array): Buffer {
  return chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}

/** Tells whether these bytes are exactly that ASCII text. */
export function equalsAscii(chunk: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (chunk[start + i] !== text[i]) return false
  return true
}

/**
 * What JSON bytes say that a tokenizer has read to their end.
 * @throws ERR_FILE_TOO_LARGE for more than can be one text
 */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_TEXT_BYTES) throw tooLarge(MAX_TEXT_BYTES)
  return JSON.parse(slice(bytes, 0, bytes.length))
}

function tooLarge(limit: number): StacksealError {
  return new StacksealError('ERR_FILE_TOO_LARGE', `a value of the state is larger than ${limit} bytes`, {
    details: { limit },
  })
}
