import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareNatural } from '../src/values/natural-order.ts'
import { tables } from './pulumi-tables.ts'

describe('the order of keys in YAML', () => {
  it.each(tables.stackFiles.filter((row) => row.raw === null && row.ext === '.yaml'))(
    'is that of the reference in "$name"',
    (row) => {
      const keys = row.sets.map((call) => call.key)
      const positions = keys.toSorted(compareNatural).map((key) => row.expect_saved?.indexOf(`\n  ${key}: `) ?? -1)
      expect(positions).not.toContain(-1)
      expect(positions).toEqual(positions.toSorted((a, b) => a - b))
    },
  )

  // Pairs as yaml.v3 3.0.1 puts them.
  it.each([
    ['a', 'ab'],
    ['k2', 'k10'],
    ['k2', 'k02'],
    ['k101', 'k110'],
    ['k1a', 'k01'],
    ['k1a', 'k1-'],
    ['k-', 'ka'],
    ['kZ', 'ka'],
    ['ka', 'ké'],
    ['\u{1f642}', '\ue000z'.slice(1)],
    ['k5', 'k٣'],
    // Runs of digits are numbers of 64 bits that wrap around: 2^63 is negative, 2^64+1 is 1.
    ['k9223372036854775808', 'k1'],
    ['k18446744073709551617', 'k2'],
  ])('puts %j before %j', (first, second) => {
    expect(compareNatural(first, second)).toBeLessThan(0)
    expect(compareNatural(second, first)).toBeGreaterThan(0)
  })

  it('is the same in both directions, and equal only for equal keys', () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'Z', 'é', '0', '1', '9', '-', ':', '٣', '🙂', '\u{1d7ce}') })
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareNatural(a, b))).toBe(-Math.sign(compareNatural(b, a)) + 0)
        expect(compareNatural(a, b) === 0).toBe(a === b)
      }),
    )
  })
})
