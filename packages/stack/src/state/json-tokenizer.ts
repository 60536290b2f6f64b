import { StacksealError } from '@stackseal/core'
import { INTEGER, MAY_END, MINUS, numberStep, ZERO } from './json-number.ts'

/** As deep as the reference reads. What is nested deeper is refused, so that nothing here grows with it. */
export const MAX_DEPTH = 10_000

/** What a piece of a string, key or scalar is of the whole: a token that lies across chunks comes in several pieces. */
export const FIRST = 1
export const LAST = 2
/** A backslash has been seen in this token. */
export const ESCAPED = 4

/**
 * Takes the tokens of a JSON text. Positions are indexes into `chunk`; a string's piece holds its quotes. Nothing that is
 * handed over is copied: whoever keeps a piece copies it.
 */
export interface JsonHandler {
  /** An object (`{`) or a list (`[`) begins. */
  begin(byte: number, chunk: Uint8Array, at: number): void
  /** The innermost object or list ends with this byte. */
  end(byte: number, chunk: Uint8Array, at: number): void
  /** A piece of an object's key; `parts` is made of FIRST, LAST and ESCAPED. */
  key(chunk: Uint8Array, start: number, end: number, parts: number): void
  /** A piece of a string value. */
  string(chunk: Uint8Array, start: number, end: number, parts: number): void
  /** A piece of a number, `true`, `false` or `null`. */
  scalar(chunk: Uint8Array, start: number, end: number, parts: number): void
}

// What may come next. Plain constants: the loop below is the hot path of every command that reads a state.
const VALUE = 0
const FIRST_ITEM = 1
const FIRST_KEY = 2
const KEY = 3
const COLON = 4
const AFTER = 5
const STRING = 6
const ESCAPE = 7
const HEX = 8
const NUMBER = 9
const LITERAL = 10
const DONE = 11

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
export const OPEN_OBJECT = 0x7b
export const OPEN_LIST = 0x5b
const CLOSE_OBJECT = 0x7d
const CLOSE_LIST = 0x5d

/** 1 for the bytes that end a run of plain characters in a string: the quote, the backslash, control characters. */
const ENDS_RUN = new Uint8Array(256)
ENDS_RUN.fill(1, 0, 0x20)
ENDS_RUN[QUOTE] = 1
ENDS_RUN[BACKSLASH] = 1

const IS_SPACE = new Uint8Array(256)
for (const space of ' \t\n\r') IS_SPACE[space.charCodeAt(0)] = 1

const IS_HEX = new Uint8Array(256)
for (const digit of '0123456789abcdefABCDEF') IS_HEX[digit.charCodeAt(0)] = 1

const IS_ESCAPE = new Uint8Array(256)
for (const letter of '"\\/bfnrt') IS_ESCAPE[letter.charCodeAt(0)] = 1

const LITERALS: readonly Uint8Array[] = ['true', 'false', 'null'].map((word) => new TextEncoder().encode(word))

/**
 * Cuts a JSON text (RFC 8259) into tokens, as its bytes come: chunks may end anywhere, also inside a character or an
 * escape. It is a state machine over bytes that keeps the kind of each open object or list and nothing else. Bytes that
 * are not UTF-8 pass, as in the reference; whatever else is not JSON is refused at its place.
 */
export class JsonTokenizer {
  /** How many bytes came before the chunk that is being read. */
  base = 0
  /** How many objects and lists are open. */
  depth = 0
  readonly #handler: JsonHandler
  #kinds = new Uint8Array(64)
  #state = VALUE
  /** The string being read is a key. */
  #inKey = false
  /** FIRST until a piece of the token was handed over; ESCAPED once it has a backslash. */
  #parts = FIRST
  /** Hex digits still to come, the place in a number, or the place in a literal. */
  #step = 0
  #literal: Uint8Array = new Uint8Array()

  constructor(handler: JsonHandler) {
    this.#handler = handler
  }

  /** Whether the value that the text consists of has ended; only white space may follow. */
  get done(): boolean {
    return this.#state === DONE
  }

  /**
   * Reads the next bytes.
   * @throws ERR_MALFORMED_FILE where they are not JSON
   */
  push(chunk: Uint8Array): void {
    const handler = this.#handler
    const end = chunk.length
    let state = this.#state
    let at = 0
    // Where the token being read begins in this chunk; a token that began in an earlier one goes on at 0.
    let start = 0
    while (at < end) {
      const byte = chunk[at]!
      switch (state) {
        case STRING: {
          while (at < end && ENDS_RUN[chunk[at]!] === 0) at++
          if (at === end) break
          const stop = chunk[at]!
          if (stop < 0x20) throw this.#malformed(at, 'a control character stands in a string')
          at++
          if (stop === BACKSLASH) {
            this.#parts |= ESCAPED
            state = ESCAPE
            break
          }
          if (this.#inKey) {
            handler.key(chunk, start, at, this.#parts | LAST)
            state = COLON
          } else {
            handler.string(chunk, start, at, this.#parts | LAST)
            state = this.depth === 0 ? DONE : AFTER
          }
          break
        }
        case ESCAPE:
          if (byte === 0x75) {
            this.#step = 4
            state = HEX
          } else if (IS_ESCAPE[byte] === 1) state = STRING
          else throw this.#malformed(at, 'what follows a backslash is no escape')
          at++
          break
        case HEX:
          if (IS_HEX[byte] === 0) throw this.#malformed(at, 'what follows \\u is not four hexadecimal digits')
          at++
          if (--this.#step === 0) state = STRING
          break
        case NUMBER: {
          const next = numberStep(this.#step, byte)
          if (next !== 0) {
            this.#step = next
            at++
            break
          }
          if (MAY_END[this.#step] === 0) throw this.#malformed(at, 'a number has no digit where one has to be')
          handler.scalar(chunk, start, at, this.#parts | LAST)
          state = this.depth === 0 ? DONE : AFTER
          break
        }
        case LITERAL:
          if (byte !== this.#literal[this.#step]) throw this.#malformed(at, 'a word is not true, false or null')
          at++
          if (++this.#step < this.#literal.length) break
          handler.scalar(chunk, start, at, this.#parts | LAST)
          state = this.depth === 0 ? DONE : AFTER
          break
        default:
          if (IS_SPACE[byte] === 1) {
            // Half of an indented state is white space.
            do at++
            while (at < end && IS_SPACE[chunk[at]!] === 1)
            break
          }
          switch (state) {
            case AFTER: {
              const kind = this.#kinds[this.depth - 1]
              if (byte === COMMA) {
                state = kind === OPEN_OBJECT ? KEY : VALUE
                at++
                break
              }
              if (byte === (kind === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST)) {
                handler.end(byte, chunk, at)
                state = --this.depth === 0 ? DONE : AFTER
                at++
                break
              }
              throw this.#malformed(at, kind === OPEN_OBJECT ? 'a comma or } is missing' : 'a comma or ] is missing')
            }
            case FIRST_KEY:
            case KEY:
              if (byte === QUOTE) {
                this.#inKey = true
                this.#parts = FIRST
                start = at++
                state = STRING
                break
              }
              if (state === FIRST_KEY && byte === CLOSE_OBJECT) {
                handler.end(byte, chunk, at)
                state = --this.depth === 0 ? DONE : AFTER
                at++
                break
              }
              throw this.#malformed(at, 'the name of a member is missing')
            case COLON:
              if (byte !== 0x3a) throw this.#malformed(at, 'a colon is missing')
              state = VALUE
              at++
              break
            case DONE:
              throw this.#malformed(at, 'something follows its end')
            default:
              if (byte === QUOTE) {
                this.#inKey = false
                this.#parts = FIRST
                start = at++
                state = STRING
                break
              }
              if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
                this.#open(byte, at)
                handler.begin(byte, chunk, at)
                state = byte === OPEN_OBJECT ? FIRST_KEY : FIRST_ITEM
                at++
                break
              }
              if (state === FIRST_ITEM && byte === CLOSE_LIST) {
                handler.end(byte, chunk, at)
                state = --this.depth === 0 ? DONE : AFTER
                at++
                break
              }
              start = at++
              state = this.#beginScalar(byte, start)
          }
      }
    }
    if (state >= STRING && state <= LITERAL && start < end) {
      const parts = this.#parts
      if (state >= NUMBER) handler.scalar(chunk, start, end, parts)
      else if (this.#inKey) handler.key(chunk, start, end, parts)
      else handler.string(chunk, start, end, parts)
      this.#parts &= ~FIRST
    }
    this.#state = state
    this.base += end
  }

  /**
   * Says that no more bytes come.
   * @throws ERR_MALFORMED_FILE if the text has not ended
   */
  finish(): void {
    if (this.#state === NUMBER && this.depth === 0 && MAY_END[this.#step] === 1) {
      // A number alone ends with the text, and nowhere else.
      this.#handler.scalar(new Uint8Array(), 0, 0, this.#parts | LAST)
      this.#state = DONE
    }
    if (this.#state === DONE) return
    throw this.#malformed(0, this.base === 0 ? 'it is empty' : 'it ends in the middle')
  }

  #open(byte: number, at: number): void {
    if (this.depth === MAX_DEPTH) throw this.#malformed(at, `it is nested more than ${MAX_DEPTH} deep`)
    if (this.depth === this.#kinds.length) {
      const larger = new Uint8Array(2 * this.#kinds.length)
      larger.set(this.#kinds)
      this.#kinds = larger
    }
    this.#kinds[this.depth++] = byte
  }

  #beginScalar(byte: number, at: number): number {
    this.#parts = FIRST
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      this.#step = byte === 0x2d ? MINUS : byte === 0x30 ? ZERO : INTEGER
      return NUMBER
    }
    const literal = LITERALS.find((word) => word[0] === byte)
    if (literal === undefined) throw this.#malformed(at, 'a value is missing')
    this.#literal = literal
    this.#step = 1
    return LITERAL
  }

  #malformed(at: number, reason: string): StacksealError {
    return notJson(reason, this.base + at)
  }
}

const PIECE_BYTES = 1 << 17

/**
 * Reads bytes that are all there. In pieces: one call that runs for a second is compiled while it runs, and falls back to
 * the interpreter when a handler does something new.
 */
export function pushPieces(reader: { push(chunk: Uint8Array): void }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) reader.push(bytes.subarray(at, at + PIECE_BYTES))
}

/** What is said where a state is not JSON. The message never shows a byte of it. */
function notJson(reason: string, at: number): StacksealError {
  return new StacksealError('ERR_MALFORMED_FILE', `the state is not JSON: ${reason} (at byte ${at})`, {
    details: { at },
  })
}
