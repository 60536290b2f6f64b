import * as fc from 'fast-check'

type Generate = fc.GeneratorValue

const PLAIN = [
  'a',
  'b c',
  'proj:key',
  'x:y#z',
  '1',
  '-1',
  'true',
  '~',
  'null',
  '0x1F',
  'v1:aGk=:Zm9v+/8=',
  'ä ☃',
  '😀',
  'a]b',
  "it's",
  '日本',
  '--',
  '\\n',
  '.5',
  'a - b',
]
const SINGLE = ["''", "'a: b'", "'it''s'", "'# c'", "' '", "'\"\\n'", "'- '"]
const DOUBLE = ['""', '"a: b"', '"\\n"', '"\\"x\\" #"', '"\\u00e9\\x41\\U0001F600"', '"\\t\\\\"', '" a "', '"{}"']
const KEYS = [
  'a',
  'proj:key',
  'k k',
  'ä',
  '"q"',
  "'s'",
  '"a: b"',
  "'it''s'",
  'x#y',
  '<<',
  '1',
  '__proto__',
  'secure',
  '-k',
  '"\\""',
]
const BESIDE = ['', '', '', ' ', ' # c', '   # c: d "e']
const LITERAL_LINES = ['text', 'a: b', '# no comment', '- x', '', '', ' deeper', '\ttab', '{', 'trailing ', '   ', '"']

/** Writes a document in plain block style, such as the line scanner must read. */
export function blockDocument(g: Generate): string {
  const text = between(g, 0) + collection(g, g(fc.constantFrom, 0, 0, 0, 2), 0)
  return g(fc.boolean) ? text : text.replace(/\n$/, '')
}

function collection(g: Generate, indent: number, depth: number): string {
  return g(fc.integer, { min: 0, max: 2 }) === 0 ? sequence(g, indent, depth) : mapping(g, indent, depth)
}

function mapping(g: Generate, indent: number, depth: number): string {
  let text = ''
  const pairs = g(fc.integer, { min: 1, max: 3 })
  for (let pair = 0; pair < pairs; pair++) {
    text += `${' '.repeat(indent)}${g(fc.constantFrom, ...KEYS)}:${value(g, indent, depth, true)}${between(g, indent)}`
  }
  return text
}

function sequence(g: Generate, indent: number, depth: number): string {
  let text = ''
  const items = g(fc.integer, { min: 1, max: 3 })
  for (let item = 0; item < items; item++) {
    const isCompact = depth < 3 && g(fc.integer, { min: 0, max: 3 }) === 0
    const blanks = ' '.repeat(g(fc.constantFrom, 1, 1, 3))
    const inner = isCompact
      ? collection(g, indent + 1 + blanks.length, depth + 1).trimStart()
      : value(g, indent, depth, false)
    text += `${' '.repeat(indent)}-${isCompact ? blanks : ''}${inner}${between(g, indent)}`
  }
  return text
}

function value(g: Generate, indent: number, depth: number, inMapping: boolean): string {
  const beside = g(fc.constantFrom, ...BESIDE)
  switch (g(fc.constantFrom, 'plain', 'single', 'double', 'empty', 'brackets', 'literal', 'below', 'below')) {
    case 'plain':
      return ` ${g(fc.constantFrom, ...PLAIN)}${beside}\n`
    case 'single':
      return ` ${g(fc.constantFrom, ...SINGLE)}${beside}\n`
    case 'double':
      return ` ${g(fc.constantFrom, ...DOUBLE)}${beside}\n`
    case 'brackets':
      return ` ${g(fc.constantFrom, '{}', '[]')}${beside}\n`
    case 'literal':
      return literal(g, indent)
    case 'below':
      return `${beside}\n${depth < 3 ? between(g, indent + 1) + below(g, indent, depth, inMapping) : ''}`
    default:
      return `${beside}\n`
  }
}

function below(g: Generate, indent: number, depth: number, inMapping: boolean): string {
  // A sequence may stand at the column of its key.
  if (inMapping && g(fc.integer, { min: 0, max: 3 }) === 0) return sequence(g, indent, depth + 1)
  return collection(g, indent + g(fc.constantFrom, 1, 2, 2, 4), depth + 1)
}

function literal(g: Generate, indent: number): string {
  const by = g(fc.constantFrom, 1, 2, 2, 4)
  const lines = g(fc.array, fc.constantFrom(...LITERAL_LINES), { minLength: 0, maxLength: 4 })
  const [first, chomp] = [g(fc.constantFrom, 'first', '# line', '- line'), g(fc.constantFrom, '', '', '-', '+')]
  const needsDigit = g(fc.integer, { min: 0, max: 3 }) === 0
  const header = `|${chomp}${needsDigit ? by : ''}${g(fc.constantFrom, '', '', ' # c')}`
  const content = [...(needsDigit ? ['  blanks first'] : []), first, ...lines]
  return ` ${header}\n${content.map((line) => `${line === '' ? '' : ' '.repeat(indent + by)}${line}\n`).join('')}`
}

/** Blank lines and comment lines, or nothing. Comments are not indented more than what they follow. */
function between(g: Generate, indent: number): string {
  if (g(fc.integer, { min: 0, max: 4 }) > 0) return ''
  return g(
    fc.constantFrom,
    '\n',
    '\n\n',
    ' \n',
    '# c\n',
    `${' '.repeat(indent)}# c: "d\n`,
    `# c\n\n${' '.repeat(indent)}#\n`,
  )
}
