import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConfigValue } from '../src/values/config-value.ts'
import { SecretText } from '../src/values/config-value.ts'
import type { ScalarPlace } from '../src/document/yaml-emit.ts'
import {
  isLostByReference,
  isSimpleKey,
  renderBlockValue,
  renderDocument,
  renderFlowPair,
  renderFlowValue,
  renderItemValue,
  renderPair,
  renderScalar,
} from '../src/document/yaml-emit.ts'
import { configPairs, readVector, setValue, tables } from './pulumi-tables.ts'
import { readConfigPairs, readYaml } from './read-yaml.ts'
import { anyCharacter } from '../../../tools/any-character.ts'

// Rows in which the reference writes something that it does not read back as the same value.
const DIFFERENCES: Readonly<Record<string, string>> = {
  // A block scalar loses the line break that it begins with.
  'leading newline new file': 'config:\n  proj:ml: "\\nx\\ny"\n',
}

const blockValue: ScalarPlace = { context: 'block-value', indent: 0, lineEnd: '\n' }

describe('text in a new file', () => {
  it.each(tables.yamlScalars)('writes $value as the reference does: as a value, inside a value, as a key', (row) => {
    const { value } = row
    expect(renderDocument([['proj:k', value]])).toBe(row.yaml)
    expect(renderDocument([['proj:o', new Map([['k', value]])]])).toBe(row.nestedYaml)
    expect(renderDocument([[`proj:${value}`, 'v']])).toBe(row.asKeyYaml)
  })

  // As yaml.v3 writes them, though no file of the tables holds them.
  it.each([
    ['', '""'],
    ['\ufeffaé', String.raw`"\uFEFF\x61\xE9"`],
    ['a\ufeff', String.raw`"a\uFEFF"`],
    ['a\u2028b', "'a\u2028    b'"],
    ['a\u2028\u2028b\u2029', "'a\u2028\u2028    b\u2029'"],
    ['a\u0085b', String.raw`"a\Nb"`],
    ['\uffff\u{10000}', String.raw`"\uFFFF\U00010000"`],
    ['- \ta', String.raw`"- \ta"`],
    ['a\n\tb\n\n', '|+\n    a\n    \tb\n'],
    [' a\nb\n', '|2\n     a\n    b'],
  ])('writes %j as %s', (text, expected) => {
    expect(renderScalar(text, { ...blockValue, indent: 2 })).toBe(expected)
  })

  it.each([
    ['\na', String.raw`"\na"`],
    ['\n', String.raw`"\n"`],
    ['\ta\nb', String.raw`"\ta\nb"`],
    ['\u2028a\nb', String.raw`"\La\nb"`],
  ])('is quoted where the reference would not read %j again', (text, expected) => {
    expect(isLostByReference(text)).toBe(true)
    expect(renderScalar(text, blockValue)).toBe(expected)
  })

  it.each(['a\nb', '\n a ', '\ta', '\u2028a', ' \n', 'a\n\tb'])(
    'is not lost by the reference when it is %j',
    (text) => {
      expect(isLostByReference(text)).toBe(false)
    },
  )

  it.each(['a\nb\u2028', 'a\u2028b\nc', 'a\n\u2028b'])('is quoted where only YAML 1.1 sees the lines of %j', (text) => {
    expect(isLostByReference(text)).toBe(false)
    expect(renderScalar(text, blockValue)).toMatch(/^"/)
  })

  it('is binary where it is not Unicode, in lines of 70 characters', () => {
    expect(renderScalar('caf\udce9 \udcff', blockValue)).toBe('!!binary Y2Fm6SD/')
    const long = renderScalar('\udcff'.repeat(60), blockValue)
    expect(long).toBe(`!!binary |\n  ${'/'.repeat(70)}\n  ${'/'.repeat(10)}`)
    expect(readYaml(`a: ${long}\n`)).toEqual(new Map([['a', '\udcff'.repeat(60)]]))
    expect(renderFlowValue(['\udcff'])).toBe('[!!binary /w==]')
    expect(() => renderScalar('\ud800', blockValue)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }))
    expect(() => renderPair('\udcff', 'v', 0, '\n')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }))
  })
})

describe('a new file', () => {
  const rows = tables.stackFiles.filter((row) => row.raw === null && row.ext === '.yaml')

  it.each(rows)('is that of the reference for "$name"', (row) => {
    const header = [
      ['secretsprovider', row.setSecretsprovider],
      ['encryptedkey', row.setEncryptedkey],
      ['encryptionsalt', row.setEncryptionsalt],
    ].flatMap(([field, text]): [string, ConfigValue][] =>
      field === undefined || text === undefined ? [] : [[field, text]],
    )
    const config = new Map(row.sets.map((call) => [call.key, setValue(call)]))
    expect(renderDocument([...header, ['config', config]])).toBe(DIFFERENCES[row.name] ?? row.expect_saved)
  })

  it.each([...tables.configSet, ...tables.configRemove].filter((row) => row.expect_json !== undefined))(
    'is that of the reference for a configuration $expect_json',
    (row) => {
      expect(renderDocument(configPairs(row.expect_json ?? ''))).toBe(row.expect_yaml)
    },
  )
})

/** The lines of a pair without the dashes of their items, sorted: an existing mapping keeps the order it came about in. */
function sortedLines(source: string): string[] {
  return source.replaceAll('- ', '  ').split('\n').toSorted()
}

describe('the pairs of files that the reference wrote', () => {
  // In an existing file the reference marks the text `<<` with the tag that it would have as a key.
  const MERGE = '!!merge '
  const folders = ['01-simple', '02-plain-only', '03-path-objects', '06-multiline', '08-empty', '09-yaml-traps']
  const traps = ['cr', 'hash-nl', 'newline-tab', 'only-spaces', 'space-newline', 'tab-first', 'trail-space-nl']
  const files = [
    ...folders.map((folder) => `stacks/${folder}/Pulumi.dev.yaml`),
    ...traps.map((trap) => `stacks/09c-${trap}/Pulumi.dev.yaml.1`),
  ]

  it.each(files)('are written the same again: %s', (file) => {
    const text = readVector(file)
    const pairs = readConfigPairs(text)
    expect(pairs.length).toBeGreaterThan(0)
    for (const { key, value, source } of pairs) {
      // The parser counts the indentation of the next line to the value before it.
      const written = source.replace(/\n *$/, '').replaceAll(MERGE, '')
      expect(sortedLines(renderPair(key, value, 2, '\n'))).toEqual(sortedLines(written))
    }
  })
})

describe('the key of a pair', () => {
  it('is simple up to 128 bytes without a line break', () => {
    expect(isSimpleKey('k'.repeat(128))).toBe(true)
    expect(isSimpleKey('k'.repeat(129))).toBe(false)
    expect(isSimpleKey('é'.repeat(64))).toBe(true)
    expect(isSimpleKey('é'.repeat(65))).toBe(false)
    for (const lineBreak of '\n\r\u0085\u2028\u2029') expect(isSimpleKey(`a${lineBreak}b`)).toBe(false)
  })

  it('stands after a question mark where it is not simple, with its value after a colon of its own', () => {
    const value = new Map<string, ConfigValue>([
      ['r', []],
      ['q', 'l\nm'],
    ])
    expect(renderPair('a\nb', value, 2, '\n')).toBe('? |-\n    a\n    b\n  : q: |-\n      l\n      m\n    r: []')
    expect(renderPair('a\nb', ['x', ['z']], 0, '\n')).toBe('? |-\n  a\n  b\n: - x\n  - - z')
    expect(renderFlowPair('a\nb', 1n)).toBe(String.raw`? "a\nb" : 1`)
  })

  it('is quoted where it would be a merge', () => {
    expect(renderPair('<<', 'x', 0, '\n')).toBe('"<<": x')
    expect(renderFlowValue(new Map([['<<', '<<']]))).toBe('{"<<": <<}')
  })
})

describe('collections', () => {
  const value: ConfigValue = new Map<string, ConfigValue>([
    [
      'list',
      [
        'b',
        new Map([['host', 'h']]).set('name', 'web'),
        [1n, [2.5]],
        new SecretText('v1:n:c'),
        {}.constructor === Object ? [] : [],
      ],
    ],
    ['empty', new Map()],
  ])

  it('are laid out in block style from any column', () => {
    expect(renderPair('k', value, 3, '\n')).toBe(
      [
        'k:',
        '     empty: {}',
        '     list:',
        '       - b',
        '       - host: h',
        '         name: web',
        '       - - 1',
        '         - - 2.5',
        '       - secure: v1:n:c',
        '       - []',
      ].join('\n'),
    )
  })

  it('take the line end that is asked for, and no block scalars with any other than a line feed', () => {
    expect(renderPair('k', ['a', 'b\nc'], 0, '\r\n')).toBe('k:\r\n  - a\r\n  - "b\\nc"')
    expect(renderPair('a\nb', 'c', 0, '\r\n')).toBe('? "a\\nb"\r\n: c')
  })

  it('are parts of a pair', () => {
    expect(`k:${renderBlockValue(value, 3, '\n')}`).toBe(renderPair('k', value, 3, '\n'))
    expect(`-${renderItemValue(['a', ['b']], 2, '\n')}`).toBe('- - a\n    - - b')
    expect(renderBlockValue(null, 0, '\n')).toBe(' null')
    expect(renderBlockValue(new SecretText('x'), 0, '\n')).toBe('\n  secure: x')
    expect(renderDocument([])).toBe('{}\n')
  })

  it('in flow style stand on one line, with ciphertexts in single quotes', () => {
    expect(renderFlowValue(value)).toBe(
      "{empty: {}, list: [b, {host: h, name: web}, [1, [2.5]], {secure: 'v1:n:c'}, []]}",
    )
    const secret = new SecretText('v1:NEW:NEW')
    const edited = tables.stackFiles.find((row) => row.name === 'secure inside flow')?.expect_saved ?? ''
    const inside = new Map<string, ConfigValue>([['b', 2n]]).set('a', secret)
    expect(edited).toBe(`config:\n  proj:o: ${renderFlowValue(inside)}\n`)
  })

  it('in flow style have the quoting of the reference', () => {
    const added = tables.stackFiles.find((row) => row.name === 'flow style')?.expect_saved ?? ''
    expect(added).toContain(`, ${renderFlowPair('proj:n', 'N')}}`)
    const first = tables.stackFiles.find((row) => row.name === 'empty object')?.expect_saved
    expect(first).toBe(`${renderFlowValue(new Map([['config', new Map([['proj:a', 'A']])]]))}\n`)
  })
})

describe('a quoting to keep', () => {
  it('is that of the row "quoting style preserved when value changes"', () => {
    const saved = tables.stackFiles.find(
      (row) => row.name === 'quoting style preserved when value changes',
    )?.expect_saved
    expect(saved).toContain(`  proj:a: ${renderScalar('new', { ...blockValue, style: 'single' })}\n`)
    expect(saved).toContain(`  proj:b: ${renderScalar('new', { ...blockValue, style: 'double' })}\n`)
  })

  it('gives way to double quotes where the text needs them', () => {
    expect(renderScalar("it's", { ...blockValue, style: 'single' })).toBe("'it''s'")
    expect(renderScalar('a\tb', { ...blockValue, style: 'single' })).toBe(String.raw`"a\tb"`)
    expect(renderScalar('a\nb', { ...blockValue, style: 'single' })).toBe(String.raw`"a\nb"`)
    expect(renderScalar(5n, { ...blockValue, style: 'double' })).toBe('5')
  })
})

/** A mapping of one text under `secure` can not be told from a secret. */
function mapping(pairs: (readonly [string, ConfigValue])[]): ConfigValue {
  return new Map(pairs.filter(([key]) => key !== 'secure'))
}

describe('whatever is written', () => {
  const pieces = [
    ...'ab01 \n\t\r#:-?\'"[]{},&*!|>%@`\\~.=<é\0'.split(''),
    '\ufeff',
    '\u0085',
    '🙂',
    '---',
    ': ',
    ' #',
    'null',
    '0x1',
    '- ',
  ]
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...pieces), maxLength: 8 }),
    fc.string({ unit: anyCharacter, maxLength: 6 }).map((some) => some.replaceAll(/[\u2028\u2029]/g, '.')),
  )
  const scalar = fc.oneof(text, fc.constant(null), fc.boolean(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
  const { value } = fc.letrec<{ value: ConfigValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      scalar,
      text.map((ciphertext) => new SecretText(ciphertext)),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.uniqueArray(fc.tuple(text, tie('value')), { maxLength: 3, selector: ([key]) => key }).map(mapping),
    ),
  }))

  it('is read back the same in block style, whatever follows it', () => {
    fc.assert(
      fc.property(
        text,
        value,
        fc.constantFrom('\n', '\r\n'),
        fc.constantFrom(0, 2, 3),
        (key, some, lineEnd, indent) => {
          const pair = renderPair(key, some, indent, lineEnd)
          const pad = ' '.repeat(indent)
          const after = `${pad}zz:${renderBlockValue([some], indent, lineEnd)}${lineEnd}`
          const file = `${pad}${pair}${lineEnd}${after}`
          fc.pre(key !== 'zz')
          expect(readYaml(file)).toEqual(new Map([[key, some]]).set('zz', [some]))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is read back the same in flow style', () => {
    fc.assert(
      fc.property(text, value, (key, some) => {
        expect(readYaml(`{${renderFlowPair(key, some)}, zz: [${renderFlowValue(some)}]}\n`)).toEqual(
          new Map([[key, some]]).set('zz', [some]),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('is read back the same with a quoting to keep', () => {
    fc.assert(
      fc.property(
        text,
        fc.constantFrom('single', 'double'),
        fc.constantFrom('block', 'flow'),
        (some, style, context) => {
          const place: ScalarPlace = { context: `${context}-value`, indent: 0, lineEnd: '\n', style }
          const rendered = renderScalar(some, place)
          expect(rendered.at(0)).toMatch(/['"]/)
          expect(readYaml(context === 'block' ? `k: ${rendered}\n` : `{k: ${rendered}}\n`)).toEqual(
            new Map([['k', some]]),
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  it('holds U+2028 and U+2029 as the line breaks that they are for the reference, or as escapes', () => {
    const lines = fc.string({ unit: fc.constantFrom('a', 'b', ':', ' ', '\n', '\u2028', '\u2029'), maxLength: 8 })
    fc.assert(
      fc.property(lines, (some) => {
        const rendered = renderScalar(some, { ...blockValue, indent: 2 })
        // Readers of YAML 1.2 see the indentation that stands after them; the reference skips it.
        const read = rendered.startsWith('"') ? rendered : rendered.replaceAll(/([\u2028\u2029]) {4}/g, '$1')
        expect(readYaml(`  k: ${read}\n`)).toEqual(new Map([['k', some]]))
      }),
      { numRuns: 300 },
    )
  })
})
