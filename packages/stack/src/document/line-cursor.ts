const LF = 0x0a
const SPACE = 0x20
const HASH = 0x23
const DASH = 0x2d
const DOT = 0x2e
const COLON = 0x3a

/** What a plain scalar does not begin with; a dash may, where no blank follows. */
const INDICATORS = '?:,[]{}#&*!|>\'"%@`'

/** Thrown, and caught in the scanner, where a text is not in plain block style. */
export const REFUSED: Error = new Error('not in plain block style')

/** Where the scan is. It goes from line to line; a blank line or a comment line is never the one it is at. */
export interface LineCursor {
  readonly text: string
  readonly hasTabs: boolean
  /** The line's column of the first character, or of what follows a dash; -1 at the end of the file. */
  column: number
  at: number
  lineStart: number
  lineEnd: number
  /** The next `#`, and the next colon with a space, at or behind the place reached: no stretch is searched twice. */
  hash: number
  colon: number
  depth: number
  entries: number
}

/** A cursor at the first line. */
export function startCursor(text: string): LineCursor {
  const cursor: LineCursor = {
    text,
    hasTabs: text.includes('\t'),
    column: -1,
    at: 0,
    lineStart: 0,
    lineEnd: -1,
    hash: -1,
    colon: -1,
    depth: 0,
    entries: 0,
  }
  nextLine(cursor, 0)
  return cursor
}

/** Goes to the first line from `from`, a line start, that has more than blanks and a comment. */
export function nextLine(cursor: LineCursor, from: number): void {
  const { text } = cursor
  let start = from
  while (start < text.length) {
    let at = start
    let code = text.charCodeAt(at)
    while (code === SPACE) code = text.charCodeAt(++at)
    if (code === LF) {
      start = at + 1
      continue
    }
    const end = find(text, '\n', at)
    if (cursor.hasTabs && text.slice(start, end).includes('\t')) throw REFUSED
    if (code === HASH || at === text.length) {
      start = end + 1
      continue
    }
    if (at === start && isMarker(text, at)) throw REFUSED
    cursor.column = at - start
    cursor.at = at
    cursor.lineStart = start
    cursor.lineEnd = end
    return
  }
  cursor.column = -1
}

/** The next colon of this line that ends a key, from `at` on; -1 if there is none. */
export function findColon(cursor: LineCursor, at: number): number {
  const { text, lineEnd } = cursor
  if (cursor.colon < at) cursor.colon = find(text, ': ', at)
  if (cursor.colon < lineEnd) return cursor.colon
  return text.charCodeAt(lineEnd - 1) === COLON && lineEnd > at ? lineEnd - 1 : -1
}

/** Where the comment of this line begins, from `at` on; the end of the line if it has none. */
export function findComment(cursor: LineCursor, at: number): number {
  const { text, lineEnd } = cursor
  if (cursor.hash < at) cursor.hash = find(text, '#', at)
  while (cursor.hash < lineEnd && text.charCodeAt(cursor.hash - 1) !== SPACE) {
    cursor.hash = find(text, '#', cursor.hash + 1)
  }
  return Math.min(cursor.hash, lineEnd)
}

/** Where the content of this line ends, before blanks and a comment. */
export function findContentEnd(cursor: LineCursor, at: number): number {
  let end = findComment(cursor, at)
  while (cursor.text.charCodeAt(end - 1) === SPACE) end--
  return end
}

export function expectLineEnd({ text, lineEnd }: LineCursor, from: number): void {
  let at = from
  while (text.charCodeAt(at) === SPACE) at++
  if (at < lineEnd && (text.charCodeAt(at) !== HASH || at === from)) throw REFUSED
}

export function isDash({ text, lineEnd }: LineCursor, at: number): boolean {
  return text.charCodeAt(at) === DASH && (at + 1 === lineEnd || text.charCodeAt(at + 1) === SPACE)
}

export function isPlainStart(cursor: LineCursor, at: number): boolean {
  return !INDICATORS.includes(cursor.text.charAt(at)) && !isDash(cursor, at)
}

/** `---` or `...` at the start of a line. */
function isMarker(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code !== DASH && code !== DOT) return false
  if (text.charCodeAt(at + 1) !== code || text.charCodeAt(at + 2) !== code) return false
  const after = text.charCodeAt(at + 3)
  return Number.isNaN(after) || after === LF || after === SPACE // a line with a tab is refused before
}

function find(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from)
  return found === -1 ? text.length : found
}
