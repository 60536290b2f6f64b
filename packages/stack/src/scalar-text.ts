/**
 * The text that a scalar token stands for, by the rules of the reference's reader (yaml.v3, which follows YAML 1.1 here):
 * CR, LF, CR LF and U+0085 end a line and count as LF; U+2028 and U+2029 end a line too but stay what they are.
 */

/** Line ends, as the reference knows them; CR LF is one. */
const LINE_END = /\r\n|[\n\r\u0085\u2028\u2029]/

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  "'": "'", // not of YAML, but the reference takes it; the `\/` of YAML 1.2 it does not take
  '\\': '\\',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
}

const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/** The text of a plain scalar, given as written. */
export function plainText(source: string): string {
  return LINE_END.test(source) ? foldLines(source) : source
}

/** The text of a single-quoted scalar, given what is written between the quotes; undefined where a quote in it is not doubled. */
export function singleQuotedText(source: string): string | undefined {
  if (source.replaceAll("''", '').includes("'")) return undefined
  return plainText(source).replaceAll("''", "'")
}

/** The text of a double-quoted scalar, given what is written between the quotes; or where an escape is that nobody knows. */
export function doubleQuotedText(source: string): string | { readonly invalidAt: number } {
  const next = /[\\\n\r\u0085\u2028\u2029]/g
  let text = ''
  let from = 0
  for (let found = next.exec(source); found !== null; found = next.exec(source)) {
    const at = found.index
    if (source[at] !== '\\') {
      const gap = readGap(source, at)
      text += source.slice(from, lineTextEnd(source, from, at)) + folded(gap)
      from = gap.end
    } else {
      text += source.slice(from, at)
      const letter = source.charAt(at + 1)
      const digits = HEX_DIGITS[letter]
      if (LINE_END.test(letter)) {
        // An escaped line end joins without a blank; blank lines after it count as they are.
        const gap = readGap(source, at + 1)
        text += gap.further
        from = gap.end
      } else if (digits === undefined) {
        const escape = ESCAPES[letter]
        if (escape === undefined) return { invalidAt: at }
        text += escape
        from = at + 2
      } else {
        const hex = source.slice(at + 2, at + 2 + digits)
        const code = /^[0-9a-fA-F]+$/.test(hex) && hex.length === digits ? Number.parseInt(hex, 16) : -1
        if (code < 0 || code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff)) return { invalidAt: at }
        text += String.fromCodePoint(code)
        from = at + 2 + digits
      }
    }
    next.lastIndex = from
  }
  return from === 0 ? source : text + source.slice(from)
}

function foldLines(source: string): string {
  const next = /[\n\r\u0085\u2028\u2029]/g
  let text = ''
  let from = 0
  for (let found = next.exec(source); found !== null; found = next.exec(source)) {
    const gap = readGap(source, found.index)
    text += source.slice(from, lineTextEnd(source, from, found.index)) + folded(gap)
    from = gap.end
    next.lastIndex = from
  }
  return text + source.slice(from)
}

/** Line ends in a row, with the blanks around them: the first, the further ones, and where the next text begins. */
interface Gap {
  readonly first: string
  readonly further: string
  readonly end: number
}

const GAP = /[ \t\n\r\u0085\u2028\u2029]*/y

function readGap(source: string, at: number): Gap {
  GAP.lastIndex = at
  const [run] = GAP.exec(source) as unknown as [string]
  const [first, ...further] = (run.match(new RegExp(LINE_END, 'g')) as string[]).map(lineEndText)
  return { first: first as string, further: further.join(''), end: at + run.length }
}

function folded({ first, further }: Gap): string {
  if (first !== '\n') return first + further
  return further === '' ? ' ' : further
}

/** Where the text of a line ends, without the blanks before its line end. */
function lineTextEnd(source: string, from: number, lineEnd: number): number {
  let end = lineEnd
  while (end > from && isBlank(source.charCodeAt(end - 1))) end--
  return end
}

function lineEndText(lineEnd: string): string {
  return lineEnd === '\u2028' || lineEnd === '\u2029' ? lineEnd : '\n'
}

export interface BlockScalarHeader {
  readonly folded: boolean
  /** `clip` keeps one line end at the end of the text, `strip` none, `keep` all. */
  readonly chomp: 'clip' | 'strip' | 'keep'
  /** The digit in the header, 0 where there is none. */
  readonly digit: number
}

/** What stands between `|` or `>` and the end of its line, without a comment; undefined if that is not a header. */
export function readBlockScalarHeader(source: string): BlockScalarHeader | undefined {
  const match = /^([|>])(?:([+-])([1-9])?|([1-9])([+-])?)?$/.exec(source)
  if (match === null) return undefined
  const sign = match[2] ?? match[5]
  return {
    folded: match[1] === '>',
    chomp: sign === undefined ? 'clip' : sign === '-' ? 'strip' : 'keep',
    digit: Number(match[3] ?? match[4] ?? 0),
  }
}

export interface BlockScalarText {
  readonly text: string
  /** After the line end of the last line that belongs to the text: blank lines at the end do only if they are kept. */
  readonly end: number
}

/**
 * The text of a block scalar.
 *
 * @param at where the first line after the header begins
 * @param parentIndent the indentation of the collection that it stands in, -1 where it is the document
 * @returns undefined where a tab stands in the indentation
 */
export function blockScalarText(
  source: string,
  at: number,
  parentIndent: number,
  header: BlockScalarHeader,
): BlockScalarText | undefined {
  const lineEnd = new RegExp(LINE_END, 'g')
  const lines: string[] = []
  let indent = header.digit === 0 ? 0 : Math.max(parentIndent, 0) + header.digit
  let deepest = 0
  let breakBefore = '' // the line end of the last line with text
  let blankLines = '' // the line ends of the blank lines after it
  let blankBefore = false // the last line with text began with a blank
  let end = at
  let endOfBlankLines = at
  let position = at
  for (;;) {
    let start = position
    while ((indent === 0 || start - position < indent) && source.charCodeAt(start) === SPACE) start++
    const column = start - position
    if (source.charCodeAt(start) === TAB && (indent === 0 || column < indent)) return undefined
    deepest = Math.max(deepest, column)
    lineEnd.lastIndex = start
    const found = lineEnd.exec(source)
    if (found?.index === start) {
      blankLines += lineEndText(found[0])
      position = start + found[0].length
      endOfBlankLines = position
      continue
    }
    if (indent === 0) indent = Math.max(deepest, parentIndent + 1, 1)
    if (column !== indent || start === source.length) break
    const blank = isBlank(source.charCodeAt(start))
    if (header.folded && !blankBefore && !blank && breakBefore === '\n') {
      if (blankLines === '') lines.push(' ')
    } else {
      lines.push(breakBefore)
    }
    lines.push(blankLines, source.slice(start, found?.index))
    blankBefore = blank
    blankLines = ''
    breakBefore = found === null ? '' : lineEndText(found[0])
    position = found === null ? source.length : found.index + found[0].length
    end = position
    endOfBlankLines = position
  }
  if (header.chomp !== 'strip') lines.push(breakBefore)
  if (header.chomp === 'keep') lines.push(blankLines)
  return { text: lines.join(''), end: header.chomp === 'keep' ? endOfBlankLines : end }
}

const SPACE = 0x20
const TAB = 0x09

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}
