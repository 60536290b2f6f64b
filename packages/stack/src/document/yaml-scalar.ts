import { decodeBase64, StacksealError } from '@stackseal/core'
import { textOfBytes } from '../values/byte-text.ts'
import type { ScalarNode } from './document-node.ts'
import { fitsInt64, formatGoFloatJson, formatGoFloatYaml, parseGoFloat } from '../values/go-number.ts'
import { goTimestamp } from '../values/go-time.ts'

/**
 * What a YAML scalar stands for: integers up to 64 unsigned bits are bigint, other numbers float64 (infinity and NaN
 * occur), timestamps are text in Go's format.
 */
export type YamlScalarValue = null | boolean | bigint | number | string

type CoreTag = '!!null' | '!!bool' | '!!int' | '!!float' | '!!timestamp'

interface Resolved {
  readonly tag: CoreTag
  readonly value: YamlScalarValue
}

const WORDS: ReadonlyMap<string, Resolved> = new Map([
  ...words('!!null', null, ['', '~', 'null', 'Null', 'NULL']),
  ...words('!!bool', true, ['true', 'True', 'TRUE']),
  ...words('!!bool', false, ['false', 'False', 'FALSE']),
  ...words('!!float', NaN, ['.nan', '.NaN', '.NAN']),
  ...words('!!float', Infinity, ['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF']),
  ...words('!!float', -Infinity, ['-.inf', '-.Inf', '-.INF']),
])

function words(tag: CoreTag, value: YamlScalarValue, spellings: readonly string[]): (readonly [string, Resolved])[] {
  return spellings.map((spelling) => [spelling, { tag, value }])
}

/**
 * The value of a scalar by the rules of yaml.v3, which the reference reads with: only plain scalars without a tag are
 * anything but text, the tags of YAML's core types are honoured in every style, other tags mean text. See docs/format.md,
 * "Scalars". Bytes of `!!binary` that are not UTF-8 become lone surrogates ({@link textOfBytes}).
 * @throws ERR_MALFORMED_FILE for a tag that does not fit; `details` has the tag and the scalar's offset in the file.
 */
export function resolveScalar(node: ScalarNode): YamlScalarValue {
  const tag = coreTag(node.tag)
  if (tag === undefined) {
    if (node.style !== 'plain' && node.style !== 'empty') return node.text
    const resolved = resolvePlain(node.text, true)
    return resolved === undefined ? node.text : resolved.value
  }
  switch (tag) {
    case '!!binary':
      return binaryText(node)
    case '!!null':
    case '!!bool':
    case '!!int':
    case '!!float':
    case '!!timestamp':
      return taggedValue(node, tag)
    default:
      return node.text
  }
}

/** Tells whether a plain scalar of this text would be read as text, not as a number, boolean, null or timestamp. */
export function resolvesToText(text: string): boolean {
  return resolvePlain(text, true) === undefined
}

/** The text that a scalar right under a configuration key becomes: the reference keeps no types there. */
export function topLevelText(value: YamlScalarValue): string {
  if (value === null) return ''
  if (typeof value !== 'number') return String(value)
  return Object.is(value, -0) ? '0' : formatGoFloatJson(value)
}

/** The text that a scalar in a key's place becomes in a mapping inside a value. */
export function keyText(value: YamlScalarValue): string {
  if (value === null) return '<nil>'
  if (typeof value !== 'number') return String(value)
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return Object.is(value, -0) ? '0' : formatGoFloatYaml(value)
}

const CORE_PREFIX = 'tag:yaml.org,2002:'

/** A tag in its short form, `!!int` for `!<tag:yaml.org,2002:int>`; undefined where none is given (`!` is as good as none). */
function coreTag(written: string | undefined): string | undefined {
  if (written === undefined || written === '!') return undefined
  const tag = written.includes('%') ? percentDecoded(written) : written
  if (!tag.startsWith('!<') || !tag.endsWith('>')) return tag
  const name = tag.slice(2, -1)
  return name.startsWith(CORE_PREFIX) ? `!!${name.slice(CORE_PREFIX.length)}` : name
}

function percentDecoded(tag: string): string {
  try {
    return decodeURIComponent(tag)
  } catch {
    return tag // not percent-encoded UTF-8: then it is no tag of the core either
  }
}

function taggedValue(node: ScalarNode, tag: CoreTag): YamlScalarValue {
  const resolved = resolvePlain(node.text, tag === '!!timestamp')
  if (resolved?.tag === tag) return resolved.value
  // An integer will do for a float, unless it takes all 64 unsigned bits.
  if (tag === '!!float' && typeof resolved?.value === 'bigint' && fitsInt64(resolved.value))
    return Number(resolved.value)
  throw mismatch(node, tag)
}

function binaryText(node: ScalarNode): string {
  const decoded = decodeBase64(node.text)
  if ('invalidAt' in decoded) throw mismatch(node, '!!binary')
  return textOfBytes(decoded.bytes)
}

/** The value itself stays out of the message: it may be a secret. */
function mismatch(node: ScalarNode, tag: string): StacksealError {
  return new StacksealError('ERR_MALFORMED_FILE', `a value is tagged ${tag} but is not of that type`, {
    details: { tag, offset: node.start },
  })
}

/** What a plain scalar stands for, undefined for text. Its first character tells most texts from all else. */
function resolvePlain(text: string, timestamps: boolean): Resolved | undefined {
  if (text === '') return WORDS.get(text)
  switch (text.charAt(0)) {
    case '~':
    case 'n':
    case 'N':
    case 't':
    case 'T':
    case 'f':
    case 'F':
      return WORDS.get(text)
    case '.':
      return WORDS.get(text) ?? float(parseGoFloat(text))
    case '+':
    case '-':
      return WORDS.get(text) ?? resolveNumber(text)
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': {
      const timestamp = timestamps ? goTimestamp(text) : undefined
      return timestamp === undefined ? resolveNumber(text) : { tag: '!!timestamp', value: timestamp }
    }
    default:
      return undefined
  }
}

const PLAIN_FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/

function resolveNumber(written: string): Resolved | undefined {
  const text = written.replaceAll('_', '')
  const integer = prefixedInteger(text) ?? signedInsidePrefix(text)
  if (integer !== undefined) return { tag: '!!int', value: integer }
  return PLAIN_FLOAT.test(text) ? float(parseGoFloat(text)) : undefined
}

function float(value: number | string): Resolved | undefined {
  return typeof value === 'string' ? undefined : { tag: '!!float', value }
}

const INTEGER = /^([+-]?)(?:0[xX]0*([\da-fA-F]+)|0[oO]?0*([0-7]+)|0[bB]0*([01]+)|([1-9]\d*)|(0+))$/

/** An integer as Go reads it in base 0: `0x`, `0o`, `0b`, a leading zero for octal; 64 bits, unsigned only without a sign. */
function prefixedInteger(text: string): bigint | undefined {
  const match = INTEGER.exec(text)
  if (match === null) return undefined
  const [, sign, hex, octal, binary, decimal] = match
  const magnitude =
    digitsIn('0x', hex, 16) ?? digitsIn('0o', octal, 22) ?? digitsIn('0b', binary, 64) ?? digitsIn('', decimal, 20)
  if (magnitude === undefined) return match[6] === undefined ? undefined : 0n
  if (sign === '' && magnitude <= 0xffff_ffff_ffff_ffffn) return magnitude
  const value = sign === '-' ? -magnitude : magnitude
  return fitsInt64(value) ? value : undefined
}

/** The length is looked at first: making a bigint of a million digits takes quadratic time. */
function digitsIn(prefix: string, digits: string | undefined, most: number): bigint | undefined {
  return digits === undefined || digits.length > most ? undefined : BigInt(prefix + digits)
}

/** yaml.v3 also takes a sign between the prefix and the digits: `0b-1` is -1, `0o+7` is 7. */
function signedInsidePrefix(text: string): bigint | undefined {
  const match = /^0([bo])([+-])0*(\d+)$/.exec(text)
  if (match === null) return undefined
  const [, base = '', sign = '', digits = ''] = match
  if (!(base === 'b' ? /^[01]*$/ : /^[0-7]*$/).test(digits)) return undefined
  const magnitude = digitsIn(`0${base}`, digits, base === 'b' ? 64 : 22)
  if (magnitude === undefined) return undefined
  const value = sign === '-' ? -magnitude : magnitude
  return fitsInt64(value) ? value : undefined
}
