import type { ConfigValue } from './config-value.ts'
import { SecretText } from './config-value.ts'
import { formatGoFloatJson } from './go-number.ts'

const NEEDS_ESCAPE = /["\\<>&\u2028\u2029\ud800-\udfff]|[^\u0020-\uffff]/
// A whole surrogate pair matches first, so that what else matches the last class is half of one.
const ESCAPES = /[\ud800-\udbff][\udc00-\udfff]|["\\<>&\u2028\u2029\ud800-\udfff]|[^\u0020-\uffff]/g
const SHORT_ESCAPES = new Map([
  ['"', String.raw`\"`],
  ['\\', String.raw`\\`],
  ['\b', String.raw`\b`],
  ['\f', String.raw`\f`],
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
])

/**
 * A string as Go's `encoding/json` writes it: `<`, `>` and `&` as escapes (unless `escapeHtml` is false), U+2028 and
 * U+2029 always; half of a surrogate pair, which stands for a byte that is not UTF-8, as `\ufffd`.
 */
export function goJsonString(text: string, escapeHtml = true): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`
  return `"${text.replace(ESCAPES, (character) => escape(character, escapeHtml))}"`
}

function escape(character: string, escapeHtml: boolean): string {
  if (character.length === 2) return character
  const short = SHORT_ESCAPES.get(character)
  if (short !== undefined) return short
  const code = character.charCodeAt(0)
  if (code >= 0xd800 && code <= 0xdfff) return String.raw`\ufffd`
  if (!escapeHtml && (character === '<' || character === '>' || character === '&')) return character
  return String.raw`\u` + code.toString(16).padStart(4, '0')
}

export interface GoJsonOptions {
  /** Whether `<`, `>` and `&` become escapes; true by default, as in the reference's own values. */
  readonly escapeHtml?: boolean
  /** What one level is indented by; without it everything stands on one line without spaces. */
  readonly indent?: string
  /** What stands in a secret's place: its plaintext, a word, or the secret itself, which is written `{"secure":"…"}`. */
  readonly secrets: (secret: SecretText) => ConfigValue
}

/**
 * A value as Go's `encoding/json` writes it: keys sorted by their UTF-8 bytes, `{}` and `[]` for what is empty, no
 * final line end.
 * @throws ERR_INVALID_VALUE for infinity and NaN, which JSON can not express.
 */
export function goJson(value: ConfigValue, options: GoJsonOptions): string {
  return write(value, options, options.indent === undefined ? undefined : '\n')
}

/** `lineBreak` is a line end and the indentation of the line on which the value began; undefined on one line. */
function write(value: ConfigValue, options: GoJsonOptions, lineBreak: string | undefined): string {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'string':
      return goJsonString(value, options.escapeHtml)
    case 'number':
      return formatGoFloatJson(value)
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
  }
  if (value instanceof SecretText) {
    const shown = options.secrets(value)
    return write(shown instanceof SecretText ? new Map([['secure', shown.ciphertext]]) : shown, options, lineBreak)
  }
  const inner = lineBreak === undefined ? undefined : lineBreak + (options.indent ?? '')
  if (isList(value)) {
    return enclose(
      '[]',
      value.map((item) => write(item, options, inner)),
      lineBreak,
      inner,
    )
  }
  const colon = lineBreak === undefined ? ':' : ': '
  const members = [...value].toSorted(([a], [b]) => compareUtf8(a, b))
  return enclose(
    '{}',
    members.map(([key, item]) => goJsonString(key, options.escapeHtml) + colon + write(item, options, inner)),
    lineBreak,
    inner,
  )
}

function enclose(brackets: '[]' | '{}', parts: readonly string[], outer = '', inner = ''): string {
  if (parts.length === 0) return brackets
  return brackets.slice(0, 1) + inner + parts.join(`,${inner}`) + outer + brackets.slice(1)
}

function isList(value: readonly ConfigValue[] | ReadonlyMap<string, ConfigValue>): value is readonly ConfigValue[] {
  return Array.isArray(value)
}

/** Compares two strings by their UTF-8 bytes, as Go orders keys; JavaScript's own order puts U+FFFD after an emoji. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const unitA = a.charCodeAt(i)
    const unitB = b.charCodeAt(i)
    if (unitA !== unitB) return utf8Rank(unitA) - utf8Rank(unitB)
  }
  return a.length - b.length
}

/** Moves the surrogates, which stand for code points from U+10000 on, behind all other units. */
function utf8Rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
