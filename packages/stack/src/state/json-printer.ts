import { goJsonString } from '../values/go-json.ts'
import { FIRST, type JsonHandler, OPEN_LIST, OPEN_OBJECT } from './json-tokenizer.ts'
import { asBuffer, TokenPieces } from './token-text.ts'

const NEWLINE = 0x0a
const SPACE = 0x20
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const LOWER_U = 0x75
const SLASH = 0x2f
const SHORT_BYTES = 48

/**
 * Lays a JSON text out anew, from its tokens: indented as Go's `encoding/json` indents, or on one line. Numbers keep their
 * spelling and members their order. Strings keep theirs too, but for escapes that Go would not write (`\/`, `\u003c`): the
 * character itself stands there then, as in the reference's exports.
 */
export class JsonPrinter implements JsonHandler {
  /** Strings stand exactly as they came, for as long as this is set: the reference does not read what is in there. */
  verbatim = false
  readonly #indent: number
  readonly #token = new TokenPieces()
  readonly #keyToken = new TokenPieces()
  #out: Buffer = Buffer.allocUnsafe(1 << 16)
  #length = 0
  #level = 0
  /** Whether the open object or list of that level has a member already. */
  readonly #filled: boolean[] = []
  #afterKey = true

  /** @param indent how many spaces one level is indented by; 0: everything on one line, without spaces */
  constructor(indent: number) {
    this.#indent = indent
  }

  /** What has been printed since the last time. */
  take(): Buffer {
    const taken = Buffer.from(this.#out.subarray(0, this.#length))
    this.#length = 0
    return taken
  }

  begin(byte: number): void {
    this.#separate()
    this.#byte(byte)
    this.#filled[++this.#level] = false
    this.#afterKey = false
  }

  end(byte: number): void {
    if (this.#filled[this.#level--] === true) this.#line()
    this.#byte(byte)
  }

  key(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if (!this.#keyToken.take(chunk, start, end, parts)) return
    this.#separate()
    this.#string(this.#keyToken)
    this.#colon()
  }

  string(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if ((parts & FIRST) !== 0) this.#separate()
    if (this.#token.take(chunk, start, end, parts)) this.#string(this.#token)
  }

  scalar(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if ((parts & FIRST) !== 0) this.#separate()
    this.#bytes(chunk, start, end)
  }

  /** A member's name that stood nowhere. */
  name(text: string): void {
    this.#separate()
    this.#text(goJsonString(text, false))
    this.#colon()
  }

  /** A value that stood nowhere, as JSON on one line. */
  value(json: string): void {
    this.#separate()
    this.#text(json)
  }

  beginObject(): void {
    this.begin(OPEN_OBJECT)
  }

  beginList(): void {
    this.begin(OPEN_LIST)
  }

  lineEnd(): void {
    this.#byte(NEWLINE)
  }

  #separate(): void {
    if (this.#afterKey) {
      this.#afterKey = false
      return
    }
    if (this.#level === 0) return
    if (this.#filled[this.#level] === true) this.#byte(COMMA)
    this.#filled[this.#level] = true
    this.#line()
  }

  #colon(): void {
    this.#byte(COLON)
    if (this.#indent > 0) this.#byte(SPACE)
    this.#afterKey = true
  }

  #line(): void {
    if (this.#indent === 0) return
    const spaces = this.#level * this.#indent
    this.#reserve(spaces + 1)
    this.#out[this.#length++] = NEWLINE
    this.#out.fill(SPACE, this.#length, this.#length + spaces)
    this.#length += spaces
  }

  #string(token: TokenPieces): void {
    if (!token.escaped || this.verbatim || isAsGoWrites(token.chunk, token.start, token.end)) {
      this.#bytes(token.chunk, token.start, token.end)
    } else this.#text(goJsonString(token.stringText(), false))
  }

  #text(text: string): void {
    this.#reserve(Buffer.byteLength(text))
    this.#length += this.#out.write(text, this.#length)
  }

  #bytes(chunk: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start)
    if (end - start > SHORT_BYTES) {
      this.#out.set(chunk.subarray(start, end), this.#length)
      this.#length += end - start
      return
    }
    for (let i = start; i < end; i++) this.#out[this.#length++] = chunk[i]!
  }

  #byte(byte: number): void {
    this.#reserve(1)
    this.#out[this.#length++] = byte
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#out.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#out.length, this.#length + count))
    this.#out.copy(larger, 0, 0, this.#length)
    this.#out = larger
  }
}

/** Tells whether each escape in a string token is one that Go would write. */
function isAsGoWrites(chunk: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end - 1; i++) {
    if (chunk[i] !== BACKSLASH) continue
    const letter = chunk[++i]
    if (letter === SLASH) return false
    if (letter === LOWER_U && !isUnicodeOfGo(chunk, i + 1)) return false
  }
  return true
}

/** Go writes \u2028, \u2029, and control characters that have no letter, in lower case. */
function isUnicodeOfGo(chunk: Uint8Array, at: number): boolean {
  const hex = asBuffer(chunk).toString('latin1', at, at + 4)
  return /^(?:202[89]|001[0-9a-f]|000[0-7be])$/.test(hex) || hex === '000f'
}
