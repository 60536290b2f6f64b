import { describe, expect, it } from 'vitest'
import type { NumberFault } from '../src/values/go-number.ts'
import {
  formatGoFloatJson,
  formatGoFloatYaml,
  normalizeNumber,
  parseGoAtoi,
  parseGoBool,
  parseGoFloat,
  parseGoInt,
  parseGoUint,
} from '../src/values/go-number.ts'
import { tables } from './pulumi-tables.ts'

const typedRows = tables.configSet.filter((row) => !row.path)

/** Which fault an error text of the reference tells of. */
function faultIn(text: string | undefined): NumberFault | undefined {
  if (text?.includes('value out of range')) return 'range'
  return text?.includes('invalid syntax') ? 'syntax' : undefined
}

describe('integers of a --type int', () => {
  it.each(typedRows.filter((row) => row.kind === 'int'))('reads $value as the reference does', (row) => {
    const parsed = parseGoAtoi(row.value)
    const answer = typeof parsed === 'string' ? parsed : `{"${row.key}":${parsed}}`
    expect(answer).toBe(row.expect_json ?? faultIn(row.expect_jsonError))
  })
})

describe('numbers of a --type float', () => {
  it.each(typedRows.filter((row) => row.kind === 'float'))('reads and writes $value as the reference does', (row) => {
    const parsed = parseGoFloat(row.value)
    const written = typeof parsed === 'string' ? parsed : `${row.key}: ${formatGoFloatYaml(parsed)}\n`
    expect(written).toBe(row.expect_yaml ?? faultIn(row.expect_jsonError))
    const json = typeof parsed === 'string' || !Number.isFinite(parsed) ? undefined : formatGoFloatJson(parsed)
    expect(json && `{"${row.key}":${json}}`).toBe(row.expect_json)
  })
})

describe('booleans of a --type bool', () => {
  it.each(typedRows.filter((row) => row.kind === 'bool'))('reads $value as the reference does', (row) => {
    // What is no boolean becomes false there.
    expect(`{"${row.key}":${parseGoBool(row.value) ?? false}}`).toBe(row.expect_json)
  })

  it('tells a word that is no boolean from one that is false', () => {
    expect(parseGoBool('yes')).toBeUndefined()
    expect(parseGoBool('tRUE')).toBeUndefined()
    expect(parseGoBool('F')).toBe(false)
  })
})

// Answers of Go 1.26's strconv.
describe('integers', () => {
  it.each([
    ['+5', 5n],
    ['-01', -1n],
    ['-0', 0n],
    ['000000000000000000000000000000012', 12n],
    ['9223372036854775807', 9223372036854775807n],
    ['9223372036854775808', 'range'],
    ['-9223372036854775808', -9223372036854775808n],
    ['-9223372036854775809', 'range'],
    ['99999999999999999999x', 'range'],
    ['18446744073709551615x', 'syntax'],
    ['', 'syntax'],
    ['+', 'syntax'],
    ['--1', 'syntax'],
    ['1_0', 'syntax'],
    ['0x1', 'syntax'],
    ['٣', 'syntax'],
    [' 1', 'syntax'],
  ])('reads %j as %s', (text, expected) => {
    expect(parseGoInt(text)).toBe(expected)
  })

  it.each([
    ['18446744073709551615', 18446744073709551615n],
    ['18446744073709551616', 'range'],
    ['+1', 'syntax'],
    ['-1', 'syntax'],
    ['', 'syntax'],
  ])('reads %j without a sign as %s', (text, expected) => {
    expect(parseGoUint(text)).toBe(expected)
  })
})

describe('floats', () => {
  it.each([
    ['1_23.50_0_0e+1_2', 1.235e14],
    ['1__0', 'syntax'],
    ['_1', 'syntax'],
    ['1_', 'syntax'],
    ['1_.5', 'syntax'],
    ['1._5', 'syntax'],
    ['1e_5', 'syntax'],
    ['1_e5', 'syntax'],
    ['5.', 5],
    ['.5', 0.5],
    ['.', 'syntax'],
    ['', 'syntax'],
    ['1e400', 'range'],
    ['1e-400', 0],
    ['inf', Infinity],
    ['-Infinity', -Infinity],
    ['infin', 'syntax'],
    ['NaN', NaN],
    ['+nan', 'syntax'],
    ['0x1', 'syntax'],
    ['0x_1p-2', 0.25],
    ['0x_.8p1', 'syntax'],
    ['-0x.8p1', -1],
    ['0x1.fffffffffffff8p0', 2],
    ['0x1.fffffffffffff7ffp0', 1.9999999999999998],
    ['0x1.fffffffffffffp1023', Number.MAX_VALUE],
    ['0x1.fffffffffffff8p1023', 'range'],
    ['0x1p-1074', 5e-324],
    ['0x1p-1075', 0],
    ['0x1.00001p-1075', 5e-324],
    ['0x3p-1075', 1e-323],
    ['0x1p-99999999999', 0],
    ['0x0p99999999999', 0],
  ])('reads %j as %s', (text, expected) => {
    expect(parseGoFloat(text)).toBe(expected)
  })

  it('writes them for YAML with an exponent from a million on and below 0.0001', () => {
    const shown = [1e6, 999999.5, 1234567.5, 0.0001, 0.00012, 0.00001, 1e21, 5e-324, -0, 100, -Infinity, NaN]
    expect(shown.map(formatGoFloatYaml).join(' ')).toBe(
      '1e+06 999999.5 1.2345675e+06 0.0001 0.00012 1e-05 1e+21 5e-324 -0 100 -.inf .nan',
    )
  })

  it('writes them for JSON with an exponent from 1e21 on and below 0.000001', () => {
    expect([1e6, 1e20, 1e21, 0.000001, 1e-7, -0, 1.5].map(formatGoFloatJson).join(' ')).toBe(
      '1000000 100000000000000000000 1e+21 0.000001 1e-7 -0 1.5',
    )
  })

  it.each([Infinity, -Infinity, NaN])('has no JSON for %s', (value) => {
    expect(() => formatGoFloatJson(value)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }))
  })
})

describe('a number that is written as JSON and read again', () => {
  it.each([
    [1, 1n],
    [-0, 0n],
    [1.5, 1.5],
    [1e15, 1000000000000000n],
    // The shortest digits count, not the float's exact value 1234567890123456768.
    [1234567890123456800, 1234567890123456800n],
    [2 ** 63, 2 ** 63],
    [1e21, 1e21],
    [Infinity, Infinity],
    [9223372036854775807n, 9223372036854775807n],
    [18446744073709551615n, 2 ** 64],
    [-9223372036854775809n, -(2 ** 63)],
  ])('%s becomes %s', (value, expected) => {
    expect(normalizeNumber(value)).toBe(expected)
  })
})
