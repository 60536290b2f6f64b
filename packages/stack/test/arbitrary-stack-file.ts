import fc from 'fast-check'

/** A value, and how a person might have written it into a stack file. */
type Shape =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'secret'; readonly text: string }
  | { readonly kind: 'lines'; readonly header: string; readonly lines: readonly string[] }
  | { readonly kind: 'flow'; readonly text: string }
  | { readonly kind: 'map'; readonly entries: readonly Entry[] }
  | { readonly kind: 'list'; readonly items: readonly Shape[]; readonly indented: boolean }

interface Entry {
  readonly key: string
  readonly shape: Shape
  readonly above: readonly string[]
  readonly comment: string
}

const names = ['a', 'b', 'c', 'key1', 'with-dash', 'x_y', 'Zed', 'é']
const scalar = fc.constantFrom(
  'plain',
  'two words',
  "'single'",
  '"double"',
  "''",
  '"esc \\n \\u00e9"',
  '42',
  '010',
  'true',
  '~',
  'null',
  '1.50',
  '2020-01-02',
  'yes',
  'http://a.b/c?d#e',
  'a#b',
  '-x',
  '"#"',
)
const flow = fc.constantFrom(
  '{}',
  '[]',
  '{x: 1, y: two}',
  "['a', b, 3]",
  '{secure: v1:AAAA:BBBB}',
  '[ a , {k: v} ]',
  "{'q': [1, 2], n: {m: ~}}",
)
const comment = fc.constantFrom('', '', '', ' # note', '   # far away', ' #')
const above = fc.array(fc.constantFrom('# comment', '', '#'), { maxLength: 2 })

const shape: fc.Arbitrary<Shape> = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('scalar' as const), text: scalar }),
    fc.record({ kind: fc.constant('secret' as const), text: fc.constantFrom('v1:AAAA:BBBB', "'v1:CCCC:DDDD'") }),
    fc.record({
      kind: fc.constant('lines' as const),
      header: fc.constantFrom('|', '|-', '|+', '>', '>-', '| # c'),
      lines: fc
        .array(fc.constantFrom('one', 'two words', '  deeper', ''), { minLength: 1, maxLength: 3 })
        .map((lines) => ['first', ...lines]),
    }),
    fc.record({ kind: fc.constant('flow' as const), text: flow }),
    fc.record({ kind: fc.constant('map' as const), entries: entriesOf(tie('shape')) }),
    fc.record({
      kind: fc.constant('list' as const),
      indented: fc.boolean(),
      items: fc.array(tie('shape'), { minLength: 1, maxLength: 3 }),
    }),
  ),
})).shape

function entriesOf(value: fc.Arbitrary<Shape>): fc.Arbitrary<Entry[]> {
  return fc.uniqueArray(fc.record({ key: fc.constantFrom(...names), shape: value, above, comment }), {
    minLength: 1,
    maxLength: 4,
    selector: ({ key }) => key,
  })
}

/** The text of a stack file of project `proj`, in the many ways in which people write them. */
export const arbitraryStackFile: fc.Arbitrary<string> = fc
  .record({
    head: fc.constantFrom(
      '',
      '# head\n',
      '\n',
      '---\n',
      '\uFEFF',
      'encryptionsalt: v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ==\n',
    ),
    step: fc.constantFrom(2, 4, 3),
    entries: entriesOf(shape),
    namespaced: fc.boolean(),
    tail: fc.constantFrom(
      '',
      '# foot\n',
      '\n\n',
      'other:\n  kept: 1\n',
      'environment:\n  - dev # c\n',
      '---\nconfig:\n  second: document\n',
      '...\n',
    ),
    finalNewline: fc.boolean(),
    crlf: fc.boolean(),
  })
  .map(({ head, step, entries, namespaced, tail, finalNewline, crlf }) => {
    const named = entries.map((entry) => ({ ...entry, key: namespaced ? `proj:${entry.key}` : entry.key }))
    let text = `${head}config:\n${writeEntries(named, step, step)}${tail}`
    if (!finalNewline) text = text.replace(/\n+$/, '')
    return crlf ? text.replaceAll('\n', '\r\n') : text
  })

function writeEntries(entries: readonly Entry[], indent: number, step: number): string {
  const pad = ' '.repeat(indent)
  return entries
    .map((entry) => {
      const lines = entry.above.map((line) => (line === '' ? '\n' : `${pad}${line}\n`)).join('')
      return `${lines}${pad}${entry.key}:${writeValue(entry.shape, indent, step, entry.comment)}`
    })
    .join('')
}

function writeValue(value: Shape, indent: number, step: number, note: string): string {
  switch (value.kind) {
    case 'scalar':
    case 'flow':
      return ` ${value.text}${note}\n`
    case 'secret':
      return `${note}\n${' '.repeat(indent + step)}secure: ${value.text}\n`
    case 'lines':
      return ` ${value.header}\n${writeLines(value.lines, indent + step)}`
    case 'map':
      return `${note}\n${writeEntries(value.entries, indent + step, step)}`
    default:
      return `${note}\n${writeItems(value.items, value.indented ? indent + step : indent, step)}`
  }
}

function writeItems(items: readonly Shape[], indent: number, step: number): string {
  return items.map((item) => `${' '.repeat(indent)}-${writeItem(item, indent, step)}`).join('')
}

function writeItem(item: Shape, indent: number, step: number): string {
  switch (item.kind) {
    case 'scalar':
    case 'flow':
      return ` ${item.text}\n`
    case 'secret':
      return ` secure: ${item.text}\n`
    case 'lines':
      return ` ${item.header}\n${writeLines(item.lines, indent + step)}`
    case 'map':
      return ` ${writeEntries(
        item.entries.map((entry, i) => (i === 0 ? { ...entry, above: [] } : entry)),
        indent + 2,
        step,
      ).trimStart()}`
    default:
      return ` ${writeItems(item.items, indent + 2, step).trimStart()}`
  }
}

function writeLines(lines: readonly string[], indent: number): string {
  return lines.map((line) => (line === '' ? '\n' : `${' '.repeat(indent)}${line}\n`)).join('')
}
