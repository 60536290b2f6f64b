import * as fc from 'fast-check'

/**
 * Any character of Unicode. fast-check's own `unit: 'binary'` gives the same ones, and takes more than a second of each
 * process to make a table of them.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10ffff - 0x800 })
  .map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800)) // without the halves of surrogate pairs
