import { describe, expect, test } from 'vitest'

import { jsonFormat } from '../src/document/document-format.ts'
import type { DocumentPath } from '../src/document/document-path.ts'
import { type ConfigValue, SecretText } from '../src/values/config-value.ts'

// The edits themselves, without the second look of a stack file, which refuses one that went wrong.
const careful = { careful: false }

async function set(text: string, path: DocumentPath, value: ConfigValue): Promise<string> {
  return jsonFormat.setAt(text, await jsonFormat.find(text), path, value, careful)
}

async function remove(text: string, path: DocumentPath): Promise<string> {
  return jsonFormat.removeAt(text, await jsonFormat.find(text), path, careful)
}

const map = (...pairs: [string, ConfigValue][]): ConfigValue => new Map(pairs)
const newSecret = new SecretText('v1:C:D')

type Row = readonly [what: string, before: string, path: DocumentPath, value: ConfigValue, after: string]

describe('a new JSON file', () => {
  test('escapes < in its configuration alone, as Pulumi does', () => {
    const pairs: [string, ConfigValue][] = [
      ['encryptionsalt', '<'],
      ['a<', map(['b<', '<'])],
    ]
    expect(jsonFormat.render(pairs)).toBe(
      '{\n    "encryptionsalt": "<",\n    "a<": {\n        "b\\u003c": "\\u003c"\n    }\n}\n',
    )
  })

  test('is an empty object where there is nothing to say', () => {
    expect(jsonFormat.render([])).toBe('{}\n')
  })
})

describe('a value of a JSON file', () => {
  test.each<Row>([
    ['is set in its place', '{ "config":{"a" : 1 , "b":2 } }', ['config', 'a'], 3n, '{ "config":{"a" : 3 , "b":2 } }'],
    ['is set with < escaped', '{"config":{"a":1}}', ['config', 'a'], '<', '{"config":{"a":"\\u003c"}}'],
    [
      'is set with < as it stands in a field',
      '{"encryptionsalt":"a"}',
      ['encryptionsalt'],
      '<',
      '{"encryptionsalt":"<"}',
    ],
    [
      'is set on several lines where its name begins one',
      '{\n\t"config": {\n\t\t"a": 1\n\t}\n}',
      ['config', 'a'],
      [1n],
      '{\n\t"config": {\n\t\t"a": [\n\t\t\t1\n\t\t]\n\t}\n}',
    ],
    [
      'is set on several lines that end as the others do',
      '{\r\n  "config": 1\r\n}',
      ['config'],
      [1n],
      '{\r\n  "config": [\r\n    1\r\n  ]\r\n}',
    ],
    [
      'is set on one line where its name does not begin one',
      '{"config": {\n"b": 1, "a": 1}}',
      ['config', 'a'],
      [1n],
      '{"config": {\n"b": 1, "a": [1]}}',
    ],
    ['is a ciphertext', '{"a": {"secure" :  "v1:A:B" }}', ['a'], newSecret, '{"a": {"secure" :  "v1:C:D" }}'],
    [
      'is a secret in place of a mapping of two',
      '{"a": {"secure": "v1:A:B", "b": 1}}',
      ['a'],
      newSecret,
      '{"a": {"secure":"v1:C:D"}}',
    ],
    [
      'is a secret in place of another mapping of one',
      '{"a": {"x": "v1:A:B" }}',
      ['a'],
      newSecret,
      '{"a": {"secure":"v1:C:D"}}',
    ],
    [
      'is a secret in place of a mapping whose secure is no text',
      '{"a": {"secure": [] }}',
      ['a'],
      newSecret,
      '{"a": {"secure":"v1:C:D"}}',
    ],
    ['is a secret in place of a text', '{"a": "x"}', ['a'], newSecret, '{"a": {"secure":"v1:C:D"}}'],
    ['becomes a mapping where its path goes on', '{"a": [1], "b": 2}', ['a', 'x'], 3n, '{"a": {"x":3}, "b": 2}'],
    ['becomes a list where its path goes on', '{"a": {"x": 1}, "b": 2}', ['a', 0n], 3n, '{"a": [3], "b": 2}'],
    ['becomes what its path needs, two steps deep', '{"a": {"b": 1}}', ['a', 'b', 'x'], 3n, '{"a": {"b": {"x":3}}}'],
    [
      'is a file of its own in place of null',
      'null',
      ['config', 'a'],
      1n,
      '{\n    "config": {\n        "a": 1\n    }\n}',
    ],
  ])('%s', async (_, before, path, value, after) => {
    expect(await set(before, path, value)).toBe(after)
  })

  test.each<Row>([
    [
      'before the first that is greater',
      '{"config":{"a":1,"c":3}}',
      ['config', 'b'],
      2n,
      '{"config":{"a":1,"b":2,"c":3}}',
    ],
    [
      'at the end where the others have no order',
      '{"config":{"c":1,"a":3}}',
      ['config', 'b'],
      2n,
      '{"config":{"c":1,"a":3,"b":2}}',
    ],
    [
      'as a field before those that Pulumi writes behind it',
      '{"config":{}}',
      ['secretsprovider'],
      '<',
      '{"secretsprovider":"<","config":{}}',
    ],
    [
      'as a field with < escaped in its values',
      '{"x":1}',
      ['config'],
      map(['a', '<']),
      '{"config":{"a":"\\u003c"},"x":1}',
    ],
    [
      'as a field that Pulumi does not know, with < as it stands in its name',
      '{"config":1}',
      ['y<'],
      1n,
      '{"config":1,"y<":1}',
    ],
    ['with < escaped in its name', '{"config":{"a":1}}', ['config', 'b<'], 1n, '{"config":{"a":1,"b\\u003c":1}}'],
    [
      'with the comma and the colon of its neighbours',
      '{"c": {"a" :1 ,  "b" :1}}',
      ['c', 'd'],
      1n,
      '{"c": {"a" :1 ,  "b" :1 ,  "d" :1}}',
    ],
    [
      'with those of the file where it has no neighbours',
      '{"c":{}}',
      ['c', 'd'],
      map(['x', 1n]),
      '{"c":{"d":{"x":1}}}',
    ],
    [
      'with plain ones where those of its neighbours are line ends',
      '{"c": {"a":\n1 ,\n"b":\n1}}',
      ['c', 'd'],
      1n,
      '{"c": {"a":\n1 ,\n"b":\n1, "d": 1}}',
    ],
    [
      'on a line of its own where the first has one',
      '{\n "c": {\n  "a": 1\n }\n}',
      ['c', 'd'],
      1n,
      '{\n "c": {\n  "a": 1,\n  "d": 1\n }\n}',
    ],
    ['on a line of its own in empty braces', '{\n "c": {}\n}', ['c', 'd'], 1n, '{\n "c": {\n  "d": 1\n }\n}'],
    [
      'on a line of its own that ends as the others do',
      '{\r\n "c": {}\r\n}',
      ['c', 'd'],
      1n,
      '{\r\n "c": {\r\n  "d": 1\r\n }\r\n}',
    ],
    ['behind the items of a list', '{"c":[1,2]}', ['c', 2n], 3n, '{"c":[1,2,3]}'],
    [
      'behind the items of a list, each on its line',
      '{\n "c": [\n  1\n ]\n}',
      ['c', 1n],
      3n,
      '{\n "c": [\n  1,\n  3\n ]\n}',
    ],
    ['in empty brackets', '{"c":[]}', ['c', 0n], 3n, '{"c":[3]}'],
    ['in an empty file of braces', '{}', ['c'], 3n, '{\n    "c": 3\n}'],
  ])('is added %s', async (_, before, path, value, after) => {
    expect(await set(before, path, value)).toBe(after)
  })

  test.each<readonly [what: string, before: string, path: DocumentPath, after: string]>([
    ['the first', '{"c":{"a":1, "b":2 ,"d":3}}', ['c', 'a'], '{"c":{"b":2 ,"d":3}}'],
    ['in the middle', '{"c":{"a":1, "b":2 ,"d":3}}', ['c', 'b'], '{"c":{"a":1, "d":3}}'],
    ['the last', '{"c":{"a":1, "b":2 ,"d":3}}', ['c', 'd'], '{"c":{"a":1, "b":2}}'],
    ['an item', '{"c":[1, 2]}', ['c', 0n], '{"c":[2]}'],
    ['a field', '{"b":1, "c":2}', ['b'], '{"c":2}'],
    ['the only one of the configuration, which goes too', '{"b":1, "config":{"a":1}}', ['config', 'a'], '{"b":1}'],
    [
      'the only one of a deeper mapping, which stays',
      '{"config":{"a":{"x":1}}}',
      ['config', 'a', 'x'],
      '{"config":{"a":{}}}',
    ],
    ['nothing where it is not there', '{"c":[1]}', ['c', 'a'], '{"c":[1]}'],
    ['nothing where a mapping has no places', '{"c":{"0":1}}', ['c', 0n], '{"c":{"0":1}}'],
    ['nothing of a file that holds null', 'null', ['c'], 'null'],
    ['nothing where the file itself is named', '{"c":1}', [], '{"c":1}'],
  ])('is taken out: %s', async (_, before, path, after) => {
    expect(await remove(before, path)).toBe(after)
  })
})
