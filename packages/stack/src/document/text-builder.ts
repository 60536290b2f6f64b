const PARTS_AT_ONCE = 4096

/** Joins parts now and then: a text of millions of parts costs no more memory than its length. */
export class TextBuilder {
  #joined = ''
  #parts: string[] = []

  get isEmpty(): boolean {
    return this.#joined === '' && this.#parts.length === 0
  }

  add(...parts: readonly string[]): this {
    for (const part of parts) if (part !== '') this.#parts.push(part)
    if (this.#parts.length >= PARTS_AT_ONCE) {
      this.#joined += this.#parts.join('')
      this.#parts = []
    }
    return this
  }

  toString(): string {
    return this.#joined + this.#parts.join('')
  }
}
