const LETTER = /^\p{L}/u
const DIGIT = /^\p{Nd}/u

/**
 * Compares two mapping keys as yaml.v3 orders them when it writes (docs/format.md, "Order of keys"): runs of digits by
 * their number, letters by code point, other characters before letters, except that a letter comes first after a digit.
 */
export function compareNatural(a: string, b: string): number {
  let at = 0
  while (at < a.length && at < b.length && a.charCodeAt(at) === b.charCodeAt(at)) at++
  if (at > 0 && isHighSurrogate(a.charCodeAt(at - 1))) at-- // the difference lies within a pair
  if (at >= a.length || at >= b.length) return a.length - b.length

  const restA = a.slice(at)
  const restB = b.slice(at)
  const letterA = LETTER.test(restA)
  const letterB = LETTER.test(restB)
  if (letterA && letterB) return codePoint(restA) - codePoint(restB)
  if (letterA || letterB) return letterA === endsWithDigit(a, at) ? -1 : 1

  // A zero inside a number counts: 101 comes before 110, though 01 would not come before 1.
  const inNumber = (restA.startsWith('0') || restB.startsWith('0')) && hasDigitsBefore(a, at)
  const runA = digitRun(restA, inNumber)
  const runB = digitRun(restB, inNumber)
  if (runA.number !== runB.number) return runA.number < runB.number ? -1 : 1
  if (runA.length !== runB.length) return runA.length - runB.length
  return codePoint(restA) - codePoint(restB)
}

interface DigitRun {
  readonly number: bigint
  readonly length: number
}

/** The number that a text begins with, in 64 signed bits that wrap around as in the reference, and its count of digits. */
function digitRun(text: string, inNumber: boolean): DigitRun {
  let number = inNumber ? 1n : 0n
  let length = 0
  for (const character of text) {
    if (!DIGIT.test(character)) break
    number = BigInt.asIntN(64, number * 10n + BigInt(codePoint(character) - 0x30))
    length++
  }
  return { number, length }
}

/** Whether the digits that end right before `at` hold one other than 0. */
function hasDigitsBefore(text: string, at: number): boolean {
  let end = at
  while (end > 0 && text.charCodeAt(end - 1) === 0x30) end--
  return endsWithDigit(text, end)
}

function endsWithDigit(text: string, end: number): boolean {
  return /\p{Nd}$/u.test(text.slice(Math.max(0, end - 2), end))
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function codePoint(text: string): number {
  return text.codePointAt(0) ?? 0
}
