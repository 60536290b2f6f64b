import { blockScalarText, readBlockScalarHeader } from './block-scalar-text.ts'
import type { DocumentNode, ItemNode, MappingNode, PairNode, ParsedDocument, ScalarNode } from './document-node.ts'
import {
  expectLineEnd,
  findColon,
  findComment,
  findContentEnd,
  isDash,
  isPlainStart,
  type LineCursor,
  nextLine,
  REFUSED,
  startCursor,
} from './line-cursor.ts'
import { doubleQuotedText } from './scalar-text.ts'

/**
 * Finds the tree of a file in the plain block style in which the reference writes: block mappings and sequences, scalars
 * of one line, literal block scalars, `{}`, `[]`, comments and blank lines, lines that end with LF. Whatever else it
 * meets, and whatever it is not sure about, it refuses with undefined: it never guesses.
 */
export function scanDocument(text: string): ParsedDocument | undefined {
  if (UNUSUAL.test(text) || !text.isWellFormed()) return undefined
  try {
    return { root: scanRoot(text), contentStart: 0, contentEnd: text.length, aliased: NO_NAMES }
  } catch (error) {
    if (error === REFUSED) return undefined
    throw error
  }
}

// Control characters but tab and LF, further line ends, byte order marks, what is no character.
const UNUSUAL = /[^\t\n -~\u00a0-\u2027\u202a-\ufefe\uff00-\ufffd]/

/** Deeper than anybody nests; the recursion stays far from the end of the stack. */
const MAX_DEPTH = 500

/** A bound on memory: more pairs and items than a file of 64 MiB has that is made of secrets. */
const MAX_ENTRIES = 2_000_000

/** From the start of a key to its colon, as in YAML. */
const MAX_KEY_LENGTH = 1024

const NO_NAMES: ReadonlySet<string> = new Set()

const SPACE = 0x20
const DOUBLE_QUOTE = 0x22
const HASH = 0x23
const SINGLE_QUOTE = 0x27
const COLON = 0x3a
const BRACKET = 0x5b
const BACKSLASH = 0x5c
const BRACE = 0x7b
const BAR = 0x7c

function scanRoot(text: string): DocumentNode | undefined {
  const cursor = startCursor(text)
  if (cursor.column === -1) return undefined
  const root = text.startsWith('{}', cursor.at) ? scanEmptyRoot(cursor) : scanBlock(cursor)
  // A line that is indented unlike its neighbours ends every collection, and so comes here.
  if (cursor.column !== -1) throw REFUSED
  return root
}

/** A lone `{}`: what the reference leaves of a file that it empties. */
function scanEmptyRoot(cursor: LineCursor): DocumentNode {
  const root = scanOneLine(cursor, cursor.at, BRACE)
  nextLine(cursor, cursor.lineEnd + 1)
  return root
}

/** A collection that begins at the place reached. */
function scanBlock(cursor: LineCursor): DocumentNode {
  if (++cursor.depth > MAX_DEPTH) throw REFUSED
  const node = isDash(cursor, cursor.at) ? scanSequence(cursor) : scanMapping(cursor)
  cursor.depth--
  return node
}

function scanMapping(cursor: LineCursor): MappingNode {
  const { column, at: start } = cursor
  let pair = scanPair(cursor, column)
  const pairs = [pair] // most mappings have one pair: an array made with one stays small
  while (cursor.column === column && !isDash(cursor, cursor.at)) {
    pair = scanPair(cursor, column)
    pairs.push(pair)
  }
  const { end } = pair
  return { kind: 'mapping', flow: false, pairs, start, end, outerStart: start, anchor: undefined, tag: undefined }
}

function scanPair(cursor: LineCursor, column: number): PairNode {
  const { at } = cursor
  const keyEnd = findKeyEnd(cursor, at)
  if (keyEnd === -1 || keyEnd - at > MAX_KEY_LENGTH) throw REFUSED
  const code = cursor.text.charCodeAt(at)
  const isQuoted = code === DOUBLE_QUOTE || code === SINGLE_QUOTE
  const key = isQuoted ? scanQuoted(cursor, at, code) : scalar('plain', cursor.text.slice(at, keyEnd), at, keyEnd)
  const value = scanValue(cursor, keyEnd + 1, column, true)
  return { key, value, start: at, colonEnd: keyEnd + 1, end: value.end }
}

function scanSequence(cursor: LineCursor): DocumentNode {
  const { column, at: start } = cursor
  let item = scanItem(cursor, column)
  const items = [item]
  while (cursor.column === column && isDash(cursor, cursor.at)) {
    item = scanItem(cursor, column)
    items.push(item)
  }
  const { end } = item
  return { kind: 'sequence', flow: false, items, start, end, outerStart: start, anchor: undefined, tag: undefined }
}

function scanItem(cursor: LineCursor, column: number): ItemNode {
  const { at } = cursor
  const value = scanValue(cursor, at + 1, column, false)
  return { value, start: at, dashEnd: at + 1, end: value.end }
}

/** The value after a colon or dash, in a collection at `column`; leaves the cursor at the next line. */
function scanValue(cursor: LineCursor, indicatorEnd: number, column: number, inMapping: boolean): DocumentNode {
  if (++cursor.entries > MAX_ENTRIES) throw REFUSED
  const { text, lineEnd } = cursor
  let at = indicatorEnd
  while (text.charCodeAt(at) === SPACE) at++
  const code = text.charCodeAt(at)
  if (at >= lineEnd || (code === HASH && at > indicatorEnd)) {
    nextLine(cursor, lineEnd + 1)
    // A sequence may stand at the column of the key it belongs to.
    const isBelow = cursor.column > column || (inMapping && cursor.column === column && isDash(cursor, cursor.at))
    return isBelow ? scanBlock(cursor) : scalar('empty', '', indicatorEnd, indicatorEnd)
  }
  if (code === BAR) return scanLiteral(cursor, at, column)
  if (!inMapping && (isDash(cursor, at) || findKeyEnd(cursor, at) !== -1)) {
    // `- - a` and `- k: v`: a collection that begins behind the dash.
    cursor.at = at
    cursor.column = at - cursor.lineStart
    return scanBlock(cursor)
  }
  const node = scanOneLine(cursor, at, code)
  nextLine(cursor, lineEnd + 1)
  return node
}

/** A value that begins at `at` and ends in this line. */
function scanOneLine(cursor: LineCursor, at: number, code: number): DocumentNode {
  const { text } = cursor
  if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
    const node = scanQuoted(cursor, at, code)
    expectLineEnd(cursor, node.end)
    return node
  }
  if (code === BRACE || code === BRACKET) {
    const brackets = text.slice(at, at + 2)
    if (brackets !== '{}' && brackets !== '[]') throw REFUSED
    expectLineEnd(cursor, at + 2)
    const place = { flow: true, start: at, end: at + 2, outerStart: at, anchor: undefined, tag: undefined } as const
    return code === BRACE ? { kind: 'mapping', pairs: [], ...place } : { kind: 'sequence', items: [], ...place }
  }
  if (!isPlainStart(cursor, at)) throw REFUSED
  const end = findContentEnd(cursor, at)
  const colon = findColon(cursor, at)
  if ((colon !== -1 && colon < end) || text.charCodeAt(end - 1) === COLON) throw REFUSED
  return scalar('plain', text.slice(at, end), at, end)
}

function scanLiteral(cursor: LineCursor, at: number, column: number): ScalarNode {
  const { text } = cursor
  const header = readBlockScalarHeader(text.slice(at, findContentEnd(cursor, at)))
  if (header === undefined) throw REFUSED
  const content = blockScalarText(text, Math.min(cursor.lineEnd + 1, text.length), column, header)
  // Without a line of text there is no indentation: readers do not agree on what a comment below it is.
  if (content === undefined || /^\n*$/.test(content.text)) throw REFUSED
  nextLine(cursor, content.end)
  if (cursor.column > column) throw REFUSED
  return scalar('literal', content.text, at, content.end)
}

function scanQuoted({ text, lineEnd }: LineCursor, at: number, quote: number): ScalarNode {
  const character = quote === DOUBLE_QUOTE ? '"' : "'"
  let close = text.indexOf(character, at + 1)
  if (quote === DOUBLE_QUOTE) {
    while (close !== -1 && isEscaped(text, at + 1, close)) close = text.indexOf(character, close + 1)
  } else {
    while (close !== -1 && text.charCodeAt(close + 1) === SINGLE_QUOTE) close = text.indexOf(character, close + 2)
  }
  if (close === -1 || close > lineEnd) throw REFUSED
  const source = text.slice(at + 1, close)
  if (quote === SINGLE_QUOTE) return scalar('single', source.replaceAll("''", "'"), at, close + 1)
  const unquoted = doubleQuotedText(source)
  if (typeof unquoted !== 'string') throw REFUSED
  return scalar('double', unquoted, at, close + 1)
}

/** Where a key that begins at `at` ends, right before its colon; -1 if what begins there is no key. */
function findKeyEnd(cursor: LineCursor, at: number): number {
  const { text } = cursor
  const code = text.charCodeAt(at)
  if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
    const { end } = scanQuoted(cursor, at, code)
    const isKey = text.charCodeAt(end) === COLON && (end + 1 === cursor.lineEnd || text.charCodeAt(end + 1) === SPACE)
    return isKey ? end : -1
  }
  if (!isPlainStart(cursor, at)) return -1
  const colon = findColon(cursor, at)
  if (colon === -1 || findComment(cursor, at) < colon) return -1
  // A blank before the colon is allowed, but nobody writes it.
  if (text.charCodeAt(colon - 1) === SPACE) throw REFUSED
  return colon
}

function isEscaped(text: string, from: number, at: number): boolean {
  let before = at - 1
  while (before >= from && text.charCodeAt(before) === BACKSLASH) before--
  return (at - before) % 2 === 0
}

function scalar(style: ScalarNode['style'], text: string, start: number, end: number): ScalarNode {
  return { kind: 'scalar', style, text, start, end, outerStart: start, anchor: undefined, tag: undefined }
}
