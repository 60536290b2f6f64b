import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  compareConfigKeys,
  displayConfigKey,
  parseConfigKey,
  parseConfigKeyArgument,
  printConfigKey,
} from '../src/config/config-key.ts'
import { rows, text } from './config-vectors.ts'
import { outcome } from './outcome.ts'
import { thrownBy } from './thrown-by.ts'

describe('a key as a file spells it', () => {
  test.each(rows('parseKey').filter((row) => !('error' in row)))('is read as the reference reads it: $input', (row) => {
    expect(parseConfigKey(text(row, 'input'))).toEqual({ namespace: row['namespace'], name: row['name'] })
  })

  test.each(rows('parseKey').filter((row) => 'error' in row))('is refused, and named: $input', (row) => {
    const input = text(row, 'input')
    const error = thrownBy(() => parseConfigKey(input))
    expect(error).toMatchObject({ code: 'ERR_INVALID_CONFIG_KEY', details: { key: input } })
    expect(error.message).toContain(input)
  })

  test('loses the middle word of its legacy spelling when it is printed', () => {
    expect(printConfigKey(parseConfigKey('aws:config:region'))).toBe('aws:region')
  })

  test('can not hold half of a surrogate pair', () => {
    expect(thrownBy(() => parseConfigKey('proj:\ud800')).code).toBe('ERR_INVALID_CONFIG_KEY')
  })
})

describe('a key as a person types it', () => {
  const cases = rows('parseConfigKeyCLI').map((row) => ({
    name: text(row, 'name'),
    input: text(row, 'input'),
    parse: () => parseConfigKeyArgument(text(row, 'input'), text(row, 'project'), row['path'] === true),
    key: { namespace: row['namespace'], name: row['keyName'] },
    refused: 'errorContains' in row,
  }))

  test.each(cases.filter(({ refused }) => !refused))('is read as the reference reads it: $name', ({ parse, key }) => {
    expect(parse()).toEqual(key)
  })

  test.each(cases.filter(({ refused }) => refused))('is refused, and named: $name', ({ parse, input }) => {
    const error = thrownBy(parse)
    expect(error).toMatchObject({ code: 'ERR_INVALID_CONFIG_KEY', details: { key: input } })
    expect(error.message).toContain(input)
  })

  test.each([
    ['["x"]', { namespace: 'proj', name: '["x"]' }],
    ['["a:b"]', { namespace: '["a', name: 'b"]' }],
    ['ns:["x"]', { namespace: 'ns', name: '["x"]' }],
    ['aws:config:region.x', { namespace: 'aws', name: 'region.x' }],
    ['', { namespace: 'proj', name: '' }],
    ['.a', { namespace: 'proj', name: '.a' }],
  ])('with a path, %j is split where the reference splits it', (input, key) => {
    expect(parseConfigKeyArgument(input, 'proj', true)).toEqual(key)
  })
})

describe('keys', () => {
  test('of the project are shown without their namespace', () => {
    expect(displayConfigKey({ namespace: 'proj', name: 'a' }, 'proj')).toBe('a')
    expect(displayConfigKey({ namespace: 'aws', name: 'region' }, 'proj')).toBe('aws:region')
  })

  test('are sorted by namespace, then by name, each by bytes', () => {
    const sorted = ['a:z', 'a:\uffee', 'a:\u{1f642}', 'a-b:a', 'b:a']
    expect(sorted.toReversed().map(parseConfigKey).toSorted(compareConfigKeys).map(printConfigKey)).toEqual(sorted)
  })

  test('come back when they are printed and read again, or are refused with an error of their own', () => {
    const piece = fc.oneof(
      fc.constantFrom(':', 'config', '.', '[', 'é', '\u{1f642}', '\ud800'),
      fc.string({ maxLength: 3 }),
    )
    const anyText = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(''))
    const comesBack = fc.property(anyText, fc.boolean(), (input, path) => {
      for (const key of [
        outcome(() => parseConfigKey(input)),
        outcome(() => parseConfigKeyArgument(input, 'proj', path)),
      ]) {
        if ('code' in key || key.name.includes(':')) continue
        expect(parseConfigKey(printConfigKey(key))).toEqual(key)
      }
    })
    expect(() => fc.assert(comesBack, { numRuns: 200 })).not.toThrow()
  })
})
