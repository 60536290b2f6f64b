import { encodeBase64, StacksealError } from '@stackseal/core'
import { bytesOfText } from '../values/byte-text.ts'
import { formatGoFloatYaml } from '../values/go-number.ts'
import type { YamlScalarValue } from './yaml-scalar.ts'
import { resolvesToText } from './yaml-scalar.ts'

/** Where a scalar stands, as far as its style depends on it. */
export interface ScalarPlace {
  readonly context: 'block-value' | 'block-key' | 'flow-value' | 'flow-key'
  /** Spaces before the mapping or sequence that the scalar stands in; a block scalar's lines get two more. */
  readonly indent: number
  /** A quoting to keep where the text allows it. Text alone is quoted: a number stays a number. */
  readonly style?: 'single' | 'double'
  /** The line end of the file; only with `'\n'` is multi-line text written as a block scalar. */
  readonly lineEnd: string
}

/**
 * A scalar as yaml.v3 writes it, to be put after `key: ` or `- `: the style that its emitter chooses, byte for byte.
 * The last line end of a block scalar is left out, as for everything else: whoever places it ends the line.
 *
 * Text is double-quoted where the reference would write what it, or a reader of YAML 1.2, takes for something else: a
 * block scalar that begins with a line feed (which is lost) or a tab (refused) or holds U+2028 or U+2029 (line breaks in
 * YAML 1.1 alone), the key `<<` (a merge). So is all multi-line text in flow style and with line ends other than `\n`.
 * @throws ERR_INVALID_VALUE for text that is not Unicode, unless it is one of `textOfBytes` in a value's place.
 */
export function renderScalar(value: YamlScalarValue, place: ScalarPlace): string {
  if (typeof value === 'number') return formatGoFloatYaml(value)
  if (typeof value !== 'string') return String(value)
  if (!value.isWellFormed()) return renderBinary(value, place)
  switch (chooseStyle(value, place)) {
    case 'plain':
      return value
    case 'single':
      return singleQuoted(value, place.indent)
    case 'literal':
      return literal(value, place.indent)
    default:
      return doubleQuoted(value)
  }
}

/**
 * Whether the reference, given this text as a value that is not a secret, reads something else or nothing at all,
 * however it is quoted: it writes every file once more in its own style while it reads.
 */
export function isLostByReference(text: string): boolean {
  return /^[\n\u2028\u2029\t]/.test(text) && text.includes('\n') && analyze(text).literal
}

/**
 * Whether the reference, given this text as a value that is not a secret, can not load the whole file any more, however
 * it is quoted: it writes it once more as a block scalar that begins with a tab.
 */
export function isFatalToReference(text: string): boolean {
  return text.startsWith('\t') && isLostByReference(text)
}

const SIMPLE_KEY_BYTES = 128
const encoder = new TextEncoder()

/** Whether a key fits before a colon; a longer one, or one with a line break, needs the form `? key`. */
export function isSimpleKey(text: string): boolean {
  if (text.length > SIMPLE_KEY_BYTES || BREAK.test(text)) return false
  return text.length * 3 <= SIMPLE_KEY_BYTES || encoder.encode(text).length <= SIMPLE_KEY_BYTES
}

type Style = 'plain' | 'single' | 'double' | 'literal'

function chooseStyle(text: string, place: ScalarPlace): Style {
  const flow = place.context === 'flow-value' || place.context === 'flow-key'
  const key = place.context === 'block-key' || place.context === 'flow-key'
  if (place.style === 'double' || (key && text === '<<')) return 'double'
  const allowed = analyze(text)
  if (allowed.breaks && (flow || key || place.style === 'single' || place.lineEnd !== '\n')) return 'double'
  if (text.includes('\n')) return allowed.literal && !/^[\n\t]|[\u2028\u2029]/.test(text) ? 'literal' : 'double'
  if (place.style !== 'single') {
    if (!isPlainText(text)) return 'double'
    if (flow ? allowed.flowPlain : allowed.blockPlain) return 'plain'
  }
  return allowed.single ? 'single' : 'double'
}

// YAML 1.1 booleans and base-60 numbers: yaml.v3 reads them as text, and quotes them for the sake of other readers.
const OLD_BOOLEAN = /^(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/

function isPlainText(text: string): boolean {
  return resolvesToText(text) && !OLD_BOOLEAN.test(text) && !BASE_60.test(text)
}

interface Allowed {
  readonly blockPlain: boolean
  readonly flowPlain: boolean
  readonly single: boolean
  readonly literal: boolean
  /** Whether the text holds a line break of YAML 1.1: LF, CR, NEL, U+2028 or U+2029. */
  readonly breaks: boolean
}

const BREAK = /[\n\r\u0085\u2028\u2029]/
// Characters that YAML 1.1 calls printable; for yaml.v3 those beyond U+FFFF, the byte order mark and the tab are not.
const UNPRINTABLE = /[^\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/
const OUTER_BLANK = /^[ \n\r\u0085\u2028\u2029]|[ \n\r\u0085\u2028\u2029]$/
const BLOCK_INDICATOR =
  /^(?:[#,[\]{}&*!|>'"%@`]|[-?:](?:[ \t]|$)|---|\.\.\.)|:(?:[ \t]|$)|[ \t\n\r\u0085\u2028\u2029\0]#/
const FLOW_INDICATOR = /[,?:[\]{}]/

/** Which styles can hold a text: the rules of libyaml's emitter, which yaml.v3 took over. */
function analyze(text: string): Allowed {
  const breaks = BREAK.test(text)
  const unprintable = UNPRINTABLE.test(text)
  const special = unprintable && UNPRINTABLE.test(text.replaceAll('\t', ''))
  const spaceBeforeBreak = breaks && / [\n\r\u0085\u2028\u2029]/.test(text)
  const spaceAfterBreak = breaks && /[\n\r\u0085\u2028\u2029] /.test(text)
  const single = !unprintable && !spaceBeforeBreak && !spaceAfterBreak
  const blockPlain = single && !breaks && !OUTER_BLANK.test(text) && !BLOCK_INDICATOR.test(text)
  return {
    blockPlain,
    flowPlain: blockPlain && !FLOW_INDICATOR.test(text),
    single,
    literal: !special && !spaceBeforeBreak && !text.endsWith(' '),
    breaks,
  }
}

/** The only line breaks here are U+2028 and U+2029: they stand as they are, and the next line is indented. */
function singleQuoted(text: string, indent: number): string {
  return `'${indentAfterBreaks(text.replaceAll("'", "''"), indent)}'`
}

function literal(text: string, indent: number): string {
  const indentation = text.startsWith(' ') ? '2' : ''
  const lines = ' '.repeat(indent + 2) + indentAfterBreaks(text, indent)
  if (!text.endsWith('\n')) return `|${indentation}-\n${lines}`
  const keep = BREAK.test(text.charAt(text.length - 2)) ? '+' : ''
  return `|${indentation}${keep}\n${lines.slice(0, -1)}`
}

function indentAfterBreaks(text: string, indent: number): string {
  return text.replace(/[\n\u2028\u2029]+/g, (run: string, offset: number) =>
    offset + run.length < text.length ? run + ' '.repeat(indent + 2) : run,
  )
}

const QUOTED_ESCAPES = /["\\\n\u2028\u2029]|[^\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/gu
const NAMED_ESCAPES = new Map([
  [0x00, '0'],
  [0x07, 'a'],
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x1b, 'e'],
  [0x22, '"'],
  [0x5c, '\\'],
  [0x85, 'N'],
  [0xa0, '_'],
  [0x2028, 'L'],
  [0x2029, 'P'],
])

function doubleQuoted(text: string): string {
  // yaml.v3 looks for a byte order mark at the start of the text when it means the current character.
  const escaped = text.startsWith('\ufeff') ? /[^]/gu : QUOTED_ESCAPES
  return `"${text.replace(escaped, escapeSequence)}"`
}

function escapeSequence(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const name = NAMED_ESCAPES.get(code)
  if (name !== undefined) return `\\${name}`
  const hex = code.toString(16).toUpperCase()
  if (code <= 0xff) return String.raw`\x` + hex.padStart(2, '0')
  return code <= 0xffff ? String.raw`\u` + hex.padStart(4, '0') : String.raw`\U` + hex.padStart(8, '0')
}

const BASE64_LINE = 70

/** Bytes that are not UTF-8, as the reference writes them: base64, in lines of 70 characters where one does not do. */
function renderBinary(text: string, place: ScalarPlace): string {
  if (place.context === 'block-key' || place.context === 'flow-key') {
    throw new StacksealError('ERR_INVALID_VALUE', 'a key holds half of a surrogate pair, which UTF-8 can not express')
  }
  const base64 = encodeBase64(bytesOfText(text))
  if (base64.length < BASE64_LINE) return `!!binary ${base64}`
  const lines = base64.match(new RegExp(`.{1,${BASE64_LINE}}`, 'g')) ?? []
  const { style: _quoting, ...unquoted } = place
  return `!!binary ${renderScalar(`${lines.join('\n')}\n`, unquoted)}`
}
