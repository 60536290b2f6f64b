import { isBlank, isLineEnd, lineEndLength, lineEndText } from './line-end.ts'
import { TextBuilder } from './text-builder.ts'

// The text that a token stands for, by the rules of the reference's reader (yaml.v3).

const BACKSLASH = 0x5c

/** The text of a plain scalar, given as written. */
export function plainText(source: string): string {
  const text = new TextBuilder()
  let from = 0
  let at = 0
  while (at < source.length) {
    if (isLineEnd(source.charCodeAt(at))) {
      const gap = readGap(source, at)
      text.add(source.slice(from, textEnd(source, from, at)), folded(gap))
      from = gap.end
      at = gap.end
    } else {
      at++
    }
  }
  return from === 0 ? source : text.add(source.slice(from)).toString()
}

/** The text of a single-quoted scalar, given what is written between the quotes; undefined where a quote is not doubled. */
export function singleQuotedText(source: string): string | undefined {
  if (source.replaceAll("''", '').includes("'")) return undefined
  return plainText(source).replaceAll("''", "'")
}

/** The text of a double-quoted scalar, given what is written between the quotes; or where an escape is wrong. */
export function doubleQuotedText(source: string): string | { readonly invalidAt: number } {
  const text = new TextBuilder()
  let from = 0
  let at = 0
  while (at < source.length) {
    const code = source.charCodeAt(at)
    if (code === BACKSLASH) {
      const escape = readEscape(source, at)
      if (escape === undefined) return { invalidAt: at }
      text.add(source.slice(from, at), escape.text)
      from = escape.end
      at = escape.end
    } else if (isLineEnd(code)) {
      const gap = readGap(source, at)
      text.add(source.slice(from, textEnd(source, from, at)), folded(gap))
      from = gap.end
      at = gap.end
    } else {
      at++
    }
  }
  return from === 0 ? source : text.add(source.slice(from)).toString()
}

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

function readEscape(source: string, at: number): { readonly text: string; readonly end: number } | undefined {
  const letter = source.charAt(at + 1)
  const digits = HEX_DIGITS[letter]
  if (digits !== undefined) {
    const hex = source.slice(at + 2, at + 2 + digits)
    if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) return undefined
    const code = Number.parseInt(hex, 16)
    if (code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined
    return { text: String.fromCodePoint(code), end: at + 2 + digits }
  }
  if (isLineEnd(letter.charCodeAt(0))) {
    // An escaped line end joins without a blank; line ends right after it count as they are.
    const { further, end } = readGap(source, at + 1)
    return { text: further, end }
  }
  const text = ESCAPES[letter]
  return text === undefined ? undefined : { text, end: at + 2 }
}

/** Line ends in a row with the blanks between and after them. */
interface Gap {
  readonly first: string
  readonly further: string
  readonly end: number
}

function readGap(source: string, start: number): Gap {
  const first = lineEndText(source, start)
  const further = new TextBuilder()
  let at = start + lineEndLength(source, start)
  for (;;) {
    const code = source.charCodeAt(at)
    if (isLineEnd(code)) {
      further.add(lineEndText(source, at))
      at += lineEndLength(source, at)
    } else if (isBlank(code)) {
      at++
    } else {
      return { first, further: further.toString(), end: at }
    }
  }
}

function folded({ first, further }: Gap): string {
  if (first !== '\n') return first + further
  return further === '' ? ' ' : further
}

/** Where the text of a line ends, before the blanks in front of its line end. */
function textEnd(source: string, from: number, lineEnd: number): number {
  let end = lineEnd
  while (end > from && isBlank(source.charCodeAt(end - 1))) end--
  return end
}
