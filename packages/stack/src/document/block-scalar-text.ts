import { isBlank, isLineEnd, lineEndLength, lineEndText } from './line-end.ts'
import { TextBuilder } from './text-builder.ts'

const TAB = 0x09
const SPACE = 0x20

export interface BlockScalarHeader {
  readonly folded: boolean
  /** `clip` keeps one line end at the end of the text, `strip` none, `keep` all. */
  readonly chomp: 'clip' | 'strip' | 'keep'
  /** The digit in the header, 0 where there is none. */
  readonly digit: number
}

/** Reads what stands between `|` or `>` and the end of its line, without a comment; undefined if that is no header. */
export function readBlockScalarHeader(source: string): BlockScalarHeader | undefined {
  const match = /^([|>])(?:([+-])([1-9])?|([1-9])([+-])?)?$/.exec(source)
  if (match === null) return undefined
  const sign = match[2] ?? match[5]
  const digit = Number(match[3] ?? match[4] ?? 0)
  if (sign === undefined) return { folded: match[1] === '>', chomp: 'clip', digit }
  return { folded: match[1] === '>', chomp: sign === '-' ? 'strip' : 'keep', digit }
}

export interface BlockScalarText {
  readonly text: string
  /** After the line end of the last line that belongs to the text: blank lines at the end do only if they are kept. */
  readonly end: number
}

/**
 * The text of a block scalar, by the rules of the reference's reader (yaml.v3).
 *
 * @param start where the first line after the header begins
 * @param parentIndent the indentation of the collection that it stands in, 0 where it is the document
 * @returns undefined where a tab stands in the indentation
 */
export function blockScalarText(
  source: string,
  start: number,
  parentIndent: number,
  header: BlockScalarHeader,
): BlockScalarText | undefined {
  const text = new TextBuilder()
  let indent = header.digit === 0 ? 0 : parentIndent + header.digit
  let deepest = 0
  let breakBefore = '' // the line end of the last line with text
  let blankBefore = false // that line began with a blank
  let blankLines = new TextBuilder() // the line ends of the blank lines after it
  let end = start
  let position = start
  for (;;) {
    const column = countSpaces(source, position, indent === 0 ? Infinity : indent)
    const at = position + column
    const code = source.charCodeAt(at)
    if (code === TAB && (indent === 0 || column < indent)) return undefined
    deepest = Math.max(deepest, column)
    if (isLineEnd(code)) {
      blankLines.add(lineEndText(source, at))
      position = at + lineEndLength(source, at)
      continue
    }
    if (indent === 0) indent = Math.max(deepest, parentIndent + 1)
    if (column !== indent || at === source.length) break
    const blank = isBlank(code)
    const isFolded = header.folded && !blankBefore && !blank && breakBefore === '\n'
    if (!isFolded) text.add(breakBefore)
    else if (blankLines.isEmpty) text.add(' ')
    const lineEnd = findLineEnd(source, at)
    text.add(blankLines.toString(), source.slice(at, lineEnd))
    blankLines = new TextBuilder()
    blankBefore = blank
    breakBefore = lineEnd === source.length ? '' : lineEndText(source, lineEnd)
    position = lineEnd === source.length ? lineEnd : lineEnd + lineEndLength(source, lineEnd)
    end = position
  }
  if (header.chomp !== 'strip') text.add(breakBefore)
  if (header.chomp === 'keep') text.add(blankLines.toString())
  return { text: text.toString(), end: header.chomp === 'keep' ? position : end }
}

function countSpaces(source: string, from: number, atMost: number): number {
  let count = 0
  while (count < atMost && source.charCodeAt(from + count) === SPACE) count++
  return count
}

function findLineEnd(source: string, from: number): number {
  let at = from
  while (at < source.length && !isLineEnd(source.charCodeAt(at))) at++
  return at
}
