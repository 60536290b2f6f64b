import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type ConfigReading, readConfig } from '../src/config/config-reader.ts'
import { SecretText } from '../src/values/config-value.ts'
import type { DocumentNode, MappingNode, PairNode, ScalarNode } from '../src/document/document-node.ts'
import { readHeader } from '../src/stack-header.ts'
import { MAX_DEPTH } from '../src/config/value-shape.ts'
import { configAsJson, reprCases, rows, text } from './config-vectors.ts'
import { outcome } from './outcome.ts'
import { thrownBy } from './thrown-by.ts'
import { costOfDoubling } from './cpu-cost.ts'
import { treeOf } from './yaml-tree.ts'

function read(yaml: string): ConfigReading {
  const tree = treeOf(yaml)
  if (tree === undefined) throw new Error(`not YAML: ${yaml}`)
  return readConfig(tree.root, 'proj', yaml)
}

function config(yaml: string): string {
  return configAsJson(read(yaml).config)
}

const loads = rows('stackFiles')
  .filter((row) => row['ext'] !== '.json' && typeof row['raw'] === 'string')
  .map((row) => ({ row, raw: (row['raw'] as string).replace(/^\ufeff/, ''), name: text(row, 'name') }))
  .filter(({ raw }) => treeOf(raw) !== undefined)
const hasTwoSpellings = (raw: string): boolean =>
  [...raw.matchAll(/^ {2}(?<bare>[^\s:]+): /gm)].some((it) => raw.includes(`\n  proj:${it.groups?.['bare']}: `))

describe('a stack file', () => {
  test('stands in the table often enough for the rows below to mean something', () => {
    expect(loads.filter(({ row }) => 'expect_loadedConfigJson' in row).length).toBeGreaterThan(35)
    expect(loads.filter(({ row }) => 'expect_loadError' in row).length).toBeGreaterThan(5)
  })

  test.each(loads.filter(({ row, raw }) => 'expect_loadedConfigJson' in row && !hasTwoSpellings(raw)))(
    'holds what the reference finds in it: $name',
    ({ row, raw }) => {
      expect(config(raw)).toBe(row['expect_loadedConfigJson'])
    },
  )

  test.each(loads.filter(({ row }) => 'expect_loadError' in row))(
    'is refused where the reference refuses it: $name',
    ({ row, raw }) => {
      const theirs = text(row, 'expect_loadError')
      const error = thrownBy(() => read(raw))
      expect(error.code).toBe(theirs.includes('already defined') ? 'ERR_DUPLICATE_KEY' : 'ERR_MALFORMED_FILE')
      expect(error.message).toContain(/line \d+/.exec(theirs)?.[0] ?? 'line')
    },
  )

  test.each(loads.filter(({ raw }) => hasTwoSpellings(raw)))(
    'with two spellings of one key differs on purpose (nobody knows which value counts): $name',
    ({ raw }) => {
      expect(thrownBy(() => read(raw)).code).toBe('ERR_DUPLICATE_KEY')
    },
  )

  test.each(reprCases())('holds what the reference finds in its own test data: case $id', (row) => {
    expect(config(`config:\n${text(row, 'yamlV2Style').replaceAll(/^/gm, '  ')}`)).toBe(row['json'])
  })

  test.each<[string, string, string, number, number]>([
    ['the same key', 'config:\n  proj:a: A\n  proj:b: B\n  proj:a: C\n', 'proj:a', 2, 4],
    ['a bare key and its full spelling', 'config:\n  a: A\n  proj:a: B\n', 'proj:a', 2, 3],
    ['a legacy key and its new spelling', 'config:\r\n  aws:config:r: A\r\n  aws:r: B\r\n', 'aws:r', 2, 3],
    ['a merged bare key beside the full spelling', 'x: &x {a: 1}\nconfig:\n  <<: *x\n  proj:a: 2\n', 'proj:a', 1, 4],
    ['a key inside a value', 'config:\n  proj:o:\n    k: 1\n    k: 2\n', 'k', 3, 4],
    ['a key in quotes and without', 'config:\n  proj:o: {1: a, "1": b}\n', '1', 2, 2],
    ['two numbers that are the same', 'config:\n  proj:o:\n    0x1: a\n    1: b\n', '1', 3, 4],
    ['an alias and its text', 'x: &k proj:a\nconfig:\n  *k : b\n  proj:a: c\n', 'proj:a', 3, 4],
    ['config itself', 'config: {}\nconfig: {}\n', 'config', 1, 2],
    ['a field that is not read', 'x: {a: 1,\n  a: 2}\nconfig: {}\n', 'a', 1, 2],
    ['a key in a list in the environment', 'environment:\n  - a: {b: 1, b: 2}\n', 'b', 2, 2],
    ['two merge keys', 'config:\n  proj:o:\n    <<: {a: 1}\n    "<<": {b: 2}\n', '<<', 3, 4],
    ['a field of the header', 'encryptionsalt: a\nencryptionsalt: b\n', 'encryptionsalt', 1, 2],
  ])('with a key twice names both lines: %s', (_, yaml, key, firstLine, line) => {
    const error = thrownBy(() => read(yaml))
    expect(error).toMatchObject({ code: 'ERR_DUPLICATE_KEY', details: { key, firstLine, line } })
    expect(error.message).toContain(`line ${firstLine} and again in line ${line}`)
  })

  test.each<[string, string, string]>([
    ['a list at the top', '- a\n', 'line 1'],
    ['text at the top', 'abc\n', 'line 1'],
    ['a number as a top-level key', 'config: {}\n1: 2\n', 'line 2'],
    ['text as config', 'config: ""\n', 'line 1'],
    ['a list as config', 'config:\n  - a\n', 'config'],
    ['a null key', 'config:\n  proj:a: A\n  ~: x\n', 'line 3'],
    ['a boolean key', 'config:\n  true: x\n', 'line 2'],
    ['a key with too many colons', 'config:\n  a:b:c: x\n', 'a:b:c'],
    ['an infinite value', 'config:\n  proj:a: A\n  proj:n: -.inf\n', 'line 3: proj:n'],
    ['an infinite value inside', 'config:\n  proj:o:\n    - a\n    - {b: .nan}\n', 'line 4: proj:o[1].b'],
    ['a value that does not fit its tag', 'config:\n  proj:a: x\n  proj:b: !!int hunter2\n', 'line 3'],
    ['a date as a key', 'config:\n  2020-01-02: x\n', 'line 2'],
    ['a tag that does not fit in a field that is not read', 'x: [!!int hunter2]\n', 'line 1'],
    ['a merge of text in a field that is not read', 'config: {}\nx: {<<: v}\n', 'line 2'],
    ['a merge of text', 'config:\n  proj:o: {<<: v}\n', 'line 2'],
    ['a merge of a list of text', 'config:\n  proj:o: {<<: [{a: 1}, v]}\n', 'line 2'],
    ['a quoted merge of text, which the reference reads no other way', 'config:\n  proj:o: {"<<": v}\n', 'line 2'],
    ['an alias to a list merged', 'x: &x [{a: 1}]\nconfig:\n  proj:o: {<<: *x}\n', 'line 3'],
    ['an anchor that contains itself', 'config:\n  proj:o: &x [*x]\n', 'anchor x'],
    ['an anchor that is merged into itself', 'config:\n  proj:o: &x {<<: *x}\n', 'anchor x'],
    ['an alias to a mapping as a key', 'x: &x {a: 1}\nconfig:\n  proj:o: {*x : 1}\n', 'line 3'],
  ])('with %s is malformed, and says where', (_, yaml, words) => {
    const error = thrownBy(() => read(yaml))
    expect(error.code).toBe('ERR_MALFORMED_FILE')
    expect(error.message).toContain(words)
    expect(error.message).not.toContain('hunter2')
  })

  test.each<[string, string, string]>([
    ['nothing', '', '{}'],
    ['a comment', '# a\n', '{}'],
    ['a lone null', 'null\n', '{}'],
    ['no config', 'encryptionsalt: x\n', '{}'],
    ['an empty config', 'config:\n', '{}'],
    [
      'keys of every kind inside a value',
      'config:\n  o: {1: a, true: b, 1e8: c, .5: d, ~: e, 2020-01-02: f, .inf: g, 18446744073709551615: h}\n',
      '{"proj:o":{"+Inf":"g","0.5":"d","1":"a","18446744073709551615":"h","1e+08":"c","2020-01-02 00:00:00 +0000 UTC":"f","\\u003cnil\\u003e":"e","true":"b"}}',
    ],
    ['a merge with an own key', 'x: &x {a: 1, b: 2}\nconfig:\n  o: {a: 3, <<: *x}\n', '{"proj:o":{"a":3,"b":2}}'],
    [
      'merges of which the first counts',
      'config:\n  o: {<<: [{a: 1, <<: {c: 4}}, {a: 2, b: 3, c: 5}]}\n',
      '{"proj:o":{"a":1,"b":3,"c":4}}',
    ],
    [
      'merged keys as they are written, beside text',
      'config:\n  o: {a: 1, <<: {0x1: b}}\n',
      '{"proj:o":{"0x1":"b","a":1}}',
    ],
    [
      'merged keys as they are read, beside numbers',
      'config:\n  o: {2: 1, <<: {0x1: b}}\n',
      '{"proj:o":{"1":"b","2":1}}',
    ],
    ['a merge in quotes', 'config:\n  o: {"<<": {a: 1}}\n', '{"proj:o":{"a":1}}'],
    ['an empty merge', 'config:\n  o: {<<: []}\n', '{"proj:o":{}}'],
    ['a merge under config', 'x: &x {proj:a: 1, b: 2}\nconfig:\n  <<: *x\n  b: 3\n', '{"proj:a":"1","proj:b":"3"}'],
    ['a quoted merge key under config, which is a key', 'config:\n  "<<": {a: 1}\n', '{"proj:\\u003c\\u003c":{"a":1}}'],
    ['a merge at the top', '<<: {config: {a: 1}}\nencryptionsalt: x\n', '{"proj:a":"1"}'],
    ['a merged secret', 'x: &x {secure: ct}\nconfig:\n  a: {<<: *x}\n', '{"proj:a":{"secure":"ct"}}'],
    ['aliases', 'x: &k proj:a\nconfig:\n  *k : &v {p: [1]}\n  b: *v\n', '{"proj:a":{"p":[1]},"proj:b":{"p":[1]}}'],
    ['the key __proto__', 'config:\n  __proto__: {__proto__: {a: 1}}\n', '{"proj:__proto__":{"__proto__":{"a":1}}}'],
    ['empty names', 'config:\n  "": x\n  ":": y\n  "a:": z\n', '{":":"y","a:":"z","proj:":"x"}'],
    [
      'numbers that lose their form',
      'config:\n  a: 18446744073709551615\n  b: {c: 1e15, d: 1e21, e: -0.0, f: 18446744073709551615}\n',
      '{"proj:a":"18446744073709551615","proj:b":{"c":1000000000000000,"d":1e+21,"e":0,"f":18446744073709552000}}',
    ],
  ])('may hold %s', (_, yaml, expected) => {
    expect(config(yaml)).toBe(expected)
  })

  test('has a secret where one key secure has a string, and nowhere else', () => {
    const { config: secrets } = read(
      'config:\n  a: {secure: ct}\n  b: {secure: "5"}\n  c: {secure: 5}\n  d: {secure: ~}\n  e: {secure: ct, x: 1}\n' +
        '  f: {secure: [ct]}\n  g: [{secure: ct}]\n  h: {secure: {secure: ct}}\n  i: {secure: true}\n  j: {secure: !!str 5}\n',
    )
    const found = new Map(Array.from(secrets.values(), ({ key, value }) => [key.name, value]))
    for (const name of ['a', 'b', 'j']) expect(found.get(name)).toBeInstanceOf(SecretText)
    for (const name of ['c', 'd', 'e', 'f', 'i']) expect(found.get(name)).toBeInstanceOf(Map)
    expect(found.get('g')).toEqual([new SecretText('ct')])
    expect(found.get('h')).toEqual(new Map([['secure', new SecretText('ct')]]))
  })

  test('keeps the spelling of its keys, and tells which have no value', () => {
    const { config: entries, withoutValue } = read('config:\n  a:\n  proj:b: ~\n  aws:config:c: ""\n  d: {e: null}\n')
    expect(Array.from(entries.values(), ({ spelling }) => spelling)).toEqual(['a', 'proj:b', 'aws:config:c', 'd'])
    expect([...entries.keys()]).toEqual(['proj:a', 'proj:b', 'aws:c', 'proj:d'])
    expect(withoutValue).toEqual(['proj:a', 'proj:b'])
    expect(entries.get('proj:a')?.value).toBe('')
  })

  test('tells where values stand that are marked for encryption', () => {
    const yaml = 'config:\n  a: !secret hi\n  b: {c: [x, !secret 5]}\n  d: !other x\n'
    const { config: entries, marks } = read(yaml)
    expect(configAsJson(entries)).toBe('{"proj:a":"hi","proj:b":{"c":["x","5"]},"proj:d":"x"}')
    expect(marks).toEqual([
      { key: 'proj:a', path: [], offset: yaml.indexOf('!secret hi') },
      { key: 'proj:b', path: ['c', 1n], offset: yaml.indexOf('!secret 5') },
    ])
  })
})

function header(yaml: string): unknown {
  return readHeader(treeOf(yaml)?.root, yaml)
}

describe('the header', () => {
  test.each<[string, unknown]>([
    ['', {}],
    ['encryptionsalt: v1:x\n', { encryptionsalt: 'v1:x' }],
    [
      'secretsprovider: 5\nencryptedkey: 1.50\nencryptionsalt: true\n',
      { secretsprovider: '5', encryptedkey: '1.5', encryptionsalt: 'true' },
    ],
    [
      'secretsprovider: 0x10\nencryptedkey: 1e21\nencryptionsalt: 1e8\n',
      { secretsprovider: '16', encryptedkey: '1e+21', encryptionsalt: '1e+08' },
    ],
    ['secretsprovider: ~\nencryptedkey:\nencryptionsalt: ""\n', {}],
    ['secretsprovider: >-\n  awskms://a\n', { secretsprovider: 'awskms://a' }],
    ['x: &s v1:x\nencryptionsalt: *s\n', { encryptionsalt: 'v1:x' }],
    ['Encryptionsalt: x\n', {}],
  ])('of %j is what the reference takes it for', (yaml, expected) => {
    expect(header(yaml)).toEqual(expected)
  })

  test.each([
    ['secretsprovider: {a: b}\n', 'secretsprovider', 'ERR_MALFORMED_FILE'],
    ['encryptedkey: [a]\n', 'encryptedkey', 'ERR_MALFORMED_FILE'],
    ['x: &x [a]\nencryptionsalt: *x\n', 'encryptionsalt', 'ERR_MALFORMED_FILE'],
    ['encryptionsalt: a\nencryptionsalt: b\n', 'encryptionsalt', 'ERR_DUPLICATE_KEY'],
  ])('can not be %j', (yaml, field, code) => {
    const error = thrownBy(() => header(yaml))
    expect(error.code).toBe(code)
    expect(error.message).toContain(field)
  })
})

const AT = { start: 0, end: 0, outerStart: 0, anchor: undefined, tag: undefined }
const scalar = (content: string): ScalarNode => ({ ...AT, kind: 'scalar', style: 'plain', text: content })
const list = (values: readonly DocumentNode[]): DocumentNode => ({
  ...AT,
  kind: 'sequence',
  flow: true,
  items: values.map((value) => ({ value, start: 0, dashEnd: 0, end: 0 })),
})
const mapping = (pairs: readonly (readonly [PairNode['key'], DocumentNode])[]): MappingNode => ({
  ...AT,
  kind: 'mapping',
  flow: true,
  pairs: pairs.map(([key, value]) => ({ key, value, start: 0, colonEnd: 0, end: 0 })),
})
const alias = (target: DocumentNode): DocumentNode => ({ ...AT, kind: 'alias', name: 'x', target })
const inConfig = (value: DocumentNode): DocumentNode => mapping([[scalar('config'), mapping([[scalar('a'), value]])]])

describe('a hostile tree', () => {
  const towers: readonly (readonly [string, (depth: number) => DocumentNode])[] = [
    ['lists', (depth) => nested(depth, (inner) => list([inner]))],
    ['mappings', (depth) => nested(depth, (inner) => mapping([[scalar('k'), inner]]))],
    ['merges', (depth) => nested(depth, (inner) => mapping([[scalar('<<'), inner]]), mapping([]))],
  ]

  test.each(towers)('of %s may be as deep as the limit', (_, build) => {
    expect(() => readConfig(inConfig(build(MAX_DEPTH)), 'proj', '')).not.toThrow()
  })

  test.each([
    ...towers,
    ['aliases', (depth: number) => nested(depth, (inner) => alias(list([alias(inner)])))] as const,
  ])('of %s fails beyond the limit, however deep it is', (_, build) => {
    for (const depth of [MAX_DEPTH + 2, 200_000]) {
      expect(thrownBy(() => readConfig(inConfig(build(depth)), 'proj', '')).code).toBe('ERR_MALFORMED_FILE')
    }
  })

  test('that is nested too deep in a field that is not read fails too', () => {
    const root = mapping([[scalar('environment'), nested(200_000, (inner) => list([inner]))]])
    expect(thrownBy(() => readConfig(root, 'proj', '')).code).toBe('ERR_MALFORMED_FILE')
  })

  test.each<[string, (inner: DocumentNode) => DocumentNode]>([
    ['lists of aliases', (inner) => list(Array.from({ length: 10 }, () => alias(inner)))],
    ['mappings of aliases', (inner) => mapping(Array.from({ length: 10 }, (__, i) => [scalar(`k${i}`), alias(inner)]))],
    [
      'merges of aliases',
      (inner) =>
        mapping([
          [scalar('<<'), list(Array.from({ length: 10 }, () => alias(mapping([[scalar('k'), inner]]))))],
          [scalar('j'), inner],
        ]),
    ],
  ])('that grows tenfold with every line fails soon: %s', (_, grow) => {
    const before = process.cpuUsage()
    const error = thrownBy(() => readConfig(inConfig(alias(nested(12, grow))), 'proj', ''))
    expect(error.code).toBe('ERR_MALFORMED_FILE')
    expect(error.message).toContain('aliases')
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(3000)
  })

  test('with many aliases to one small value is no bomb', () => {
    const value = mapping([[scalar('secure'), scalar('ct')]])
    const entries = Array.from({ length: 5000 }, (_, i) => [scalar(`k${i}`), alias(value)] as const)
    expect(readConfig(mapping([[scalar('config'), mapping(entries)]]), 'proj', '').config.size).toBe(5000)
  })

  test('is read, or refused with a StacksealError, whatever it is', () => {
    const anyScalar = fc
      .constantFrom('a', 'b', 'proj:a', '<<', 'secure', 'null', '1', '0x1', '.inf', 'config', '__proto__', 'x:y:z')
      .chain((content) =>
        fc
          .record({
            style: fc.constantFrom('plain', 'double'),
            tag: fc.constantFrom(undefined, '!secret', '!!str', '!!int'),
          })
          .map(({ style, tag }): ScalarNode => ({ ...scalar(content), style: style as ScalarNode['style'], tag })),
      )
    const { node } = fc.letrec<{ node: DocumentNode }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        anyScalar,
        fc.array(tie('node'), { maxLength: 3 }).map(list),
        fc.array(fc.tuple(anyScalar, tie('node')), { maxLength: 3 }).map(mapping),
        tie('node').map(alias),
      ),
    }))
    let good = 0
    const readOrRefused = fc.property(node, (value) => {
      for (const root of [value, mapping([[scalar('config'), value]]), inConfig(value)]) {
        const result = outcome(() => configAsJson(readConfig(root, 'proj', '').config))
        if (typeof result === 'string') good++
        outcome(() => readHeader(root, ''))
      }
    })
    expect(() => fc.assert(readOrRefused, { numRuns: 200 })).not.toThrow()
    expect(good).toBeGreaterThan(50)
    expect(good).toBeLessThan(550)
  })

  test.each([
    ['secrets', () => mapping([[scalar('secure'), scalar('v1:a:b')]])],
    ['text', () => scalar('text')],
    ['lists of numbers', () => list([scalar('1'), scalar('2.5')])],
  ])('takes twice the time for twice as many %s', (_, value) => {
    const root = (n: number): DocumentNode =>
      mapping([[scalar('config'), mapping(Array.from({ length: n }, (__, i) => [scalar(`proj:key${i}`), value()]))]])
    expect(costOfDoubling(root, (it) => readConfig(it, 'proj', ''))).toBeLessThan(2.3)
  })
})

function nested(
  depth: number,
  wrap: (inner: DocumentNode) => DocumentNode,
  innermost: DocumentNode = scalar('x'),
): DocumentNode {
  let node = innermost
  for (let i = 0; i < depth; i++) node = wrap(node)
  return node
}
