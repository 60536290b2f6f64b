import { describe, expect, test } from 'vitest'

import type { DocumentNode } from '../src/document/document-node.ts'
import { findJson } from '../src/document/json-finder.ts'
import { resolveScalar } from '../src/document/yaml-scalar.ts'
import { costOfDoubling } from './cpu-cost.ts'
import { outcome } from './outcome.ts'
import { thrownBy } from './thrown-by.ts'

/** The value that a tree stands for, as JSON.parse would give it. */
function valueOf(node: DocumentNode): unknown {
  if (node.kind === 'sequence') return node.items.map(({ value }) => valueOf(value))
  if (node.kind === 'mapping') {
    return Object.fromEntries(node.pairs.map(({ key, value }) => [valueOf(key), valueOf(value)]))
  }
  if (node.kind !== 'scalar') throw new Error(node.kind)
  const value = resolveScalar(node)
  return typeof value === 'bigint' ? Number(value) : value
}

function nodesOf(node: DocumentNode | undefined): readonly DocumentNode[] {
  if (node?.kind === 'sequence') return [node, ...node.items.flatMap(({ value }) => nodesOf(value))]
  if (node?.kind !== 'mapping') return node === undefined ? [] : [node]
  return [node, ...node.pairs.flatMap(({ key, value }) => [key, ...nodesOf(value)])]
}

describe('the JSON finder', () => {
  const texts = [
    '{}',
    '[]',
    ' { "a" : 1 , "b":[ true,false , null ] }\r\n\t',
    '"\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u00e9 \\ud83d\\ude42"',
    '[0, -0, 1.50, -1e-7, 1E+21, 12345678901234567890, 0.1, 1e6, 123456789.25]',
    '{"":{"":[[[{}]]]}}',
    '"\u2028 é 🙂 \u007f"',
    '{"yes": "yes", "on": "010", "n": "~"}',
  ]
  test.each(texts)('finds the value of %j', (text) => {
    const { root } = findJson(text)
    expect(valueOf(root as DocumentNode)).toEqual(JSON.parse(text, (_, value: unknown) => (value === 0 ? 0 : value)))
  })

  test.each(texts)('finds places that are exact in %j', (text) => {
    for (const { start, end } of nodesOf(findJson(text).root)) {
      expect(outcome(() => JSON.parse(text.slice(start, end)) as unknown)).toBeDefined()
    }
    for (const pair of nodesOf(findJson(text).root).flatMap((node) => (node.kind === 'mapping' ? node.pairs : []))) {
      expect([pair.start, pair.end]).toEqual([pair.key.start, pair.value.end])
      expect(text.slice(pair.key.end, pair.colonEnd).trim()).toBe(':')
      expect(text.slice(pair.colonEnd, pair.value.start).trim()).toBe('')
    }
  })

  test('takes null, after a byte order mark too, for an empty document', () => {
    expect(findJson('\ufeff null\n')).toMatchObject({ root: undefined, contentStart: 2, contentEnd: 6 })
  })

  test.each<[string, number, number, string]>([
    ['', 1, 1, 'a value is missing'],
    ['// c\n{}', 1, 1, 'a value is missing'],
    ['{"a": 1,}', 1, 9, 'a comma stands before }'],
    ['[1,]', 1, 4, 'a comma stands before ]'],
    ['[1 2]', 1, 4, 'a comma or ] is missing'],
    ['{"a" 1}', 1, 6, 'a colon is missing'],
    ['{a: 1}', 1, 2, 'a name in double quotes'],
    ['{"a": \'x\'}', 1, 7, 'a value is missing'],
    ['{"a": 01}', 1, 8, 'a comma or } is missing'],
    ['[+1]', 1, 2, 'a value is missing'],
    ['[.5]', 1, 2, 'a value is missing'],
    ['[1.]', 1, 3, 'a comma or ] is missing'],
    ['[NaN]', 1, 2, 'a value is missing'],
    ['[1e400]', 1, 2, 'too large'],
    ['"a', 1, 3, 'inside a string'],
    ['"a\nb"', 1, 3, 'a control character'],
    ['"\\x41"', 1, 2, 'an escape'],
    ['"\\u12g4"', 1, 2, 'an escape'],
    ['{}\n{}', 2, 1, 'something follows'],
    ['\u00a0{}', 1, 1, 'a value is missing'],
    ['{}\f', 1, 3, 'something follows'],
    ['[tru]', 1, 2, 'a value is missing'],
  ])('refuses %j and says where', (text, line, column, words) => {
    const error = thrownBy(() => findJson(text))
    expect(error.code).toBe('ERR_MALFORMED_FILE')
    expect(error.message).toContain(words)
    expect(error.details).toEqual({ line, column })
  })

  test('reads half of a surrogate pair as the reference does, as U+FFFD', () => {
    expect(valueOf(findJson('["\\ud800", "x\\udc00\\ud83d\\ude42"]').root as DocumentNode)).toEqual([
      '\ufffd',
      'x\ufffd🙂',
    ])
  })

  test('agrees with JSON.parse about which texts are JSON', () => {
    const pieces = ['{', '}', '[', ']', ',', ':', '"a"', '1', '-', '.5', 'e1', 'null', 'true', ' ', '\n', '"', '\\']
    let good = 0
    for (let i = 0; i < 4000; i++) {
      let text = ''
      for (let n = i; n > 0; n = Math.floor(n / pieces.length)) text += pieces[n % pieces.length] as string
      const ours = outcome(() => findJson(text)) instanceof Error
      let theirs = false
      try {
        JSON.parse(text)
      } catch {
        theirs = true
      }
      expect([text, ours]).toEqual([text, theirs])
      if (!ours) good++
    }
    expect(good).toBeGreaterThan(20)
  })

  test('ends in bounded time and depth, whatever the text', () => {
    for (const open of ['[', '{"a":']) {
      expect(thrownBy(() => findJson(open.repeat(200_000))).message).toContain('levels')
    }
    const long = '"' + 'x'.repeat(20_000_000) + '"'
    expect(findJson(long).root?.end).toBe(long.length)
  })

  test.each([
    ['strings without escapes', (n: number): string => JSON.stringify(Array.from({ length: n }, () => 'text'))],
    ['strings with escapes', (n: number): string => JSON.stringify(Array.from({ length: n }, () => 'a\n"b'))],
    ['one long string of escapes', (n: number): string => JSON.stringify('\n'.repeat(n * 3))],
    ['objects', (n: number): string => JSON.stringify(Array.from({ length: n / 8 }, () => ({ secure: 'v1:a:b' })))],
  ])('takes twice the time for twice as many %s', (_, make) => {
    expect(costOfDoubling(make, (text) => findJson(text))).toBeLessThan(2.6)
  })
})
