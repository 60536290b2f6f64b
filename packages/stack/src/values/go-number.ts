import { StacksealError } from '@stackseal/core'

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn
const MAX_INT64 = 0x7fff_ffff_ffff_ffffn
const MIN_INT64 = -0x8000_0000_0000_0000n

/** How a number was refused: not a number at all, or one that the type can not hold. */
export type NumberFault = 'syntax' | 'range'

/** Tells whether an integer fits 64 signed bits. */
export function fitsInt64(value: bigint): boolean {
  return value >= MIN_INT64 && value <= MAX_INT64
}

/** Reads a base-10 integer of 64 signed bits as Go's `strconv.ParseInt` does: an optional sign, ASCII digits, nothing else. */
export function parseGoInt(text: string): bigint | NumberFault {
  const negative = text.startsWith('-')
  const magnitude = parseGoUint(negative || text.startsWith('+') ? text.slice(1) : text)
  if (typeof magnitude === 'string') return magnitude
  const value = negative ? -magnitude : magnitude
  return fitsInt64(value) ? value : 'range'
}

/** Reads a base-10 integer of 64 unsigned bits as Go's `strconv.ParseUint` does: ASCII digits, no sign. */
export function parseGoUint(text: string): bigint | NumberFault {
  let end = 0
  while (end < text.length && isDigit(text.charCodeAt(end))) end++
  let start = 0
  while (start < end - 1 && text.charCodeAt(start) === 0x30) start++
  // Go reads from left to right, so too many digits are out of range even where something else follows them. The length
  // is looked at first: making a bigint of a million digits takes quadratic time.
  const value = end - start > 20 ? undefined : BigInt(text.slice(start, end))
  if (value === undefined || value > MAX_UINT64) return 'range'
  return end === 0 || end < text.length ? 'syntax' : value
}

/** Reads an integer as Go's `strconv.Atoi` does on a 64-bit machine. */
export function parseGoAtoi(text: string): bigint | NumberFault {
  return parseGoInt(text)
}

// Go's syntax for floating-point literals: an underscore may stand between two digits, or after the prefix 0x.
const DECIMAL_FLOAT = /^[+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?$/
const HEX_FLOAT =
  /^([+-]?)0[xX](?:(_?[\da-fA-F](?:_?[\da-fA-F])*)(?:\.([\da-fA-F](?:_?[\da-fA-F])*)?)?|\.([\da-fA-F](?:_?[\da-fA-F])*))[pP]([+-]?\d(?:_?\d)*)$/
const INFINITY_WORD = /^[+-]?inf(?:inity)?$/i

/**
 * Reads a float64 as Go's `strconv.ParseFloat` does: decimal and hexadecimal floating-point literals with underscores
 * between digits, `inf` and `infinity` with a sign, `nan` without one, in any case. Too large is `'range'`; too small is 0.
 */
export function parseGoFloat(text: string): number | NumberFault {
  if (DECIMAL_FLOAT.test(text)) {
    const value = Number(text.replaceAll('_', ''))
    return Number.isFinite(value) ? value : 'range'
  }
  const hex = HEX_FLOAT.exec(text)
  if (hex !== null) {
    const fraction = (hex[3] ?? hex[4] ?? '').replaceAll('_', '')
    const digits = (hex[2] ?? '').replaceAll('_', '') + fraction
    const exponent = Number((hex[5] ?? '0').replaceAll('_', '')) - 4 * fraction.length
    const value = hexFloat(digits, exponent)
    if (value === 'range') return value
    return hex[1] === '-' ? -value : value
  }
  if (INFINITY_WORD.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  return text.toLowerCase() === 'nan' ? NaN : 'syntax'
}

/** The float64 nearest to `digits` (hexadecimal) times 2 to the power `exponent`, half to even. */
function hexFloat(digits: string, exponent: number): number | 'range' {
  const significant = digits.replace(/^0+/, '')
  if (significant === '') return 0
  const bits = significant.length * 4 - (Math.clz32(Number.parseInt(significant.slice(0, 1), 16)) - 28)
  const power = bits - 1 + exponent // the value lies in [2^power, 2^(power + 1))
  if (power > 1023) return 'range'
  const precision = Math.min(53, power + 1075) // below 2^-1022 every halving costs a bit
  if (precision < 0) return 0
  const shift = Math.max(0, bits - precision)
  const value = Number(roundedShift(BigInt(`0x${significant}`), BigInt(shift))) * 2 ** (exponent + shift)
  return Number.isFinite(value) ? value : 'range'
}

function roundedShift(value: bigint, shift: bigint): bigint {
  if (shift === 0n) return value
  const quotient = value >> shift
  const rest = value - (quotient << shift)
  const half = 1n << (shift - 1n)
  return rest > half || (rest === half && (quotient & 1n) === 1n) ? quotient + 1n : quotient
}

const TRUE_WORDS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE_WORDS = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

/** Reads a boolean as Go's `strconv.ParseBool` does; undefined for every other word. */
export function parseGoBool(text: string): boolean | undefined {
  if (TRUE_WORDS.has(text)) return true
  return FALSE_WORDS.has(text) ? false : undefined
}

/**
 * Writes a float64 as Go's `encoding/json` does: the fewest digits, an exponent from 1e21 and below 1e-6, no `.0`.
 * @throws ERR_INVALID_VALUE for infinity and NaN, which JSON can not express.
 */
export function formatGoFloatJson(value: number): string {
  if (!Number.isFinite(value)) throw new StacksealError('ERR_INVALID_VALUE', 'infinity and NaN can not be stored')
  // ECMAScript's rule for printing numbers is the same but for the sign of zero.
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Writes a float64 as yaml.v3 does: the fewest digits, an exponent of two digits or more from 1e6 on and below 1e-4. */
export function formatGoFloatYaml(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa = '', power = '0'] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 6) return String(value)
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

/**
 * What becomes of a number that the reference writes as JSON and reads again: an integer if its digits are one that
 * fits 64 signed bits, else a float64. So 1.0 is 1n, and 2^64-1 is the float64 next to it. Infinity and NaN stay.
 */
export function normalizeNumber(value: bigint | number): bigint | number {
  if (typeof value === 'bigint') return fitsInt64(value) ? value : Number(value)
  if (!Number.isInteger(value) || Math.abs(value) >= 1e21) return value
  // The printed digits count, not the exact value: above 2^53 they are the shortest ones, filled up with zeros.
  const integer = BigInt(String(value))
  return fitsInt64(integer) ? integer : value
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
