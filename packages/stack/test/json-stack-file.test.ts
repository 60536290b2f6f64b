import { parseKeyUrl } from '@stackseal/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { ConfigPlace } from '../src/config/config-place.ts'
import { parseConfigPlace } from '../src/config/config-place.ts'
import type { NewValue } from '../src/config/new-value.ts'
import { isList, isObject } from '../src/config/value-shape.ts'
import { jsonFormat } from '../src/document/document-format.ts'
import { findJson } from '../src/document/json-finder.ts'
import { type ConfigMap, removeValue, setValue } from '../src/config/config-map.ts'
import { StackFile } from '../src/stack-file.ts'
import { type ConfigValue, SecretText } from '../src/values/config-value.ts'
import { configAsJson, reprCases, rows, text as field } from './config-vectors.ts'
import { rejectionOf } from './thrown-by.ts'
import { configValue, type SetCall } from './pulumi-tables.ts'

const jsonRows = rows('stackFiles').filter((row) => row['ext'] === '.json')
const parse = (text: string): Promise<StackFile> => StackFile.parse(text, 'proj', 'Pulumi.dev.json')
const place = (call: { key: string; path: boolean }): ConfigPlace => parseConfigPlace(call.key, 'proj', call.path)

function newValue({ value, kind }: SetCall): NewValue {
  if (kind === 'secure') return new SecretText(value)
  if (kind === 'object') return configValue(value)
  return kind === 'plain' ? { text: value } : { text: value, type: kind }
}

/** A file as the reference lays it out. */
function written(config: object): string {
  return `${JSON.stringify({ encryptionsalt: 'v1:s', config, environment: ['e'] }, undefined, 4)}\n`
}

describe('a JSON stack file', () => {
  test('stands in the table often enough for the rows below to mean something', () => {
    expect(jsonRows.length).toBeGreaterThan(3)
  })

  test.each(jsonRows.filter((row) => row['raw'] === null).map((row) => [field(row, 'name'), row] as const))(
    'that is new has the bytes that Pulumi writes: %s',
    (_, row) => {
      const config = (row['sets'] as readonly SetCall[]).reduce<ConfigMap>(
        (map, set) => setValue(map, place(set).key, place(set).path, newValue(set)),
        new Map(),
      )
      const sealedKey =
        row['setEncryptionsalt'] === undefined
          ? undefined
          : { url: parseKeyUrl('passphrase:'), sealed: field(row, 'setEncryptionsalt') }
      expect(StackFile.newText(sealedKey, config, jsonFormat)).toBe(row['expect_saved'])
    },
  )

  test.each(
    jsonRows
      .filter((row) => typeof row['raw'] === 'string' && 'expect_saved' in row)
      .map((row) => [field(row, 'name'), row] as const),
  )('holds what Pulumi finds in it, and after an edit what Pulumi makes of it: %s', async (_, row) => {
    let file = await parse(field(row, 'raw'))
    expect(configAsJson(file.config)).toBe(row['expect_loadedConfigJson'])
    for (const set of row['sets'] as readonly SetCall[]) file = await file.set(place(set), newValue(set))
    for (const rm of row['rms'] as readonly SetCall[]) file = await file.remove(place(rm))
    const theirs = await parse(field(row, 'expect_saved'))
    expect([configAsJson(file.config), file.header]).toEqual([configAsJson(theirs.config), theirs.header])
  })

  test.each(jsonRows.filter((row) => 'expect_loadError' in row).map((row) => [field(row, 'name'), row] as const))(
    'is refused where Pulumi refuses it: %s',
    async (_, row) => {
      expect(await rejectionOf(parse(field(row, 'raw')))).toMatchObject({
        code: 'ERR_MALFORMED_FILE',
        details: { file: 'Pulumi.dev.json', line: 1 },
      })
    },
  )

  test.each(reprCases().map((row) => [row['id'], row] as const))(
    'holds what the reference finds in its own test data: case %s',
    async (_, row) => {
      expect(configAsJson((await parse(`{"config":${field(row, 'json')}}`)).config)).toBe(row['json'])
    },
  )

  // What the real Pulumi lists, each seen with v3.259.0.
  test.each<[string, string]>([
    ['{"proj:a":null}', '{"proj:a":null}'],
    [
      '{"b":[null,-0.0,1.0,12345678901234567890,9007199254740993,1e21,1e-7]}',
      '{"proj:b":[null,0,1,12345678901234567000,9007199254740992,1e+21,1e-7]}',
    ],
    [
      '{"c":-0.0,"d":12345678901234567890,"e":1.50,"f":true}',
      '{"proj:c":"0","proj:d":"12345678901234567000","proj:e":"1.5","proj:f":"true"}',
    ],
    ['{"a":"\\ud800","<<":{"<<":{"b":1}}}', '{"proj:\\u003c\\u003c":{"\\u003c\\u003c":{"b":1}},"proj:a":"\ufffd"}'],
    [
      '{"a":"yes","b":"010","c":{"d":"~","e":"2020-01-02"}}',
      '{"proj:a":"yes","proj:b":"010","proj:c":{"d":"~","e":"2020-01-02"}}',
    ],
    [
      '{"aws:config:region":"x","s":{"secure":"v1:a:b"},"t":{"secure":null}}',
      '{"aws:region":"x","proj:s":{"secure":"v1:a:b"},"proj:t":{"secure":null}}',
    ],
    ['null', '{}'],
  ])('with the configuration %s holds %s', async (config, expected) => {
    expect(JSON.parse(configAsJson((await parse(`{"config":${config}}`)).config))).toEqual(JSON.parse(expected))
  })

  test('tells which keys have no value', async () => {
    expect((await parse('{"config":{"a":null,"b":"","aws:c":null}}')).withoutValue).toEqual(['proj:a', 'aws:c'])
  })

  test.each<[string, string, string]>([
    ['a number in its header', '{"encryption\u017falt":5}', 'ERR_MALFORMED_FILE'],
    ['a list in its header', '{"encryptedkey":[]}', 'ERR_MALFORMED_FILE'],
    ['a list at the top', '[]', 'ERR_MALFORMED_FILE'],
    ['text at the top', '"x"', 'ERR_MALFORMED_FILE'],
    ['text as config', '{"config":"x"}', 'ERR_MALFORMED_FILE'],
    ['a bare key under another spelling of config', '{"Config":{"a":"x"}}', 'ERR_MALFORMED_FILE'],
    ['a key twice', '{"config":{"a":"x",\n"a":"y"}}', 'ERR_DUPLICATE_KEY'],
    ['two spellings of a key', '{"config":{"a":"x","proj:a":"y"}}', 'ERR_DUPLICATE_KEY'],
    ['two spellings of a field', '{"config":{},"CONFIG":{}}', 'ERR_DUPLICATE_KEY'],
    ['a key twice in what is not read', '{"x":[{"a":1,"a":2}]}', 'ERR_DUPLICATE_KEY'],
  ])('with %s is refused', async (_, text, code) => {
    expect((await rejectionOf(parse(text))).code).toBe(code)
  })

  test('has its fields found whatever the case of their names', async () => {
    const file = await parse('{"Config": {"proj:a": "x"}, "EncryptionSalt": "v1:s", "Foo": 1}')
    expect(file.header).toEqual({ encryptionsalt: 'v1:s' })
    const edited = await (
      await file.set(place({ key: 'b', path: false }), { text: '<' })
    ).withSealedKey({
      url: parseKeyUrl('passphrase:'),
      sealed: 'v1:t',
    })
    expect(edited.text).toBe('{"Config": {"proj:a": "x", "proj:b": "\\u003c"}, "EncryptionSalt": "v1:t", "Foo": 1}')
  })

  test('in the layout of Pulumi has after an edit the bytes that Pulumi writes', async () => {
    const pairs = { 'proj:b': 'B', 'proj:d': { x: [1] } }
    let file = await parse(written(pairs))
    file = await file.set(place({ key: 'c.k', path: true }), { text: 'true' })
    expect(file.text).toBe(written({ 'proj:b': 'B', 'proj:c': { k: true }, 'proj:d': { x: [1] } }))
    file = await file.set(place({ key: 'd.x[1]', path: true }), new SecretText('v1:a:b'))
    file = await file.set(place({ key: 'a', path: false }), { text: 'A' })
    expect(file.text).toBe(
      written({ 'proj:a': 'A', 'proj:b': 'B', 'proj:c': { k: true }, 'proj:d': { x: [1, { secure: 'v1:a:b' }] } }),
    )
    for (const key of ['a', 'b', 'd', 'c']) file = await file.remove(place({ key, path: false }))
    expect(file.text).toBe('{\n    "encryptionsalt": "v1:s",\n    "environment": [\n        "e"\n    ]\n}\n')
    file = await file.set(place({ key: 'a', path: false }), { text: 'A' })
    expect(file.text).toBe(written({ 'proj:a': 'A' }))
  })

  test.each([
    ['{}\n', '{\n    "config": {\n        "proj:a": "x"\n    }\n}\n'],
    ['null', '{\n    "config": {\n        "proj:a": "x"\n    }\n}'],
    ['\ufeff{ "config" : {} }', '\ufeff{ "config" : {"proj:a" : "x"} }'],
    ['{"config":{"b":1}}', '{"config":{"b":1,"proj:a":"x"}}'],
    ['{\r\n\t"config": {\r\n\t}\r\n}', '{\r\n\t"config": {\r\n\t\t"proj:a": "x"\r\n\t}\r\n}'],
    ['{"config": {"proj:c": 1, "proj:b": 2}}', '{"config": {"proj:c": 1, "proj:b": 2, "proj:a": "x"}}'],
  ])('takes a new key in its own layout: %j', async (before, after) => {
    expect((await (await parse(before)).set(place({ key: 'a', path: false }), { text: 'x' })).text).toBe(after)
  })

  test('refuses an integer whose digits Pulumi would lose', async () => {
    const set = (await parse('{}')).set(place({ key: 'a.b', path: true }), { text: '9007199254740993' })
    expect(await rejectionOf(set)).toMatchObject({ code: 'ERR_INVALID_VALUE', details: { file: 'Pulumi.dev.json' } })
  })
})

const name = fc.constantFrom('a', 'b', 'key1', 'with.dot', 'é', '<', 'secure', '__proto__', '"', '')
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('x', '', 'yes', '<&>', '\u2028', 'a "b" \\', 1, 1.5, true, null, -1e-7, '🙂'),
    fc.constantFrom({ secure: 'v1:AAAA:BBBB' }, { secure: 5 }, {}, []),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
})).value

/** The text of a JSON stack file in one of the layouts in which people and programs write them. */
const arbitraryJsonFile = fc
  .record({
    config: fc.dictionary(fc.constantFrom('a', 'b', 'proj:c', 'proj:d', 'aws:region', 'x:config:y', 'é'), json),
    salt: fc.option(fc.constant('v1:s'), { nil: undefined }),
    other: fc.option(json, { nil: undefined }),
    isLast: fc.boolean(),
    indent: fc.constantFrom('', '  ', '    ', '\t'),
    bom: fc.constantFrom('', '\ufeff'),
    end: fc.constantFrom('', '\n', ' \n\n'),
    crlf: fc.boolean(),
    inline: fc.boolean(),
  })
  .map(({ config, salt, other, isLast, indent, bom, end, crlf, inline }) => {
    const fields = isLast
      ? { encryptionsalt: salt, other, config }
      : { config, encryptionsalt: salt, Environment: other }
    let text = JSON.stringify(fields, undefined, indent)
    // Small collections on one line, as some formatters write them.
    if (inline) text = text.replace(/[[{]\n\s+([^[\]{}]*?)\n\s+[\]}]/g, (it) => it.replace(/\n\s+/g, ' '))
    return `${bom}${crlf ? text.replaceAll('\n', '\r\n') : text}${end}`
  })

function placesOf(file: StackFile): ConfigPlace[] {
  const places: ConfigPlace[] = [place({ key: 'new', path: false }), place({ key: 'aws:new.deep[0].er', path: true })]
  const walk = (at: ConfigPlace, value: ConfigValue): void => {
    places.push(at)
    if (isList(value)) {
      places.push({ ...at, path: [...at.path, BigInt(value.length)] })
      value.forEach((item, i) => walk({ ...at, path: [...at.path, BigInt(i)] }, item))
    } else if (isObject(value)) {
      places.push({ ...at, path: [...at.path, 'added'] })
      for (const [key, item] of value) walk({ ...at, path: [...at.path, key] }, item)
    }
  }
  for (const { key, value } of file.config.values()) walk({ key, path: [] }, value)
  return places
}

/** The part of a text that an edit at a place may touch: the value, and where it comes or goes the comma beside it. */
function slotOf(file: StackFile, { key, path }: ConfigPlace, isRemoval: boolean): [start: number, end: number] {
  let node = findJson(file.text).root
  let slot: [number, number] = [0, file.text.length]
  const spelling = file.config.get(`${key.namespace}:${key.name}`)?.spelling ?? ''
  for (const [depth, step] of ['config', spelling, ...path].entries()) {
    if (node?.kind !== 'mapping' && node?.kind !== 'sequence') return slot
    const entries = node.kind === 'mapping' ? node.pairs : node.items
    const at =
      node.kind === 'mapping'
        ? node.pairs.findIndex((pair) => pair.key.kind === 'scalar' && pair.key.text === step)
        : Number(step)
    const entry = entries[at]
    // A new entry goes between two others, or into an empty pair of brackets.
    if (entry === undefined) {
      return [entries[0]?.start ?? node.start, entries.length > 0 ? node.end : node.end]
    }
    const goesAlone = isRemoval && depth === path.length + 1
    const before = entries[at - 1]?.end ?? node.start + 1
    const after = entries[at + 1]?.start ?? node.end - 1
    const emptiesConfig = isRemoval && path.length === 0 && depth === 0
    slot = goesAlone || emptiesConfig ? [before, after] : [entry.value.start, entry.value.end]
    node = entry.value
    if (emptiesConfig && node.kind === 'mapping' && node.pairs.length === 1) return slot
  }
  return slot
}

function expectKept(before: string, [start, end]: [number, number], after: string): void {
  expect(after.startsWith(before.slice(0, start))).toBe(true)
  expect(after.endsWith(before.slice(end))).toBe(true)
  expect(after.length).toBeGreaterThanOrEqual(start + before.length - end)
}

const anyNewValue: fc.Arbitrary<NewValue> = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) => ({ text })),
  fc.constantFrom('', '<b>&', 'line\nline', '\u2028', 'true', '7', '0', '"').map((text) => ({ text })),
  fc.constant(new SecretText('v1:NNNN:MMMM')),
  fc.constantFrom({ text: '-12', type: 'int' as const }, { text: '1.5', type: 'float' as const }),
  fc.constant(configValue('{"b":[null,{}],"a":1}')),
)
const REFUSED_BY_MODEL = new Set(['ERR_INVALID_PROPERTY_PATH', 'ERR_INVALID_VALUE', 'ERR_INVALID_CONFIG_KEY'])

async function unlessRefused(change: () => Promise<StackFile>): Promise<StackFile | undefined> {
  let edited: StackFile | undefined
  try {
    edited = await change()
  } catch (error) {
    if (!REFUSED_BY_MODEL.has((error as { code?: string }).code ?? '')) throw error
  }
  return edited
}

/** What scalars right under a key become when a file is loaded. */
function loaded(config: ConfigMap): string {
  return configAsJson(
    new Map(
      [...config].map(([key, entry]) => {
        const { value } = entry
        const isTyped = typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean'
        return [key, { ...entry, value: isTyped ? String(value) : value }]
      }),
    ),
  )
}

test('any value can be set at any place of any JSON file, and nothing else changes', async () => {
  let edits = 0
  await fc.assert(
    fc.asyncProperty(arbitraryJsonFile, fc.nat(), anyNewValue, async (text, pick, value) => {
      const file = await parse(text)
      const places = placesOf(file)
      const at = places[pick % places.length] as ConfigPlace
      const edited = await unlessRefused(() => file.set(at, value))
      if (edited === undefined) return
      edits++
      expect(loaded(edited.config)).toBe(loaded(setValue(file.config, at.key, at.path, value)))
      expectKept(text, slotOf(file, at, false), edited.text)
      // And again in what came of it: a splice must leave a text that the next one can work on.
      await unlessRefused(() => edited.set(at, { text: 'again' }))
    }),
    { numRuns: 400 },
  )
  expect(edits).toBeGreaterThan(300)
})

test('any value can be taken out of any JSON file, and nothing else changes', async () => {
  let edits = 0
  await fc.assert(
    fc.asyncProperty(arbitraryJsonFile, fc.nat(), async (text, pick) => {
      const file = await parse(text)
      const places = placesOf(file)
      const at = places[pick % places.length] as ConfigPlace
      const edited = await unlessRefused(() => file.remove(at))
      if (edited === undefined) return
      if (edited.text !== text) edits++
      expect(configAsJson(edited.config)).toBe(configAsJson(removeValue(file.config, at.key, at.path)))
      expectKept(text, slotOf(file, at, true), edited.text)
    }),
    { numRuns: 400 },
  )
  expect(edits).toBeGreaterThan(100)
})
