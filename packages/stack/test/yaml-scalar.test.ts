import { readdirSync } from 'node:fs'
import { isStacksealError } from '@stackseal/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ScalarNode } from '../src/document/document-node.ts'
import { goJson } from '../src/values/go-json.ts'
import { normalizeNumber } from '../src/values/go-number.ts'
import type { YamlScalarValue } from '../src/document/yaml-scalar.ts'
import { keyText, resolveScalar, resolvesToText, topLevelText } from '../src/document/yaml-scalar.ts'
import { readVector, tables } from './pulumi-tables.ts'
import { readYaml, scalarNode } from './read-yaml.ts'

function loaded(name: string): { raw: string; json: string } {
  const row = tables.stackFiles.find((each) => each.name === name)
  return { raw: row?.raw ?? '', json: row?.expect_loadedConfigJson ?? '' }
}

/** The scalars of a file's lines `  key: value`, `  key: !!tag value`, `  key: 'value'`. */
function scalarLines(raw: string): [string, YamlScalarValue][] {
  return [...raw.matchAll(/^ {2,}([\w:]+):(?: (!\S+))?(?: (['"]?)(.*?)\3)?$/gm)].map((match) => {
    const [, key = '', tag, quote, text = ''] = match
    const style = quote === "'" ? 'single' : 'double'
    return [key, resolveScalar(scalarNode(text, quote === '' ? 'plain' : style, tag))]
  })
}

describe('scalars right under a key', () => {
  it.each(['top-level YAML scalars become strings on save', 'yaml binary'])('become the texts of "%s"', (name) => {
    const { raw, json } = loaded(name)
    const texts = scalarLines(raw).map(([key, value]) => [key, topLevelText(value)])
    expect(texts.length).toBeGreaterThan(0)
    expect(Object.fromEntries(texts)).toEqual(JSON.parse(json))
  })

  const folder = 'stacks/bad/b06-yaml/'
  const files = readdirSync(new URL(`../../../vectors/pulumi/${folder}`, import.meta.url))
  const traps = files.filter((file) => /^yaml-value-.*before\.yaml$/.test(file))
  it.each(traps)('read as the reference saved them in %s', (file) => {
    const line = /^ {2}vec:d: \S.*$/m
    const before = line.exec(readVector(folder + file))
    const after = line.exec(readVector(folder + file.replace('before', 'after')))
    const [scalar] = scalarLines(before?.[0] ?? '  vec:d: ""\n')
    expect(topLevelText(scalar?.[1] ?? null)).toBe(topLevelText(scalarLines(after?.[0] ?? '')[0]?.[1] ?? null))
  })
})

describe('scalars inside a value', () => {
  it('keep the types of the reference', () => {
    const { raw, json } = loaded('nested YAML scalars keep types')
    const values = scalarLines(raw)
      .filter(([key]) => !key.includes(':'))
      .map(([key, value]) => [key, isNumber(value) ? normalizeNumber(value) : value] as const)
    expect(goJson(new Map([['proj:o', new Map(values)]]), { secrets: (secret) => secret })).toBe(json)
  })

  it('keep them as keys too', () => {
    const { raw, json } = loaded('nested nulls and mixed')
    const config = readYaml(raw)
    expect(config instanceof Map ? goJson(config.get('config') ?? null, { secrets: (secret) => secret }) : '').toBe(
      json,
    )
  })
})

function isNumber(value: YamlScalarValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

// Answers of the reference's own loader (v3.259.0).
describe('a plain scalar', () => {
  it.each<[string, YamlScalarValue]>([
    ['0b-1', -1n],
    ['0o+7', 7n],
    ['-0b1', -1n],
    ['-0b+1', '-0b+1'],
    ['0B1', 1n],
    ['+0x1F', 31n],
    ['-0', 0n],
    ['0_', 0n],
    ['+_1', 1n],
    ['1_e3', 1000],
    ['08', 8],
    ['1.e3', 1000],
    ['-.5', -0.5],
    ['.1_0', 0.1],
    ['._1', '._1'],
    ['0x1p-2', '0x1p-2'],
    ['0xFFFFFFFFFFFFFFFF', 18446744073709551615n],
    ['+0xFFFFFFFFFFFFFFFF', '+0xFFFFFFFFFFFFFFFF'],
    ['0x10000000000000000', '0x10000000000000000'],
    ['+18446744073709551615', 18446744073709552000],
    ['-0x8000000000000000', -9223372036854775808n],
    ['01777777777777777777777', 18446744073709551615n],
    ['0777777777777777777777777', 7.777777777777778e23],
    ['1e400', '1e400'],
    ['.INF', Infinity],
    ['.iNF', '.iNF'],
    ['nULL', 'nULL'],
    ['NaN', 'NaN'],
    ['+', '+'],
    ['0b', '0b'],
    ['<<', '<<'],
    ['2020-01-02', '2020-01-02 00:00:00 +0000 UTC'],
    ['2020-1-2', '2020-01-02 00:00:00 +0000 UTC'],
    ['2020-02-29', '2020-02-29 00:00:00 +0000 UTC'],
    ['2021-02-29', '2021-02-29'],
    ['1900-02-29', '1900-02-29'],
    ['2020-13-01', '2020-13-01'],
    ['02020-01-01', '02020-01-01'],
    ['2020-01-02t3:4:5Z', '2020-01-02 03:04:05 +0000 UTC'],
    ['2020-01-02T03:04:05', '2020-01-02T03:04:05'],
    ['2020-01-02   03:04:05,25', '2020-01-02 03:04:05.25 +0000 UTC'],
    ['2020-01-02 03:04:05Z', '2020-01-02 03:04:05Z'],
    ['2020-01-02T03:04:05.1234567899Z', '2020-01-02 03:04:05.123456789 +0000 UTC'],
    ['2020-01-02T03:04:05-00:30', '2020-01-02 03:04:05 -0030 -0030'],
    ['2020-01-02T03:04:05+00:00', '2020-01-02 03:04:05 +0000 UTC'],
    ['2020-01-02T03:04:05+23:60', '2020-01-02 03:04:05 +2400 +2400'],
    ['2020-01-02T03:04:05+24:60', '2020-01-02T03:04:05+25:00'],
    ['2020-01-02T03:04:05+25:00', '2020-01-02T03:04:05+25:00'],
    ['2020-01-02T24:00:00Z', '2020-01-02T24:00:00Z'],
  ])('%s is %s', (text, expected) => {
    expect(resolveScalar(scalarNode(text))).toBe(expected)
  })
})

describe('a tagged scalar', () => {
  it.each<[string, string, YamlScalarValue]>([
    ['!!int', '5', 5n],
    ['!!int', '0x1F', 31n],
    ['!<tag:yaml.org,2002:int>', '5', 5n],
    ['!!%69nt', '5', 5n],
    ['!!float', '5', 5],
    ['!!float', '1_0.5', 10.5],
    ['!!float', '.inf', Infinity],
    ['!!bool', 'true', true],
    ['!!null', '', null],
    ['!!str', '2020-01-02', '2020-01-02'],
    ['!!str', '', ''],
    ['!!timestamp', '2020-01-02', '2020-01-02 00:00:00 +0000 UTC'],
    ['!!binary', 'aGk=', 'hi'],
    ['!!binary', 'aGk\n=\n', 'hi'],
    ['!!binary', 'Y2Fm6SD/', 'caf\udce9 \udcff'],
    ['!!merge', '<<', '<<'],
    ['!!set', '5', '5'],
    ['!secret', '5', '5'],
    ['!secret', '', ''],
    ['!%zz', 'true', 'true'],
  ])('%s %s is %s in every style', (tag, text, expected) => {
    const plain = resolveScalar(scalarNode(text, text === '' ? 'empty' : 'plain', tag))
    expect(plain).toBe(expected)
    expect(resolveScalar(scalarNode(text, 'double', tag))).toBe(expected)
  })

  it('with the tag ! is read as if there were none', () => {
    expect(resolveScalar(scalarNode('5', 'plain', '!'))).toBe(5n)
    expect(resolveScalar(scalarNode('5', 'single', '!'))).toBe('5')
  })

  it.each([
    ['!!int', 'x'],
    ['!!int', '1.5'],
    ['!!int', '2020-01-02'],
    ['!!bool', 'yes'],
    ['!!null', 'x'],
    ['!!float', ''],
    ['!!float', '18446744073709551615'],
    ['!!timestamp', 'soon'],
    ['!!binary', 'a Gk='],
  ])('%s %s is refused without showing it', (tag, text) => {
    const node = { ...scalarNode(text, 'plain', tag), start: 7 }
    expect(() => resolveScalar(node)).toThrow(
      expect.objectContaining({ code: 'ERR_MALFORMED_FILE', details: { tag, offset: 7 } }),
    )
  })
})

/** The type of a scalar's value, or the code of the error. */
function outcome(node: ScalarNode): string {
  try {
    const value = resolveScalar(node)
    return value === null ? 'null' : typeof value
  } catch (error) {
    return isStacksealError(error) ? error.code : 'another error'
  }
}

describe('any scalar', () => {
  const unit = fc.constantFrom(...'0179_.eE+-xob:TZ~ntfaé'.split(''), 'inf', 'null', '2020-01-02', ' ', '\n', '%')
  const tag = fc.constantFrom(undefined, '!', '!!int', '!!float', '!!binary', '!!timestamp', '!!%', '!<', '!<>', '!x')

  it('is text when it is quoted and has no tag', () => {
    fc.assert(
      fc.property(fc.string({ unit }), fc.constantFrom('single', 'double', 'literal', 'folded'), (text, style) => {
        expect(resolveScalar(scalarNode(text, style))).toBe(text)
      }),
    )
  })

  it('is resolved or refused with ERR_MALFORMED_FILE', () => {
    fc.assert(
      fc.property(fc.string({ unit }), tag, (text, someTag) => {
        expect(outcome(scalarNode(text, 'plain', someTag))).toMatch(
          /^(?:null|boolean|bigint|number|string|ERR_MALFORMED_FILE)$/,
        )
      }),
      { numRuns: 500 },
    )
  })

  it('of plain style is itself where it resolves to text', () => {
    fc.assert(
      fc.property(fc.string({ unit }).filter(resolvesToText), (text) => {
        expect(resolveScalar(scalarNode(text))).toBe(text)
      }),
    )
  })

  it('takes time in proportion to its length', () => {
    const started = process.cpuUsage()
    for (const start of ['', '-', '0x', '0b-', '1:', '.', '2020-01-01', '2020-01-01 1:1:1.']) {
      for (const repeated of ['0', '1', '1_', '9e', ' ', '.', '-', ':1']) {
        resolveScalar(scalarNode(start + repeated.repeat(200_000)))
      }
    }
    const spent = process.cpuUsage(started)
    // A bigint of a million digits alone would take ten times as long.
    expect(spent.user / 1e6).toBeLessThan(5)
  })
})

describe('texts of numbers', () => {
  it('right under a key are those of JSON', () => {
    expect([1e21, 1.5, -0, 1e6, 18446744073709551615n].map(topLevelText)).toEqual([
      '1e+21',
      '1.5',
      '0',
      '1000000',
      '18446744073709551615',
    ])
    expect(() => topLevelText(Infinity)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }))
  })

  it('in the place of a key are those of Go', () => {
    expect([1e6, 1.5, -0, Infinity, -Infinity, NaN, null, true, 16n].map(keyText)).toEqual([
      '1e+06',
      '1.5',
      '0',
      '+Inf',
      '-Inf',
      'NaN',
      '<nil>',
      'true',
      '16',
    ])
  })
})
