import type { JsonPrinter } from './json-printer.ts'
import { type JsonHandler, LAST } from './json-tokenizer.ts'
import { TokenPieces } from './token-text.ts'

const PENDING = 'pending_operations'
const METADATA = 'metadata'

/**
 * Passes the tokens of a deployment on as an import lets it in: without its pending operations, and with the `metadata`
 * that the reference always writes.
 */
export class ImportedDeployment implements JsonHandler {
  readonly #printer: JsonPrinter
  readonly #key = new TokenPieces()
  #depth = 0
  #skips = false
  #hasMetadata = false

  constructor(printer: JsonPrinter) {
    this.#printer = printer
  }

  begin(byte: number): void {
    this.#depth++
    if (!this.#skips) this.#printer.begin(byte)
  }

  end(byte: number): void {
    this.#depth--
    if (this.#depth === 0 && !this.#hasMetadata) {
      this.#printer.name(METADATA)
      this.#printer.value('{}')
    }
    if (!this.#skips) this.#printer.end(byte)
    else if (this.#depth === 1) this.#skips = false
  }

  key(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if (this.#skips) return
    if (this.#depth === 1 && this.#key.take(chunk, start, end, parts)) {
      const name = this.#key.stringText().toLowerCase()
      this.#hasMetadata ||= name === METADATA
      this.#skips = name === PENDING
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
