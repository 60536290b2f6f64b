import { StacksealError } from '@stackseal/core'

import { formatGoFloatJson } from '../values/go-number.ts'
import type { DocumentNode, ItemNode, MappingNode, PairNode, ParsedDocument, ScalarNode } from './document-node.ts'

/** More levels than anybody nests; fewer than would reach the end of the stack. */
const MAX_DEPTH = 1000

const BYTE_ORDER_MARK = 0xfeff
const BLANKS = /[ \t\r\n]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null/y
// oxlint-disable-next-line no-control-regex -- RFC 8259 §7 lets none of them stand in a string
const CONTROL = /[\u0000-\u001f]/

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

/**
 * Finds the tree of a JSON file: RFC 8259 and nothing more, as the reference's reader (Go's `encoding/json`) takes it.
 * Collections are flow collections, strings are in double quotes, everything else is plain. A number's text is the one
 * that the reference writes for its float64 (`1.50` is `1.5`, integers beyond 2^53 lose digits); half of a surrogate
 * pair is U+FFFD.
 *
 * @throws ERR_MALFORMED_FILE with details `line` and `column`, both from 1; it never shows the text of the file
 */
export function findJson(text: string): ParsedDocument {
  return new JsonFinder(text).document()
}

class JsonFinder {
  readonly #text: string
  #at: number
  /** The next quote and the next backslash from some place before here on, or the end of the text. */
  #quote = -1
  #backslash = -1

  constructor(text: string) {
    this.#text = text
    this.#at = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0
  }

  document(): ParsedDocument {
    this.#blanks()
    const root = this.#value(0)
    this.#blanks()
    if (this.#at < this.#text.length) throw this.#malformed('something follows its end')
    const isNull = root.kind === 'scalar' && root.style === 'plain' && root.text === 'null'
    return {
      root: isNull ? undefined : root,
      contentStart: root.start,
      contentEnd: root.end,
      aliased: new Set(),
    }
  }

  #value(depth: number): DocumentNode {
    if (depth > MAX_DEPTH) throw this.#malformed(`more than ${MAX_DEPTH} levels are nested`)
    switch (this.#text.charAt(this.#at)) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return this.#string()
      case '':
        throw this.#malformed('it ends where a value is missing')
      default:
        return this.#word()
    }
  }

  #object(depth: number): MappingNode {
    const start = this.#at
    const pairs: PairNode[] = []
    for (let isFirst = true; this.#next(isFirst, '}'); isFirst = false) {
      if (this.#text.charAt(this.#at) !== '"') throw this.#malformed('a name in double quotes is missing')
      const key = this.#string()
      this.#blanks()
      if (this.#text.charAt(this.#at) !== ':') throw this.#malformed('a colon is missing after a name')
      this.#at++
      const colonEnd = this.#at
      this.#blanks()
      const value = this.#value(depth + 1)
      pairs.push({ key, value, start: key.start, colonEnd, end: value.end })
    }
    return { kind: 'mapping', flow: true, pairs, ...located(start, this.#at) }
  }

  #array(depth: number): DocumentNode {
    const start = this.#at
    const items: ItemNode[] = []
    for (let isFirst = true; this.#next(isFirst, ']'); isFirst = false) {
      const value = this.#value(depth + 1)
      items.push({ value, start: value.start, dashEnd: value.start, end: value.end })
    }
    return { kind: 'sequence', flow: true, items, ...located(start, this.#at) }
  }

  /** Goes to the next entry of a collection; false where it ends. */
  #next(isFirst: boolean, close: string): boolean {
    if (isFirst) this.#at++
    this.#blanks()
    const character = this.#text.charAt(this.#at)
    if (character === close) {
      this.#at++
      return false
    }
    if (isFirst) return true
    if (character !== ',') throw this.#malformed(`a comma or ${close} is missing`)
    this.#at++
    this.#blanks()
    if (this.#text.charAt(this.#at) === close) throw this.#malformed(`a comma stands before ${close}`)
    return true
  }

  #string(): ScalarNode {
    const start = this.#at
    this.#at++
    let text = ''
    for (;;) {
      // Looked for once for each that there is: else one that is far away would be looked for again and again.
      if (this.#quote < this.#at) this.#quote = indexOf(this.#text, '"', this.#at)
      if (this.#backslash < this.#at) this.#backslash = indexOf(this.#text, '\\', this.#at)
      const end = Math.min(this.#quote, this.#backslash)
      const run = this.#text.slice(this.#at, end)
      const control = run.search(CONTROL)
      if (control >= 0) {
        this.#at += control
        throw this.#malformed('a string has a control character')
      }
      text += run
      this.#at = end
      if (end === this.#text.length) throw this.#malformed('it ends inside a string')
      if (end === this.#quote) break
      text += this.#escape()
    }
    this.#at++
    return { kind: 'scalar', style: 'double', text: text.toWellFormed(), ...located(start, this.#at) }
  }

  #escape(): string {
    const letter = this.#text.charAt(this.#at + 1)
    const short = ESCAPES.get(letter)
    if (short !== undefined) {
      this.#at += 2
      return short
    }
    const hex = this.#text.slice(this.#at + 2, this.#at + 6)
    if (letter !== 'u' || !/^[\dA-Fa-f]{4}$/.test(hex))
      throw this.#malformed('an escape in a string is not one of JSON')
    this.#at += 6
    return String.fromCharCode(Number.parseInt(hex, 16))
  }

  #word(): ScalarNode {
    const start = this.#at
    const word = this.#match(WORD)
    if (word !== '') return { kind: 'scalar', style: 'plain', text: word, ...located(start, this.#at) }
    const digits = this.#match(NUMBER)
    if (digits === '') throw this.#malformed('something stands where a value is missing')
    const value = Number(digits)
    if (!Number.isFinite(value)) {
      this.#at = start
      throw this.#malformed('a number is too large')
    }
    return { kind: 'scalar', style: 'plain', text: formatGoFloatJson(value), ...located(start, this.#at) }
  }

  #blanks(): void {
    this.#match(BLANKS)
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #malformed(what: string): StacksealError {
    const before = this.#text.slice(0, this.#at)
    const line = before.split('\n').length
    return new StacksealError('ERR_MALFORMED_FILE', `line ${line} is not valid JSON: ${what}`, {
      details: { line, column: this.#at - before.lastIndexOf('\n') },
    })
  }
}

function indexOf(text: string, character: string, from: number): number {
  const found = text.indexOf(character, from)
  return found < 0 ? text.length : found
}

function located(
  start: number,
  end: number,
): { start: number; end: number; outerStart: number; anchor: undefined; tag: undefined } {
  return { start, end, outerStart: start, anchor: undefined, tag: undefined }
}
