// RFC 8259 §6, one row a place in a number: where a digit 0, a digit 1-9, a dot, e or E, a sign lead. 0: nowhere.
export const MINUS = 1
export const ZERO = 2
export const INTEGER = 3
const DOT = 4
const FRACTION = 5
const EXPONENT = 6
const EXPONENT_SIGN = 7
const EXPONENT_DIGITS = 8
const NUMBER_STEPS = new Uint8Array(9 * 5)
NUMBER_STEPS.set([ZERO, INTEGER, 0, 0, 0], MINUS * 5)
NUMBER_STEPS.set([0, 0, DOT, EXPONENT, 0], ZERO * 5)
NUMBER_STEPS.set([INTEGER, INTEGER, DOT, EXPONENT, 0], INTEGER * 5)
NUMBER_STEPS.set([FRACTION, FRACTION, 0, 0, 0], DOT * 5)
NUMBER_STEPS.set([FRACTION, FRACTION, 0, EXPONENT, 0], FRACTION * 5)
NUMBER_STEPS.set([EXPONENT_DIGITS, EXPONENT_DIGITS, 0, 0, EXPONENT_SIGN], EXPONENT * 5)
NUMBER_STEPS.set([EXPONENT_DIGITS, EXPONENT_DIGITS, 0, 0, 0], EXPONENT_SIGN * 5)
NUMBER_STEPS.set([EXPONENT_DIGITS, EXPONENT_DIGITS, 0, 0, 0], EXPONENT_DIGITS * 5)
/** 1 for the places at which a number may end. */
export const MAY_END: Uint8Array = new Uint8Array(9)
for (const place of [ZERO, INTEGER, FRACTION, EXPONENT_DIGITS]) MAY_END[place] = 1

/** The place in a number after this byte; 0 where it does not go on with it. */
export function numberStep(place: number, byte: number): number {
  let column: number
  if (byte >= 0x30 && byte <= 0x39) column = byte === 0x30 ? 0 : 1
  else if (byte === 0x2e) column = 2
  else if (byte === 0x65 || byte === 0x45) column = 3
  else if (byte === 0x2b || byte === 0x2d) column = 4
  else return 0
  return NUMBER_STEPS[place * 5 + column]!
}
