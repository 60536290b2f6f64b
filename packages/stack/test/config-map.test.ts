import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type ConfigKey, parseConfigKey } from '../src/config/config-key.ts'
import { type ConfigMap, getValue, removeValue, setValue } from '../src/config/config-map.ts'
import { coverSecrets, valueText } from '../src/config/config-output.ts'
import { type ConfigValue, SecretText } from '../src/values/config-value.ts'
import type { NewValue, ValueType } from '../src/config/new-value.ts'
import { parseConfigPath, type PathSegment } from '../src/config/property-path.ts'
import { hasSecret, isList, isObject, MAX_DEPTH } from '../src/config/value-shape.ts'
import { DIFFERENCES, ROW_DIFFERENCES } from './config-differences.ts'
import {
  configAsJson,
  configFromJson,
  reprCases,
  type Row,
  rows,
  text,
  valueAsJson,
  valueFromJson,
} from './config-vectors.ts'
import { outcome } from './outcome.ts'
import { thrownBy } from './thrown-by.ts'

interface Place {
  readonly key: ConfigKey
  readonly path: readonly PathSegment[]
}

/** A key of the tables, whose name is a path where the row says so. */
function place(spelled: string, isPath: boolean): Place {
  const { namespace, name } = parseConfigKey(spelled)
  if (!isPath) return { key: { namespace, name }, path: [] }
  const [first, ...path] = parseConfigPath(name)
  return { key: { namespace, name: first }, path }
}

const placeOf = (row: Row): Place => place(text(row, 'key'), row['path'] === true)
const isTyped = (row: Row): boolean => !['plain', 'secure', 'object'].includes(text(row, 'kind'))

function newValue(row: Row): NewValue {
  const value = text(row, 'value')
  const kind = text(row, 'kind')
  if (kind === 'plain') return { text: value }
  if (kind === 'secure') return new SecretText(value)
  return kind === 'object' ? valueFromJson(value) : { text: value, type: kind as ValueType }
}

function setRow(row: Row): ConfigMap {
  const { key, path } = placeOf(row)
  return setValue(configFromJson(text(row, 'config')), key, path, newValue(row))
}

/** What the tables say of a value. `raw` of a list or a mapping is compared as a value: the reference reads it once more. */
interface Described {
  readonly raw?: ConfigValue
  readonly redacted: unknown
  readonly secure: unknown
  readonly object: unknown
}

function described(value: ConfigValue | undefined): Described | undefined {
  if (value === undefined) return undefined
  const object = value === null || isList(value) || isObject(value)
  const redacted = valueText(value, coverSecrets)
  const raw = value instanceof SecretText ? value.ciphertext : redacted
  return { raw: object ? value : raw, redacted, secure: hasSecret(value), object }
}

/** A row's own words. A finished value of the form of a secret is one at once here, and after loading there. */
function expected(row: Row): Described {
  const { redacted, secure, object } = row
  const value = object === true ? valueFromJson(text(row, 'raw')) : text(row, 'raw')
  if (value instanceof SecretText) return { raw: value.ciphertext, redacted, secure: true, object: false }
  return { raw: value, redacted, secure, object }
}

/** `raw` of a typed value is what was typed, which nobody sees: the file holds the number or boolean. */
function withoutRaw(it: Described | undefined): Described | undefined {
  return it === undefined ? undefined : { redacted: it.redacted, secure: it.secure, object: it.object }
}

const titled = (list: readonly Row[]): readonly { readonly row: Row; readonly title: string }[] =>
  list.map((row) => ({
    row,
    title: ['config', 'key', 'kind', 'value'].map((field) => JSON.stringify(row[field])).join(' '),
  }))
const fails = (row: Row): boolean => 'error' in row || 'expect_jsonError' in row
const differs = (row: Row): boolean => ROW_DIFFERENCES.some(({ applies }) => applies(row))
const set = titled(rows('configSet'))
const PROJ = (name: string): ConfigKey => ({ namespace: 'proj', name })

describe('setting a value', () => {
  const good = set.filter(({ row }) => !differs(row) && !fails(row))

  test.each(good)('makes the file that the reference makes: $title', ({ row }) => {
    expect(configAsJson(setRow(row))).toBe(row['expect_json'])
  })

  test.each(good)('makes the values that the reference makes: $title', ({ row }) => {
    const description = isTyped(row) ? withoutRaw : (it: Described | undefined): Described | undefined => it
    const made = Array.from(setRow(row), ([key, { value }]) => [key, description(described(value))])
    const theirs = Object.entries(row['expect_values'] as Record<string, Row>)
    expect(Object.fromEntries(made)).toEqual(
      Object.fromEntries(theirs.map(([key, it]) => [key, description(expected(it))])),
    )
  })

  const REASONS: readonly (readonly [RegExp, string, string])[] = [
    [/closing quote/, 'ERR_INVALID_PROPERTY_PATH', 'closing quote'],
    [/key is empty/, 'ERR_INVALID_PROPERTY_PATH', 'name of the key is empty'],
    [/empty config key path/, 'ERR_INVALID_PROPERTY_PATH', 'it is empty'],
    [/index out of range$/, 'ERR_INVALID_PROPERTY_PATH', 'outside the list'],
    [/reserved/, 'ERR_INVALID_VALUE', 'taken for a secret'],
    [/array must be an int/, 'ERR_INVALID_PROPERTY_PATH', 'a list is there'],
    [/map must be a string/, 'ERR_INVALID_PROPERTY_PATH', 'a mapping is there'],
    [/expected a map/, 'ERR_INVALID_PROPERTY_PATH', 'a mapping is needed'],
    [/expected an array/, 'ERR_INVALID_PROPERTY_PATH', 'a list is needed'],
    [/Atoi.*invalid syntax/, 'ERR_INVALID_VALUE', 'not a whole number'],
    [/Atoi.*out of range/, 'ERR_INVALID_VALUE', 'does not fit 64 bits'],
    [/ParseFloat/, 'ERR_INVALID_VALUE', 'not a number'],
  ]
  const refused = set
    .filter(({ row }) => !differs(row) && fails(row))
    .map(({ row, title }) => {
      const theirs = (row['error'] ?? row['expect_jsonError']) as string
      const [, code, words] = REASONS.find(([reason]) => reason.test(theirs)) ?? []
      const named = code === 'ERR_INVALID_PROPERTY_PATH' ? (/^[^ :]+: /.exec(theirs)?.[0] ?? '') : ''
      return { row, title, code, words, named }
    })

  test.each(refused)('is refused for the same reason, at the same place: $title', ({ row, code, words, named }) => {
    const error = thrownBy(() => setRow(row))
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
    expect(error.message.slice(0, named.length)).toBe(named)
  })

  const differences = ROW_DIFFERENCES.flatMap(({ applies, code, reason }) =>
    set.filter(({ row }) => applies(row)).map(({ row, title }) => ({ row, title, code, reason })),
  )

  test('differs only in ways that are told in full and that the table has rows of', () => {
    expect(ROW_DIFFERENCES.filter(({ reason }) => !differences.some((it) => it.reason === reason))).toEqual([])
    expect(DIFFERENCES.filter((it) => [it.what, it.reference, it.instead, it.reason].includes(''))).toEqual([])
    expect(new Set(DIFFERENCES.map(({ what }) => what)).size).toBe(DIFFERENCES.length)
  })

  test.each(differences)('differs on purpose ($reason): $title', ({ row, code }) => {
    expect(thrownBy(() => setRow(row)).code).toBe(code)
  })

  test.each(titled(rows('configSetTypes')))('keeps the type that was asked for: $title', ({ row }) => {
    const { key, path } = placeOf(row)
    const type = text(row, 'type')
    const value = type === '' ? { text: text(row, 'value') } : { text: text(row, 'value'), type: type as ValueType }
    const config = setValue(new Map(), key, path, value)
    const written = /(?:: |- )(\S+)\n$/.exec(text(row, 'yaml'))?.[1]
    expect(valueAsJson(getValue(config, key, path) ?? null)).toBe(written)
  })
})

function foundBy(row: Row): ConfigValue | undefined {
  const { key, path } = placeOf(row)
  return getValue(configFromJson(text(row, 'config')), key, path)
}

function leftBy(row: Row): ConfigMap {
  const { key, path } = placeOf(row)
  return removeValue(configFromJson(text(row, 'config')), key, path)
}

/** As it is after it was written and read again: scalars at the top level are text. */
function loaded(config: ConfigMap): string {
  return configAsJson(configFromJson(configAsJson(config)))
}

function setPath(config: string, path: string, value: NewValue): ConfigMap {
  const [name, ...rest] = parseConfigPath(path)
  return setValue(configFromJson(config), PROJ(name), rest, value)
}

describe('safer hands when setting', () => {
  const x = { text: 'x' }

  test.each<[string, string, string, NewValue, string, string]>([
    ['text at secure over {secure: 5}', '{"proj:o":{"secure":5}}', 'o.secure', x, 'ERR_INVALID_VALUE', 'o.secure: '],
    ['a merge key', '', 'o["<<"]', x, 'ERR_INVALID_PROPERTY_PATH', 'o["<<"]: '],
    ['a merge key on the way', '', 'o["<<"].a', x, 'ERR_INVALID_PROPERTY_PATH', 'o["<<"]: '],
    ['a merge key in a finished value', '', 'o', new Map([['<<', 'x']]), 'ERR_INVALID_VALUE', '<<'],
    ['a finished mapping like a secret', '', 'o', [new Map([['secure', 'x']])], 'ERR_INVALID_VALUE', 'secure'],
    ['a colon in the name', '', '["a:b"]', x, 'ERR_INVALID_CONFIG_KEY', 'proj:a:b'],
    ['an index that would fill the memory', '', 'l[999999999999]', x, 'ERR_INVALID_PROPERTY_PATH', 'l[999999999999]: '],
    [
      'such an index inside',
      '{"proj:o":{"l":null}}',
      'o.l[9223372036854775807]',
      x,
      'ERR_INVALID_PROPERTY_PATH',
      'o.l[',
    ],
    ['a negative index of no list', '', 'l[-9223372036854775808]', x, 'ERR_INVALID_PROPERTY_PATH', 'l[-'],
    ['an infinite number', '', 'o', [Infinity], 'ERR_INVALID_VALUE', 'infinite'],
    ['half of a surrogate pair', '', 'o', { text: '\ud800' }, 'ERR_INVALID_VALUE', 'surrogate'],
    ['such a key in a finished value', '', 'o', new Map([['\udc00', 1n]]), 'ERR_INVALID_VALUE', 'surrogate'],
    ['such a ciphertext', '', 'o.a', new SecretText('\udc00'), 'ERR_INVALID_VALUE', 'surrogate'],
    ['what is no value', '', 'o', [new Date() as never], 'ERR_INVALID_VALUE', 'not made of'],
  ])('%s is refused', (_, config, path, value, code, words) => {
    const error = thrownBy(() => setPath(config, path, value))
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
  })

  test.each(['bool', 'int', 'float'] as const)('a text that is no %s is never shown', (type) => {
    const { message, hint, details } = thrownBy(() => setPath('', 'a', { text: 'hunter2', type }))
    expect(JSON.stringify([message, hint, details])).not.toContain('hunter2')
  })

  test('the places before a new item of a new list are null, up to ten thousand', () => {
    expect(configAsJson(setPath('', 'a.b[2]', x))).toBe('{"proj:a":{"b":[null,null,"x"]}}')
    expect(getValue(setPath('', 'l[10000]', x), PROJ('l'), [10_000n])).toBe('x')
    expect(thrownBy(() => setPath('', 'l[10001]', x)).code).toBe('ERR_INVALID_PROPERTY_PATH')
  })

  test(`what stands ${MAX_DEPTH} levels deep can be set and printed, and not one level more`, () => {
    const path = Array.from({ length: MAX_DEPTH }, () => 'a')
    const config = setValue(new Map(), PROJ('o'), path, { text: '7' })
    expect(configAsJson(config).length).toBe('{"proj:o":7}'.length + MAX_DEPTH * '{"a":}'.length)
    expect(getValue(config, PROJ('o'), path)).toBe(7n)
    expect(getValue(removeValue(config, PROJ('o'), path), PROJ('o'), path)).toBeUndefined()
    expect(thrownBy(() => setValue(config, PROJ('o'), [...path, 'a'], x)).code).toBe('ERR_INVALID_PROPERTY_PATH')
    expect(thrownBy(() => setValue(config, PROJ('p'), path, ['7'])).code).toBe('ERR_INVALID_VALUE')
  })

  test('a path of a million steps is refused and not walked', () => {
    const path = Array.from({ length: 1_000_000 }, () => 0n)
    const config = configFromJson('{"proj:o":[[1]]}')
    expect(thrownBy(() => setValue(config, PROJ('o'), path, x)).code).toBe('ERR_INVALID_PROPERTY_PATH')
    expect(getValue(config, PROJ('o'), path)).toBeUndefined()
    expect(removeValue(config, PROJ('o'), path)).toBe(config)
  })

  test('a finished value that is nested without end is refused', () => {
    let value: ConfigValue = 'x'
    for (let depth = 0; depth < 100_000; depth++) value = [value]
    expect(thrownBy(() => setPath('', 'o', value)).code).toBe('ERR_INVALID_VALUE')
  })

  test('numbers of a finished value take the form in which they are read back', () => {
    const config = setPath('', 'o', [1, 2n ** 64n, -0, 1.5, 1e21])
    expect(config.get('proj:o')?.value).toEqual([1n, 18446744073709552000, 0n, 1.5, 1e21])
  })

  test('a float at the top level stays a float, whatever its digits, and inside a value becomes what is read back', () => {
    const million: NewValue = { text: '1000000', type: 'float' }
    expect(setPath('', 'f', million).get('proj:f')?.value).toBe(1_000_000)
    expect(getValue(setPath('', 'f[0]', million), PROJ('f'), [0n])).toBe(1_000_000n)
  })

  test('a key keeps its place and its spelling in the file, and a new one comes last', () => {
    const config = setValue(configFromJson('{"aws:config:a":"1","proj:b":"2"}'), { namespace: 'aws', name: 'a' }, [], x)
    const more = setValue(config, PROJ('c'), [], x)
    expect(Array.from(more.values(), ({ spelling }) => spelling)).toEqual(['aws:config:a', 'proj:b', 'proj:c'])
  })
})

describe('getting a value', () => {
  const all = titled(rows('configGet'))

  test.each(all.filter(({ row }) => row['found'] === true))('finds what the reference finds: $title', ({ row }) => {
    expect(described(foundBy(row))).toEqual(expected(row))
  })

  test.each(all.filter(({ row }) => row['found'] === false))(
    'finds nothing where the reference does: $title',
    ({ row }) => {
      expect(foundBy(row)).toBeUndefined()
    },
  )

  test.each(reprPaths())('finds what the reference finds: case $id, $path', ({ config, path, row }) => {
    const at = place(path, true)
    const value = getValue(config, at.key, at.path)
    // Where nothing is found the table has the empty value.
    expect(described(value === undefined ? '' : value)).toEqual(expected(row))
  })

  test('finds nothing inside a secret or a scalar, or under another kind of step', () => {
    const config = configFromJson('{"proj:s":{"secure":"x"},"proj:o":{"0":"a"},"proj:l":["a"],"proj:t":"abc"}')
    expect(getValue(config, PROJ('s'), ['secure'])).toBeUndefined()
    expect(getValue(config, PROJ('o'), [0n])).toBeUndefined()
    expect(getValue(config, PROJ('l'), ['0'])).toBeUndefined()
    expect(getValue(config, PROJ('l'), [-1n])).toBeUndefined()
    expect(getValue(config, PROJ('l'), ['length'])).toBeUndefined()
    expect(getValue(config, PROJ('t'), [0n])).toBeUndefined()
    expect(getValue(config, PROJ('none'))).toBeUndefined()
  })
})

describe('removing a value', () => {
  const all = titled(rows('configRemove'))

  test.each(all.filter(({ row }) => !fails(row)))('leaves what the reference leaves: $title', ({ row }) => {
    expect(configAsJson(leftBy(row))).toBe(row['expect_json'])
    const theirs = Object.entries(row['expect_values'] as Record<string, Row>)
    expect(Array.from(leftBy(row), ([key, { value }]) => [key, described(value)])).toEqual(
      theirs.map(([key, it]) => [key, expected(it)]),
    )
  })

  test.each(all.filter(({ row }) => fails(row)))(
    'is refused where the reference refuses it, at the right place: $title',
    ({ row }) => {
      const error = thrownBy(() => leftBy(row))
      expect(error.code).toBe('ERR_INVALID_VALUE')
      expect(error.message).toContain('taken for a secret')
      expect(error.details).toEqual({ path: text(row, 'key').replace('my:', '') })
    },
  )

  test.each<[string, string, readonly PathSegment[]]>([
    ['a key', 'a', []],
    ['a key of a mapping', 'o', ['x']],
    ['a place in a scalar', 'o', ['a', 'b']],
    ['an index of a mapping', 'o', [0n]],
    ['an index behind the end', 'l', [2n]],
    ['a negative index', 'l', [-1n]],
    ['a key of a list', 'l', ['0']],
    ['a place in a secret', 's', ['secure']],
  ])('that is not there gives the same object: %s', (_, name, path) => {
    const config = configFromJson('{"proj:o":{"a":1},"proj:l":[1,2],"proj:s":{"secure":"ct"}}')
    expect(removeValue(config, PROJ(name), path)).toBe(config)
  })
})

describe('a configuration', () => {
  const step = fc.constantFrom<PathSegment>('a', 'b', 'secure', '__proto__', '', 0n, 1n, 2n)
  const leaf = fc.oneof(
    fc
      .string({ unit: fc.constantFrom('a', ' ', '0', 'é', '\u{1f642}', '\n'), maxLength: 4 })
      .map((it): NewValue => ({ text: it, type: 'string' })),
    fc.constantFrom<NewValue>(true, 12n, 1.5, new SecretText('ct'), null, new Map(), [], [new Map([['a', 'b']])]),
  )
  const edits = fc.array(
    fc.record({ name: fc.constantFrom('x', 'y', '__proto__'), path: fc.array(step, { maxLength: 3 }), leaf }),
    { maxLength: 8 },
  )
  test('gives what was set, and leaves its former self and the other keys alone', () => {
    const holds = fc.property(edits, (list) => {
      let config: ConfigMap = new Map()
      for (const { name, path, leaf: value } of list) {
        const before = configAsJson(config)
        const next = outcome(() => setValue(config, PROJ(name), path, value))
        expect(configAsJson(config)).toBe(before)
        if ('code' in next) continue
        expect(getValue(next, PROJ(name), path)).toEqual(isNewText(value) ? value.text : value)
        expect([...next].filter(([key]) => key !== `proj:${name}`)).toEqual(
          [...config].filter(([key]) => key !== `proj:${name}`),
        )
        expect(loaded(configFromJson(configAsJson(next)))).toBe(loaded(next))
        config = next
      }
    })
    expect(() => fc.assert(holds, { numRuns: 100 })).not.toThrow()
  })

  test('has no more what was removed, and leaves its former self alone', () => {
    const holds = fc.property(edits, (list) => {
      let config: ConfigMap = new Map()
      for (const { name, path, leaf: value } of list) {
        const next = outcome(() => setValue(config, PROJ(name), path, value))
        if (!('code' in next)) config = next
      }
      for (const { name, path } of list) {
        const before = configAsJson(config)
        const next = outcome(() => removeValue(config, PROJ(name), path))
        expect(configAsJson(config)).toBe(before)
        if ('code' in next) continue
        // Behind a removed item of a list the next one moves up.
        const mayStay = path.some((it) => typeof it === 'bigint')
        expect(mayStay || getValue(next, PROJ(name), path) === undefined).toBe(true)
        config = next
      }
    })
    expect(() => fc.assert(holds, { numRuns: 100 })).not.toThrow()
  })
})

function isNewText(value: NewValue): value is { readonly text: string } {
  return typeof value === 'object' && value !== null && 'text' in value
}

function reprPaths(): readonly {
  readonly id: unknown
  readonly path: string
  readonly config: ConfigMap
  readonly row: Row
}[] {
  return reprCases().flatMap((it) =>
    Object.entries(it['paths'] as Record<string, Row>).map(
      ([path, { string: raw, redacted, secure, isObject: object }]) => ({
        id: it['id'],
        path,
        config: configFromJson(text(it, 'json')),
        row: { raw, redacted, secure, object },
      }),
    ),
  )
}
