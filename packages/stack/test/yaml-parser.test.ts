import { readFileSync } from 'node:fs'
import { isStacksealError } from '@stackseal/core'
import { describe, expect, it } from 'vitest'
import type { DocumentNode, MappingNode } from '../src/document/document-node.ts'
import { parseYamlDocument } from '../src/document/yaml-parser.ts'
import { printTree } from './reference-tree.ts'
import { readTables, stackTexts } from './vector-texts.ts'

interface ReferenceRow {
  readonly text: string
  readonly reference: string | null
  /** Why Stackseal answers otherwise. */
  readonly stackseal?: string
}

const { rows } = JSON.parse(readFileSync(new URL('reference-yaml.json', import.meta.url), 'utf8')) as {
  rows: readonly ReferenceRow[]
}

async function treeOf(text: string): Promise<string | null> {
  try {
    return printTree(text, (await parseYamlDocument(text)).root)
  } catch (error) {
    if (isStacksealError(error) && error.code === 'ERR_MALFORMED_FILE') return null
    throw error
  }
}

async function mappingOf(text: string): Promise<MappingNode> {
  const { root } = await parseYamlDocument(text)
  if (root?.kind !== 'mapping') throw new Error('not a mapping')
  return root
}

async function valueOf(text: string): Promise<DocumentNode> {
  const value = (await mappingOf(text)).pairs.at(-1)?.value
  if (value === undefined) throw new Error('no value')
  return value
}

async function faultOf(text: string): Promise<unknown> {
  try {
    await parseYamlDocument(text)
  } catch (error) {
    return isStacksealError(error) ? error.toJSON() : error
  }
  return 'no fault'
}

describe('the YAML parser', () => {
  const same = rows.filter(({ stackseal }) => stackseal === undefined)

  it.each(same)('reads as the reference does: $text', async ({ text, reference }) => {
    expect(await treeOf(text)).toBe(reference)
  })

  it.each(rows.filter(({ stackseal }) => stackseal !== undefined))(
    'differs from the reference on purpose: $text',
    async ({ text, reference, stackseal }) => {
      const tree = await treeOf(text)
      expect(tree).not.toBe(reference)
      expect(tree === null).toBe(stackseal?.startsWith('refuses: '))
    },
  )

  it('has enough rows of each kind to compare with', () => {
    expect(same.filter(({ reference }) => reference !== null).length).toBeGreaterThan(400)
    expect(same.filter(({ reference }) => reference === null).length).toBeGreaterThan(250)
  })

  it.each(readTables().stackFiles.filter(({ ext, raw }) => ext !== '.json' && raw !== null))(
    'finds no fault in the syntax that the reference does not find: $name',
    async ({ raw, expect_loadError: fault = '' }) => {
      const isSyntax = fault.startsWith('invalid YAML file: yaml: ')
      expect((await treeOf(raw ?? '')) === null).toBe(isSyntax)
    },
  )

  it('reads every stack file but the one with tabs', async () => {
    const unreadable: string[] = []
    for (const { name, text } of stackTexts()) if ((await treeOf(text)) === null) unreadable.push(name)
    expect(unreadable).toEqual([
      '11-comments-tabs/Pulumi.dev.yaml.0-handwritten',
      '11-comments-tabs/Pulumi.dev.yaml.1-after-set',
    ])
  })

  it.each([
    ['a plain value', 'a: b # c', 'b'],
    ['a quoted value', 'a: "b" # c', '"b"'],
    ['a value with anchor and tag', 'a: &x !t b # c', 'b'],
    ['a value of two lines', 'a: b\n  c # d', 'b\n  c'],
    ['a flow mapping', 'a: {b: 1, c: 2} # d', '{b: 1, c: 2}'],
    ['a flow sequence of two lines', 'a: [b,\n  c]\n', '[b,\n  c]'],
    ['a block mapping', 'a:\n  b: 1 # c\n  d: 2 # e\n', 'b: 1 # c\n  d: 2'],
    ['a block sequence', 'a:\n- b\n- c # d\n', '- b\n- c'],
    ['a literal scalar', 'a: | # b\n  c\n\n# d\n', '| # b\n  c\n'],
    ['a literal scalar that keeps blank lines', 'a: |+\n  c\n\n# d\n', '|+\n  c\n\n'],
    ['a literal scalar without text', 'a: |\n\n# d\n', '|\n'],
    ['a literal scalar at the end of the file', 'a: |\n  b', '|\n  b'],
    ['a folded scalar', 'a: >-\n  b\n  c\n \n', '>-\n  b\n  c\n'],
    ['an alias', 'b: &x 1\na: *x # c', '*x'],
    ['a value that is not written', 'a: # c', ''],
  ])('places %s', async (_, text, place) => {
    const { start, end } = await valueOf(text)
    expect(text.slice(start, end)).toBe(place)
  })

  it('places what is not written behind the colon or dash, or behind its anchor or tag', async () => {
    const text = 'a: # c\nb: &x !t # d\nc:\n- \n- &y\n? d\n? e\n:\n'
    const after = (what: string): number => text.indexOf(what) + what.length
    const { pairs } = await mappingOf(text)
    const values = pairs.map(({ value }) => value)
    expect(values[0]).toMatchObject({ style: 'empty', start: after('a:'), end: after('a:'), outerStart: after('a:') })
    expect(values[1]).toMatchObject({ style: 'empty', start: after('!t'), end: after('!t'), outerStart: after('b: ') })
    expect(pairs[1]).toMatchObject({ colonEnd: after('b:'), end: after('!t') })
    expect(values[2]).toMatchObject({
      items: [
        { start: after('c:\n'), dashEnd: after('c:\n-'), end: after('c:\n-') },
        { start: after('- \n'), dashEnd: after('- \n-'), end: after('&y') },
      ],
    })
    expect(pairs[3]).toMatchObject({ start: after('&y\n'), colonEnd: after('? d'), end: after('? d') })
    expect(pairs[4]).toMatchObject({ start: after('? d\n'), colonEnd: after('? e\n:'), end: after('? e\n:') })
  })

  it('places pairs and items in flow style', async () => {
    const text = 'a: [&x b, {c: d, e}, f: g, ? h]'
    const value = await valueOf(text)
    if (value.kind !== 'sequence') throw new Error('not a sequence')
    expect(value.items.map(({ start, end }) => text.slice(start, end))).toEqual(['&x b', '{c: d, e}', 'f: g', '? h'])
    expect(value.items.every(({ start, dashEnd }) => start === dashEnd)).toBe(true)
    const [, mapping, pair] = value.items.map((item) => item.value)
    if (mapping?.kind !== 'mapping' || pair?.kind !== 'mapping') throw new Error('not mappings')
    const cuts = mapping.pairs.map(({ start, colonEnd, end }) => [
      text.slice(start, colonEnd),
      text.slice(colonEnd, end),
    ])
    expect(cuts).toEqual([
      ['c:', ' d'],
      ['e', ''],
    ])
    expect(pair).toMatchObject({ flow: true, pairs: [{ colonEnd: 23 }] })
  })

  it.each([
    ['nothing', '', 0, 0],
    ['a byte order mark', '\ufeffa: 1', 1, 5],
    ['a marker', '# c\n--- # d\na: 1\n', 7, 17],
    ['a directive and a marker', '%YAML 1.1\n---\na: 1', 13, 18],
    ['a second document', 'a: 1\n# c\n---\nb: 2\n', 0, 9],
    ['a document end', '--- {a: 1}\n...\nx: y: z', 3, 11],
    ['an empty first document', '---\n---\na: 1\n', 3, 4],
  ])('tells where the first document lies: %s', async (_, text, contentStart, contentEnd) => {
    expect(await parseYamlDocument(text)).toMatchObject({ contentStart, contentEnd })
  })

  it.each(['', '\n\n', '# c\n', '---\n', '~', 'null # c', '--- NULL\n', '--- &a\n'])(
    'finds nothing in %j',
    async (text) => {
      expect((await parseYamlDocument(text)).root).toBeUndefined()
    },
  )

  it('gives an alias the anchored node before it', async () => {
    const { pairs } = await mappingOf('a: &x {b: 1}\nc: *x\nd: &x 2\ne: *x\nf: &unused 3\n')
    const [first, alias, second, other] = pairs.map(({ value }) => value)
    expect(alias?.kind === 'alias' && alias.target).toBe(first)
    expect(other?.kind === 'alias' && other.target).toBe(second)
    expect((await parseYamlDocument('a: &x 1\nb: &y *x\n'.replace('&y ', ''))).aliased).toEqual(new Set(['x']))
  })

  it('shares what many aliases stand for', async () => {
    let text = 'a0: &a0 [x]\n'
    for (let level = 1; level < 100; level++)
      text += `a${level}: &a${level} [${`*a${level - 1}, `.repeat(9)}*a${level - 1}]\n`
    expect((await mappingOf(text)).pairs).toHaveLength(100)
  })

  it.each([
    ['a: b\n\tc: d\n', 2, 1],
    ['a: [b\nc: d\n', 2, 2],
    ['a: b\r\nc: *x\r\n', 2, 4],
    ['a: b\n\u2028\nc: "\\q"\n', 4, 5],
    ['a: \u0000\n', 1, 4],
  ])('says in which line and column the fault of %j is', async (text, line, column) => {
    expect(await faultOf(text)).toMatchObject({ code: 'ERR_MALFORMED_FILE', details: { line, column } })
  })

  it('shows nothing of the file in a message', async () => {
    const faults = [
      'a: "\\q-hunter2"',
      'hunter2\nhunter2: &x *hunter2',
      '- a: "hunter2" hunter2',
      'a: [hunter2} hunter2',
      '!!hunter2!x hunter2: *',
    ]
    for (const text of faults) expect(JSON.stringify(await faultOf(text))).toMatch(/^(?!.*hunter2).*ERR_MALFORMED_FILE/)
  })

  it.each([
    ['[', ']', ''],
    ['{a: ', '}', ''],
    ['- ', '', 'a'],
  ])('goes down 600 levels of %j and no further', async (open, close, inner) => {
    const nested = (depth: number): string => `${open.repeat(depth)}${inner}${close.repeat(depth)}`
    await expect(parseYamlDocument(nested(600))).resolves.toBeDefined()
    expect(await faultOf(nested(601))).toMatchObject({ message: expect.stringContaining('600 levels') as string })
    expect(await faultOf(nested(50_000))).toMatchObject({ message: expect.stringContaining('600 levels') as string })
  })

  it.each([
    ['plain', (text: string) => text, 'x'.repeat(100_000)],
    ['plain', (text: string) => text.replaceAll(' ', '\n  '), 'word '.repeat(20_000).trim()],
    ['single', (text: string) => `'${text.replaceAll("'", "''")}'`, "it's ".repeat(20_000)],
    ['double', (text: string) => JSON.stringify(text), 'a "b" \\ '.repeat(10_000)],
    [
      'literal',
      (text: string) => `|\n  ${text.trimEnd().replaceAll('\n', '\n  ')}\n`,
      'line\n  more\n\n'.repeat(8000).trimEnd() + '\n',
    ],
    ['folded', (text: string) => `>-\n  ${text.replaceAll(' ', '\n  ')}`, 'word '.repeat(20_000).trim()],
  ])('reads a long scalar: %s', async (style, write, text) => {
    const source = `a: ${write(text)}\nb: 1`
    const { pairs } = await mappingOf(source)
    expect(pairs[0]?.value).toMatchObject({ kind: 'scalar', style })
    expect(pairs[0]?.value.kind === 'scalar' && pairs[0].value.text === text).toBe(true)
    expect(source.slice(pairs[1]?.start)).toBe('b: 1')
  })

  it.each(['"', "'", '"\\'])('refuses a long quoted scalar that is not closed: %s', async (quote) => {
    expect(await faultOf(`a: ${quote}${'x'.repeat(100_000)}${quote === '"\\' ? '\\"' : ''}`)).toMatchObject({
      code: 'ERR_MALFORMED_FILE',
    })
  })
})
