import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConfigValue } from '../src/values/config-value.ts'
import { SecretText } from '../src/values/config-value.ts'
import { compareUtf8, goJson, goJsonString } from '../src/values/go-json.ts'
import { configPairs, configValue, tables } from './pulumi-tables.ts'
import { anyCharacter } from '../../../tools/any-character.ts'

const asStored = (secret: SecretText): ConfigValue => secret
const redacted = (): ConfigValue => '[secret]'

/** What the reference shows of a value right under a key: text as it is, anything else as JSON. */
function textOf(value: ConfigValue, secrets: (secret: SecretText) => ConfigValue): string {
  const shown = value instanceof SecretText ? secrets(value) : value
  if (shown instanceof SecretText) return shown.ciphertext
  return typeof shown === 'string' ? shown : goJson(shown, { secrets })
}

/** The reference keeps -0 until it reads the file again; here a value is what will be read. */
function withoutMinusZero(json: string): string {
  return json.replace(/([[:])-0(?=[,\]}])/, '$10')
}

describe('the JSON of a value', () => {
  it.each(tables.yamlScalars)('holds $value as the reference writes it', (row) => {
    const value = new Map([['proj:o', new Map([['k', row.value]])]])
    expect(goJson(value, { secrets: asStored })).toBe(row.nestedJson)
  })

  const written = [...tables.configSet, ...tables.configRemove].flatMap((row) => row.expect_json ?? [])
  it.each(written)('is, read and written again, %s', (json) => {
    expect(goJson(configValue(json), { secrets: asStored })).toBe(json)
  })

  it.each(tables.configRepr.cases)('of sample configuration $id is as the reference writes it', (row) => {
    expect(goJson(configValue(row.json), { secrets: asStored })).toBe(row.json)
    const texts = configPairs(row.json).map(([key, value]) => [key, textOf(value, asStored)])
    expect(Object.fromEntries(texts)).toEqual(row.decryptWithNop)
  })

  it.each(tables.configGet.filter((row) => row.found && !row.path))(
    'shows $key of $config with its secrets as they are stored and without them',
    (row) => {
      const value = new Map(configPairs(row.config)).get(row.key) ?? null
      expect(textOf(value, redacted)).toBe(row.redacted)
      expect(textOf(value, asStored)).toBe(withoutMinusZero(row.raw))
    },
  )

  const afterSet = tables.configSet.flatMap((row) =>
    Object.entries(row.expect_values ?? {}).map(([key, texts]) => ({ json: row.expect_json, key, ...texts })),
  )
  it.each(afterSet.filter((row) => row.json !== undefined && row.object))(
    'shows $key of $json without secrets',
    (row) => {
      const value = new Map(configPairs(row.json ?? '')).get(row.key) ?? null
      expect(textOf(value, redacted)).toBe(row.redacted)
    },
  )

  it.each(tables.stackFiles.filter((row) => row.ext === '.json' && row.expect_saved !== undefined))(
    'is indented in "$name" as in a stack file',
    (row) => {
      const saved = row.expect_saved ?? ''
      const indented = goJson(configValue(saved), { indent: '    ', secrets: asStored })
      // A stack file has its fields in an order of its own; only `config` is a mapping with sorted keys.
      expect(lines(indented).toSorted()).toEqual(lines(saved.trimEnd()).toSorted())
    },
  )

  it('has short brackets for what is empty, at every level', () => {
    const value = new Map<string, ConfigValue>([
      ['a', new Map()],
      ['b', [[], new Map(), [new Map()]]],
    ])
    expect(goJson(value, { secrets: asStored })).toBe('{"a":{},"b":[[],{},[{}]]}')
    expect(goJson(value, { indent: ' ', secrets: asStored })).toBe(
      '{\n "a": {},\n "b": [\n  [],\n  {},\n  [\n   {}\n  ]\n ]\n}',
    )
  })

  it('refuses infinity and NaN', () => {
    expect(() => goJson([Infinity], { secrets: asStored })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE' }),
    )
  })
})

function lines(text: string): string[] {
  return text.split('\n').map((line) => line.replace(/,$/, ''))
}

describe('a JSON string', () => {
  it('escapes control characters as Go does', () => {
    expect(goJsonString('\0\b\t\n\v\f\r\u001f\u007f\u0080"\\/')).toBe(
      String.raw`"\u0000\b\t\n\u000b\f\r\u001f` + '\u007f\u0080' + String.raw`\"\\/"`,
    )
  })

  it('escapes HTML characters only where asked, but the Unicode line breaks always', () => {
    expect(goJsonString('<&>\u2028\u2029')).toBe(String.raw`"\u003c\u0026\u003e\u2028\u2029"`)
    expect(goJsonString('<&>\u2028\u2029', false)).toBe(String.raw`"<&>\u2028\u2029"`)
    expect(goJson(['<'], { escapeHtml: false, secrets: asStored })).toBe('["<"]')
  })

  it('replaces half of a surrogate pair and leaves a whole one alone', () => {
    expect(goJsonString('a\ud83d\ude42b\ud83dc\ude42')).toBe(`"a🙂b${String.raw`\ufffd`}c${String.raw`\ufffd`}"`)
    expect(goJsonString('\ufffd')).toBe('"\ufffd"')
  })

  it('reads back as the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.boolean(), (text, escapeHtml) => {
        expect(JSON.parse(goJsonString(text, escapeHtml))).toBe(text)
      }),
    )
  })
})

describe('the order of keys in JSON', () => {
  it('is that of their UTF-8 bytes', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '🙂') })
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
    )
  })
})
