import type { DocumentNode, ItemNode, MappingNode, PairNode, ParsedDocument, ScalarNode } from './document-node.ts'
import { blockScalarText, doubleQuotedText, readBlockScalarHeader } from './scalar-text.ts'

/**
 * Finds the tree of a file in the plain block style in which the reference writes: block mappings and sequences, scalars
 * of one line, literal block scalars, `{}`, `[]`, comments and blank lines, lines that end with LF. Whatever else it
 * meets, and whatever it is not sure about, it refuses with undefined: it never guesses.
 */
export function scanDocument(text: string): ParsedDocument | undefined {
  if (UNUSUAL.test(text) || !text.isWellFormed()) return undefined
  try {
    return { root: new Scan(text).document(), contentStart: 0, contentEnd: text.length, aliased: NO_NAMES }
  } catch (error) {
    if (error === REFUSED) return undefined
    throw error
  }
}

// Control characters but tab and LF, further line ends, byte order marks, what is no character.
const UNUSUAL = /[^\t\n -~\u00a0-\u2027\u202a-\ufefe\uff00-\ufffd]/

/** Deeper than anybody nests; the recursion stays far from the end of the stack. */
const MAX_DEPTH = 500

/** From the start of a key to its colon, as in YAML. */
const MAX_KEY_LENGTH = 1024

const REFUSED = new Error('not in plain block style')

const NO_NAMES: ReadonlySet<string> = new Set()

const TAB = 0x09
const LF = 0x0a
const SPACE = 0x20
const DOUBLE_QUOTE = 0x22
const HASH = 0x23
const SINGLE_QUOTE = 0x27
const DASH = 0x2d
const DOT = 0x2e
const COLON = 0x3a
const BRACKET = 0x5b
const BAR = 0x7c
const BRACE = 0x7b

// What a plain scalar does not begin with; a dash may, where no blank follows.
const INDICATORS: ReadonlySet<number> = new Set([...'?:,[]{}#&*!|>\'"%@`'].map((character) => character.charCodeAt(0)))

class Scan {
  readonly #text: string
  readonly #hasTabs: boolean
  // The line that is read now: its column of the first character, where that stands, and where the line ends.
  #column = -1
  #at = 0
  #lineStart = 0
  #lineEnd = -1
  // The next of each at or behind #at, so that no stretch of the text is searched twice.
  #hash = -1
  #colon = -1
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#hasTabs = text.includes('\t')
  }

  document(): DocumentNode | undefined {
    this.#nextLine(0)
    if (this.#column === -1) return undefined
    const root = this.#block()
    if (this.#column !== -1) throw REFUSED
    return root
  }

  /** Goes to the first line from `from`, a line start, that has more than blanks and a comment; column -1 is the end. */
  #nextLine(from: number): void {
    const text = this.#text
    let start = from
    for (;;) {
      if (start >= text.length) {
        this.#column = -1
        return
      }
      let at = start
      let code = text.charCodeAt(at)
      while (code === SPACE) code = text.charCodeAt(++at)
      if (code === LF) {
        start = at + 1
        continue
      }
      let end = text.indexOf('\n', at)
      if (end === -1) end = text.length
      if (this.#hasTabs && text.slice(start, end).includes('\t')) throw REFUSED
      if (code === HASH || at === text.length) {
        start = end + 1
        continue
      }
      this.#column = at - start
      this.#at = at
      this.#lineStart = start
      this.#lineEnd = end
      if (at === start && isMarker(text, at)) throw REFUSED
      return
    }
  }

  /** A collection that begins at the place reached. */
  #block(): DocumentNode {
    if (++this.#depth > MAX_DEPTH) throw REFUSED
    const node = this.#isDash(this.#at) ? this.#sequence() : this.#mapping()
    this.#depth--
    return node
  }

  #mapping(): MappingNode {
    const column = this.#column
    const start = this.#at
    const pairs = [this.#pair(column)] // most have one: an array made with one stays small
    while (this.#column === column && !this.#isDash(this.#at)) pairs.push(this.#pair(column))
    if (this.#column > column) throw REFUSED
    const { end } = pairs.at(-1) as PairNode
    return { kind: 'mapping', flow: false, pairs, start, end, outerStart: start, anchor: undefined, tag: undefined }
  }

  #pair(column: number): PairNode {
    const key = this.#key()
    const colonEnd = key.end + 1
    const value = this.#value(colonEnd, column, true)
    return { key, value, start: key.start, colonEnd, end: value.end }
  }

  #sequence(): DocumentNode {
    const column = this.#column
    const start = this.#at
    const items: ItemNode[] = []
    let end: number
    do {
      const dash = this.#at
      const value = this.#value(dash + 1, column, false)
      end = value.end
      items.push({ value, start: dash, dashEnd: dash + 1, end })
    } while (this.#column === column && this.#isDash(this.#at))
    if (this.#column > column) throw REFUSED
    return { kind: 'sequence', flow: false, items, start, end, outerStart: start, anchor: undefined, tag: undefined }
  }

  /** The value after a colon or dash, in a collection at `column`; leaves the scan at the next line with something in it. */
  #value(indicatorEnd: number, column: number, inMapping: boolean): DocumentNode {
    const text = this.#text
    let at = indicatorEnd
    let code = text.charCodeAt(at)
    while (code === SPACE) code = text.charCodeAt(++at)
    if (at >= this.#lineEnd || (code === HASH && at > indicatorEnd)) {
      this.#nextLine(this.#lineEnd + 1)
      // A sequence may stand at the column of the key it belongs to.
      const below = this.#column > column || (inMapping && this.#column === column && this.#isDash(this.#at))
      return below ? this.#block() : scalar('empty', '', indicatorEnd, indicatorEnd)
    }
    if (code === BAR) return this.#literal(at, column)
    if (!inMapping && (this.#isDash(at) || this.#keyEnd(at) !== -1)) {
      // `- - a` and `- k: v`: a collection that begins behind the dash.
      this.#at = at
      this.#column = at - this.#lineStart
      return this.#block()
    }
    const node = this.#oneLine(at, code)
    this.#nextLine(this.#lineEnd + 1)
    if (this.#column > column) throw REFUSED
    return node
  }

  /** A value that begins at `at` and ends in this line. */
  #oneLine(at: number, code: number): DocumentNode {
    const text = this.#text
    if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
      const node = this.#quoted(at, code)
      this.#expectLineEnd(node.end)
      return node
    }
    if (code === BRACE || code === BRACKET) {
      const pair = text.slice(at, at + 2)
      if (pair !== '{}' && pair !== '[]') throw REFUSED
      this.#expectLineEnd(at + 2)
      const place = { flow: true, start: at, end: at + 2, outerStart: at, anchor: undefined, tag: undefined } as const
      return pair === '{}' ? { kind: 'mapping', pairs: [], ...place } : { kind: 'sequence', items: [], ...place }
    }
    if (!this.#isPlainStart(at)) throw REFUSED
    const end = this.#contentEnd(at)
    const colon = this.#nextColon(at)
    if ((colon !== -1 && colon < end) || text.charCodeAt(end - 1) === COLON) throw REFUSED
    return scalar('plain', text.slice(at, end), at, end)
  }

  #literal(at: number, column: number): ScalarNode {
    const text = this.#text
    const header = readBlockScalarHeader(text.slice(at, this.#contentEnd(at)))
    if (header === undefined) throw REFUSED
    const content = blockScalarText(text, Math.min(this.#lineEnd + 1, text.length), column, header)
    // Without a line of text there is no indentation: readers do not agree on what a comment below it is.
    if (content === undefined || /^\n*$/.test(content.text)) throw REFUSED
    this.#nextLine(content.end)
    if (this.#column > column) throw REFUSED
    return scalar('literal', content.text, at, content.end)
  }

  /** The key that begins at the place reached, with a colon right behind it. */
  #key(): ScalarNode {
    const text = this.#text
    const at = this.#at
    const end = this.#keyEnd(at)
    if (end === -1 || end - at > MAX_KEY_LENGTH) throw REFUSED
    const code = text.charCodeAt(at)
    if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) return this.#quoted(at, code)
    return scalar('plain', text.slice(at, end), at, end)
  }

  /** Where a key that would begin at `at` ends, -1 if none does. */
  #keyEnd(at: number): number {
    const text = this.#text
    const code = text.charCodeAt(at)
    if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
      const { end } = this.#quoted(at, code)
      const isKey = text.charCodeAt(end) === COLON && (end + 1 === this.#lineEnd || text.charCodeAt(end + 1) === SPACE)
      return isKey ? end : -1
    }
    if (!this.#isPlainStart(at)) return -1
    const colon = this.#nextColon(at)
    if (colon === -1 || this.#comment(at) < colon) return -1
    // A blank before the colon is allowed, but nobody writes it.
    if (text.charCodeAt(colon - 1) === SPACE) throw REFUSED
    return colon
  }

  #quoted(at: number, quote: number): ScalarNode {
    const text = this.#text
    const character = quote === DOUBLE_QUOTE ? '"' : "'"
    let close = text.indexOf(character, at + 1)
    if (quote === DOUBLE_QUOTE) {
      while (close !== -1 && isEscaped(text, at + 1, close)) close = text.indexOf(character, close + 1)
    } else {
      while (close !== -1 && text.charCodeAt(close + 1) === SINGLE_QUOTE) close = text.indexOf(character, close + 2)
    }
    if (close === -1 || close > this.#lineEnd) throw REFUSED
    const source = text.slice(at + 1, close)
    if (quote === SINGLE_QUOTE) return scalar('single', source.replaceAll("''", "'"), at, close + 1)
    const decoded = doubleQuotedText(source)
    if (typeof decoded !== 'string') throw REFUSED
    return scalar('double', decoded, at, close + 1)
  }

  /** The next colon of this line that ends a key, from `at` on; -1 if there is none. */
  #nextColon(at: number): number {
    if (this.#colon < at) {
      const found = this.#text.indexOf(': ', at)
      this.#colon = found === -1 ? this.#text.length : found
    }
    if (this.#colon < this.#lineEnd) return this.#colon
    return this.#text.charCodeAt(this.#lineEnd - 1) === COLON && this.#lineEnd - 1 >= at ? this.#lineEnd - 1 : -1
  }

  /** Where the comment of this line begins, from `at` on; the end of the line if it has none. */
  #comment(at: number): number {
    const text = this.#text
    if (this.#hash < at) this.#hash = this.#find('#', at)
    while (this.#hash < this.#lineEnd && text.charCodeAt(this.#hash - 1) !== SPACE) {
      this.#hash = this.#find('#', this.#hash + 1)
    }
    return Math.min(this.#hash, this.#lineEnd)
  }

  /** Where the content of this line ends, before blanks and a comment. */
  #contentEnd(at: number): number {
    let end = this.#comment(at)
    while (this.#text.charCodeAt(end - 1) === SPACE) end--
    return end
  }

  #find(what: string, from: number): number {
    const found = this.#text.indexOf(what, from)
    return found === -1 ? this.#text.length : found
  }

  #expectLineEnd(from: number): void {
    let at = from
    while (this.#text.charCodeAt(at) === SPACE) at++
    if (at < this.#lineEnd && (this.#text.charCodeAt(at) !== HASH || at === from)) throw REFUSED
  }

  #isDash(at: number): boolean {
    if (this.#text.charCodeAt(at) !== DASH) return false
    return at + 1 === this.#lineEnd || this.#text.charCodeAt(at + 1) === SPACE
  }

  #isPlainStart(at: number): boolean {
    return !INDICATORS.has(this.#text.charCodeAt(at)) && !this.#isDash(at)
  }
}

function scalar(style: ScalarNode['style'], text: string, start: number, end: number): ScalarNode {
  return { kind: 'scalar', style, text, start, end, outerStart: start, anchor: undefined, tag: undefined }
}

/** `---` or `...` at the start of a line. */
function isMarker(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code !== DASH && code !== DOT) return false
  if (text.charCodeAt(at + 1) !== code || text.charCodeAt(at + 2) !== code) return false
  const after = text.charCodeAt(at + 3)
  return Number.isNaN(after) || after === LF || after === SPACE || after === TAB
}

function isEscaped(text: string, from: number, at: number): boolean {
  let backslashes = 0
  while (at - 1 - backslashes >= from && text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++
  return backslashes % 2 === 1
}
