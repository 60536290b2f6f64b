import { describe, expect, it } from 'vitest'
import type { DocumentNode } from '../src/document/document-node.ts'
import { findDocument } from '../src/document/find-document.ts'
import { scanDocument } from '../src/document/line-scanner.ts'
import { parseYamlDocument } from '../src/document/yaml-parser.ts'
import { rowTexts, stackTexts } from './vector-texts.ts'

// Where the real Pulumi was given files made by hand.
const HAND_MADE = /^(?:11-comments|13-legacy-files|bad\/)/

describe('the line scanner', () => {
  it.each([...stackTexts(), ...rowTexts()])('gives the tree of the parser, or none: $name', async ({ text }) => {
    const scanned = scanDocument(text)
    if (scanned === undefined) return
    expect(scanned).toStrictEqual(await parseYamlDocument(text))
  })

  it('answers for every stack file that the real Pulumi wrote, but for those with a tag in them', () => {
    const written = stackTexts().filter(({ name }) => name.includes('Pulumi.dev.yaml') && !HAND_MADE.test(name))
    const refused = written.filter(({ text }) => scanDocument(text) === undefined)
    expect(written.length).toBeGreaterThanOrEqual(70)
    expect(refused.filter(({ text }) => !/ !!\w+ /.test(text))).toEqual([])
    expect(refused.map(({ name }) => name)).toEqual(['06-multiline/Pulumi.dev.yaml', '09-yaml-traps/Pulumi.dev.yaml'])
  })

  it('answers for most other vectors', () => {
    expect(stackTexts().filter(({ text }) => scanDocument(text)).length).toBeGreaterThanOrEqual(205)
    expect(rowTexts().filter(({ text }) => scanDocument(text)).length).toBeGreaterThanOrEqual(67)
  })

  it.each([
    ['an anchor', 'a: &x 1\n'],
    ['an alias', 'a: *x\n'],
    ['a tag', 'a: !!str 1\n'],
    ['a flow mapping', 'a: {b: 1}\n'],
    ['a flow sequence', 'a: [1]\n'],
    ['a folded scalar', 'a: >\n  b\n'],
    ['an explicit key', '? a\n: b\n'],
    ['a plain scalar of two lines', 'a: b\n  c\n'],
    ['a plain scalar below its key', 'a:\n  b\n'],
    ['a quoted scalar of two lines', 'a: "b\n  c"\n'],
    ['a key of two lines', 'a\n b: c\n'],
    ['a key without a value', 'a: b\nc\n'],
    ['a key longer than 1024 characters', `${'k'.repeat(1025)}: b\n`],
    ['a blank before the colon', 'a : b\n'],
    ['two colons in a line', 'a: b: c\n'],
    ['a colon at the end of a value', 'a: b:\n'],
    ['text behind a quoted value', 'a: "b" c\n'],
    ['text behind empty brackets', 'a: {} b\n'],
    ['brackets that are not closed', 'a: {b\n'],
    ['a comment right behind a quoted value', 'a: "b"#c\n'],
    ['an escape that is not of YAML', 'a: "\\q"\n'],
    ['an escaped half of a pair', 'a: "\\ud800"\n'],
    ['a quote that is not closed', "a: 'b\nc: d'\n"],
    ['a tab as indentation', 'a:\n\tb: c\n'],
    ['a tab behind a dash', '-\ta\n'],
    ['a tab in a blank line', 'a: b\n\t\nc: d\n'],
    ['a carriage return', 'a: b\r\nc: d\r\n'],
    ['a byte order mark', '\ufeffa: b\n'],
    ['a line separator', 'a: b\u2028c: d\n'],
    ['a control character', 'a: b\u0007\n'],
    ['half of a surrogate pair', 'a: \ud83d\n'],
    ['a document marker', '---\na: b\n'],
    ['a second document', 'a: b\n---\nc: d\n'],
    ['a document end', 'a: b\n...\n'],
    ['a second document that begins in the line of its marker', 'a: b\n--- c: d\n'],
    ['text behind a document end', 'a: b\n... c: d\n'],
    ['a directive', '%YAML 1.1\n---\na: b\n'],
    ['a pair that is indented less', 'a:\n    b: c\n  d: e\n'],
    ['a pair that is indented more', 'a: b\n  c: d\n'],
    ['a pair that is indented more, further in', 'x:\n  a: b\n    c: d\ny: z\n'],
    ['an item that is indented more', 'x:\n  - a\n    - b\ny: z\n'],
    ['an item that is indented less', 'a:\n  - b\n - c\n'],
    ['an item after a pair', 'a: b\n- c\n'],
    ['a pair after an item', '- a\nb: c\n'],
    ['an item in the line of its key', 'a: - b\n'],
    ['a lone scalar', 'a\n'],
    ['a literal scalar without text', 'a: |\n    \n  # c\nb: c\n'],
    ['a literal scalar with a header of three signs', 'a: |2-3\n  b\n'],
    ['a literal scalar with a tab in its indentation', 'a: |\n \tb\n'],
    ['a line between the indentations of a literal scalar and its key', 'a: |\n    b\n  c: d\n'],
    ['more levels than it goes down', `${'- '.repeat(600)}a\n`],
  ])('refuses %s', (_, text) => {
    expect(scanDocument(text)).toBeUndefined()
  })

  it.each([
    ['nothing', ''],
    ['blank lines', '\n  \n\n'],
    ['comments alone', '# a\n  # b'],
    ['no final newline', 'a: b'],
    ['empty values', 'a:\nb: \nc: # c\nd:\n  - \n  -\n  - # c\n'],
    ['comments everywhere', '# a\na: # b\n # c\n  b: c # d: e\n\n  # f\n  - g\n'.replace('  - g\n', '')],
    ['compact collections', '- - a\n  - - b\n    -  c\n- d: 1\n  e:\n  - f\n  -   g: h\n      i: j\n'],
    ['sequences at the column of their key', 'a:\n- b\n-\n  - c\nd:\n- e: f\n  g: h\n'],
    ['comments without a blank behind their sign', 'a: b #c\nd: e# f\n#g\n'],
    ['keys that look like markers', '--a: 1\n-- b: 2\n---c: 3\n...d: 4\n.. e: 5\nf:\n  --- g: 6\n  ... h: 7\n'],
    ['a key of 1024 characters', `${'k'.repeat(1024)}: b\n`],
    [
      'any number of collections beside each other',
      Array.from({ length: 1200 }, (_, i) => `k${i}:\n  a: 1\n`).join(''),
    ],
    ['quoted keys', '"a": 1\n\'b\': 2\n"c: d": 3\n"e\\"f": 4\n\'g\'\'h\': 5\n'],
    ['quoted values', 'a: "b: c # d" # e\nf: \'g: h # i\'\nj: ""\nk: \'\'\n- l\n'.replace('- l\n', '')],
    ['plain values with signs in them', 'a: b:c#d\ne: -1\nf: --\ng: a,b]{}\nh: x - y\ni: a"b\'c\n'],
    ['literal scalars', 'a: |\n  b\n   c\n\n  d\n\ne: |-\n  f\ng: |+\n  h\n\n\ni: |2-\n    j\nk: |+1 # l\n  m\n'],
    ['literal scalars in sequences', '- |\n  a\n- - |-\n    b\n  - |1\n    c\n'],
    ['a literal scalar with comments around it', 'a: |\n    b\n    # text\n  # comment\n# comment\nc: d\n'],
    ['tabs in a literal scalar', 'a: |\n  b\tc\n  \td\ne: f\n'],
    ['empty brackets', 'a: {}\nb: [] # c\n'],
    ['a lone pair of braces', '# c\n{} # d\n\n'],
    ['a document that is indented', '  a: b\n  c:\n   d: e\n'],
    ['other letters', 'ä: 😀 # ☃\n"日本": \'語\'\n'],
    ['`__proto__` as a key', '__proto__: 1\nconstructor: 2\n'],
  ])('reads %s as the parser does', async (_, text) => {
    const scanned = scanDocument(text)
    expect(scanned).toBeDefined()
    expect(scanned).toStrictEqual(await parseYamlDocument(text))
  })

  it('finds scalars whose place in the text reads as their text again', async () => {
    const answered = [...stackTexts(), ...rowTexts()].filter(({ text }) => text.length < 20_000 && scanDocument(text))
    let count = 0
    for (const { text } of answered) {
      for (const { node, indent } of scalarsOf(scanDocument(text)?.root, 0, text)) {
        const again = await findDocument(`${' '.repeat(indent)}- ${text.slice(node.start, node.end)}`)
        const item = again.root?.kind === 'sequence' ? again.root.items[0]?.value : undefined
        expect(item).toMatchObject({ kind: 'scalar', style: node.style, text: node.text })
        count++
      }
    }
    expect(count).toBeGreaterThan(2000)
  })
})

interface Placed {
  readonly node: DocumentNode & { kind: 'scalar' }
  /** The column of the collection that it stands in: what the indentation of a literal scalar counts from. */
  readonly indent: number
}

function scalarsOf(node: DocumentNode | undefined, indent: number, text: string): Placed[] {
  switch (node?.kind) {
    case 'scalar':
      return node.style === 'empty' ? [] : [{ node, indent }]
    case 'mapping': {
      const column = node.start - (text.lastIndexOf('\n', node.start - 1) + 1)
      return node.pairs.flatMap(({ key, value }) => [...scalarsOf(key, 0, text), ...scalarsOf(value, column, text)])
    }
    case 'sequence': {
      const column = node.start - (text.lastIndexOf('\n', node.start - 1) + 1)
      return node.items.flatMap(({ value }) => scalarsOf(value, column, text))
    }
    default:
      return []
  }
}
