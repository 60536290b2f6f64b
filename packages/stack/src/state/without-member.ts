import type { JsonPrinter } from './json-printer.ts'
import { type JsonHandler, LAST } from './json-tokenizer.ts'
import { TokenPieces } from './token-text.ts'

/** Passes the tokens of an object on, without one of its members. */
export class WithoutMember implements JsonHandler {
  readonly #printer: JsonPrinter
  readonly #name: string
  readonly #key = new TokenPieces()
  #depth = 0
  #skips = false

  constructor(printer: JsonPrinter, name: string) {
    this.#printer = printer
    this.#name = name
  }

  begin(byte: number): void {
    this.#depth++
    if (!this.#skips) this.#printer.begin(byte)
  }

  end(byte: number): void {
    this.#depth--
    if (!this.#skips) this.#printer.end(byte)
    else if (this.#depth === 1) this.#skips = false
  }

  key(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if (this.#skips) return
    if (this.#depth === 1 && this.#key.take(chunk, start, end, parts)) {
      this.#skips = this.#key.stringText().toLowerCase() === this.#name
      if (this.#skips) return
    }
    this.#printer.key(chunk, start, end, parts)
  }

  string(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if (!this.#skips) this.#printer.string(chunk, start, end, parts)
    else this.#endScalar(parts)
  }

  scalar(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if (!this.#skips) this.#printer.scalar(chunk, start, end, parts)
    else this.#endScalar(parts)
  }

  #endScalar(parts: number): void {
    if (this.#depth === 1 && (parts & LAST) !== 0) this.#skips = false
  }
}
