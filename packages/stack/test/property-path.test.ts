import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { parseConfigPath, parsePropertyPath, type PathSegment, printPropertyPath } from '../src/config/property-path.ts'
import { rows, text, type Row } from './config-vectors.ts'
import { costOfDoubling } from './cpu-cost.ts'
import { outcome } from './outcome.ts'
import { thrownBy } from './thrown-by.ts'

/** The reference's reasons, and the words that stand for each in ours. */
const REASONS: readonly (readonly [string, string])[] = [
  ['expected property path to start with a name or index', 'begins with a dot'],
  ['expected property path to end with a name or index', 'ends with a dot'],
  ["expected property name after '.'", 'a dot stands before a bracket'],
  ['missing closing quote in property name', 'the closing quote of a name is missing'],
  ['missing closing bracket in property access', 'the closing bracket after a quoted name is missing'],
  ['missing closing bracket in array index', 'the closing bracket of an index is missing'],
  ['value out of range', 'does not fit 64 bits'],
  ['invalid syntax', 'not a whole number'],
]

const wordsFor = (reason: string): string | undefined => REASONS.find(([theirs]) => reason.includes(theirs))?.[1]

function segments(row: Row, field: string): readonly PathSegment[] {
  const list = (row[field] ?? []) as readonly (string | number | bigint)[]
  return list.map((segment) => (typeof segment === 'string' ? segment : BigInt(segment)))
}

/** No spelling stands for an empty name, nor for one that ends with a backslash. */
function isPrintable(segment: PathSegment): boolean {
  return typeof segment === 'bigint' || (segment !== '' && !segment.endsWith('\\'))
}

describe('a property path', () => {
  const table = rows('propertyPaths')

  test.each(table.filter((row) => !('strictError' in row)))('is read as the reference reads it: $input', (row) => {
    expect(parsePropertyPath(text(row, 'input'))).toEqual(segments(row, 'strict'))
    expect(printPropertyPath(segments(row, 'strict'))).toBe(row['strictString'])
  })

  test.each(table.filter((row) => 'strictError' in row))('is refused for the same reason: $input', (row) => {
    const error = thrownBy(() => parsePropertyPath(text(row, 'input')))
    expect(error).toMatchObject({ code: 'ERR_INVALID_PROPERTY_PATH', details: { path: row['input'] } })
    expect(error.message).toContain(wordsFor(text(row, 'strictError')))
  })

  test.each(table.filter((row) => 'laxString' in row))('is printed as the reference prints it: $laxString', (row) => {
    expect(printPropertyPath(segments(row, 'lax'))).toBe(row['laxString'])
  })

  test.each([
    ['', 'it is empty'],
    ['[0].a', 'begins with an index'],
    ['[""]', 'the name of the key is empty'],
    ['[""].a', 'the name of the key is empty'],
    ['a[', 'the closing bracket of an index is missing'],
  ])('that names a configuration value can not be %j', (name, words) => {
    const error = thrownBy(() => parseConfigPath(name))
    expect(error.code).toBe('ERR_INVALID_PROPERTY_PATH')
    expect(error.message).toContain(words)
  })

  test('that names a configuration value begins with its name', () => {
    expect(parseConfigPath('["a.b"].c[3]')).toEqual(['a.b', 'c', 3n])
  })

  test('says where it went wrong', () => {
    expect(thrownBy(() => parsePropertyPath('a.b[x]')).details).toEqual({ path: 'a.b[x]', at: 4 })
  })

  test('is read, or refused with an error of its own, whatever the text', () => {
    const signs = fc.constantFrom(
      '.',
      '[',
      ']',
      '"',
      '\\',
      '[0]',
      '["',
      '"]',
      '*',
      'a',
      'é',
      '\u{1f642}',
      '\0',
      '\ud800',
    )
    const anyText = fc
      .array(fc.oneof(signs, fc.string({ maxLength: 3 })), { maxLength: 10 })
      .map((parts) => parts.join(''))
    const readOrRefused = fc.property(anyText, (input) => {
      const path = outcome(() => parsePropertyPath(input))
      if ('code' in path || !path.every(isPrintable)) return
      expect(parsePropertyPath(printPropertyPath(path))).toEqual(path)
    })
    expect(() => fc.assert(readOrRefused, { numRuns: 300 })).not.toThrow()
  })

  test('is the same after it was printed and read again', () => {
    const unit = fc.constantFrom('.', '[', ']', '"', '\\', ' ', 'a', '0', '_', ':', 'é', '\u{1f642}', '\u0000')
    const index = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    const path = fc.array(fc.oneof(fc.string({ unit, maxLength: 6 }), index).filter(isPrintable), { maxLength: 6 })
    const same = fc.property(path, (it) => {
      expect(parsePropertyPath(printPropertyPath(it))).toEqual(it)
    })
    expect(() => fc.assert(same, { numRuns: 300 })).not.toThrow()
  })

  test.each([
    ['names', 'a.b'],
    ['quoted names', '["x\\"y"]'],
    ['indices', '[0]'],
    ['dots alone', 'a....'],
    ['a name without its closing quote', '["\\"'],
    ['brackets without an end', 'a['],
  ])('takes twice the time for twice the length: %s', (_, piece) => {
    expect(costOfDoubling((n) => piece.repeat(n / piece.length), parsePropertyPath)).toBeLessThan(2.3)
  })
})
