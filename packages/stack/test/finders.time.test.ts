import { isStacksealError } from '@stackseal/core'
import { describe, expect, it } from 'vitest'
import { scanDocument } from '../src/document/line-scanner.ts'
import { parseYamlDocument } from '../src/document/yaml-parser.ts'

/** A text of about so many characters. */
type Shape = (length: number) => string

const fill = (unit: string, length: number): string => unit.repeat(Math.ceil(length / unit.length))

const numbered = (length: number, line: (number: number) => string): string => {
  let text = ''
  for (let number = 0; text.length < length; number++) text += line(number)
  return text
}

const SHAPES: Readonly<Record<string, Shape>> = {
  secrets: (n) => `config:\n${fill('  proj:key:\n    secure: v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAA\n', n)}`,
  'a long plain line': (n) => `a: ${fill('x: y'.replace(': ', ':'), n)}`,
  'a long line of words and hashes': (n) => `a: ${fill('x#y ', n)}`,
  'a long comment': (n) => `a: b # ${fill('# ', n)}`,
  'blanks at the end of a line': (n) => `a: b${fill(' ', n)}\nc: d`,
  'blanks within a value': (n) => `a: b${fill(' ', n)}c`,
  'blanks before a line end in quotes': (n) => `a: "b${fill(' ', n)}\n c"`,
  'one indentation for all': (n) => `${' '.repeat(n)}a: b`,
  'many lines in quotes': (n) => `a: "x${fill('\n  y', n)}"`,
  'many escapes': (n) => `a: "${fill('\\n\\u00e9\\"', n)}"`,
  'many doubled quotes': (n) => `a: '${fill("''", n)}'`,
  'only double quotes': (n) => fill('"', n),
  'only single quotes': (n) => fill("'", n),
  'quotes that are not closed': (n) => fill('a: "x\n', n),
  'one quote that is not closed': (n) => `a: "${fill('x\n', n)}`,
  backslashes: (n) => `a: "${fill('\\', n)}`,
  'a literal scalar': (n) => `a: |\n${fill('  x\n', n)}`,
  'a literal scalar of blank lines': (n) => `a: |+\n  x\n${fill('    \n\n', n)}`,
  'a folded scalar': (n) => `a: >\n${fill('  x\n\n', n)}`,
  'many literal scalars': (n) => fill('k: |\n  x\n', n),
  'comment lines': (n) => `a: b\n${fill('# c\n', n)}`,
  'blank lines, then indented comments': (n) => `- a\n${fill('\n', n / 2)}${fill('  # c\n', n / 2)}b`,
  'a comment on every line': (n) => fill('a: b # c\n', n),
  'blank lines': (n) => `a: b\n${fill('    \n\n', n)}c: d`,
  'empty values': (n) => fill('a:\n\n', n),
  'anchors and aliases': (n) => numbered(n, (i) => `k${i}: &a${i} x\nl${i}: *a${i}\n`),
  'an alias bomb': (n) => `a0: &a0 [x]\n${numbered(n, (i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`)}`,
  'aliases of one anchor': (n) => `a: &a x\n${fill('b: *a\n', n)}`,
  'anchors in a row': (n) => fill('&a ', n),
  'a flow sequence': (n) => `a: [${fill('x, ', n)}]`,
  'a flow mapping of many lines': (n) => `a: {${fill('x: y,\n', n)}}`,
  commas: (n) => `a: [${fill(',', n)}]`,
  'open brackets': (n) => `a: ${fill('[', n)}`,
  'closed brackets': (n) => `a: [${fill('[],', n)}]`,
  dashes: (n) => fill('- ', n),
  'dashes on lines': (n) => fill('-\n', n),
  'explicit keys': (n) => fill('? a\n: b\n', n),
  colons: (n) => `a: ${fill('b: ', n)}`,
  stairs: (n) => numbered(n, (i) => `${' '.repeat(i % 50)}k:\n`),
  documents: (n) => `a: b\n${fill('---\nc: d\n', n)}`,
  'carriage returns': (n) => fill('a: b\r', n),
  'line separators': (n) => `a: b${fill(' \u2028 c', n)}`,
}

async function attempt(find: (text: string) => unknown, text: string): Promise<void> {
  try {
    await find(text)
  } catch (error) {
    if (!isStacksealError(error)) throw error
  }
}

/** Milliseconds of CPU, the least of some runs. */
async function cost(find: (text: string) => unknown, text: string, runs: number): Promise<number> {
  let least = Infinity
  for (let run = 0; run < runs; run++) {
    const start = process.cpuUsage()
    await attempt(find, text)
    const { user, system } = process.cpuUsage(start)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

// Flat strings: the time to join their parts is not the finder's.
const flat = (text: string): string => Buffer.from(text).toString()

const LIMIT = 2.3
const MEASURABLE_MS = 3
const LONGEST = 256_000

/**
 * How much more a text of twice the length costs, where that takes some milliseconds. Other work on the machine only
 * adds to a cost: where it seems to be too much it is measured again with more runs, and the least counts.
 */
async function growth(find: (text: string) => unknown, shape: Shape): Promise<number> {
  let length = 4000
  while ((await cost(find, flat(shape(2 * length)), 1)) < MEASURABLE_MS) {
    if (length > LONGEST) return 0 // too little to measure; a square of the length would not be
    length *= 2
  }
  const [once, twice] = [flat(shape(length)), flat(shape(2 * length))]
  let least = Infinity
  for (let runs = 2; runs <= 12 && least > LIMIT; runs += 2) {
    least = Math.min(least, (await cost(find, twice, runs)) / (await cost(find, once, runs)))
  }
  return least
}

describe('a text of twice the length', () => {
  it.each(Object.entries(SHAPES))('costs the line scanner at most 2.3 times as much: %s', async (_, shape) => {
    expect(await growth(scanDocument, shape)).toBeLessThanOrEqual(LIMIT)
  })

  it.each(Object.entries(SHAPES))('costs the parser at most 2.3 times as much: %s', async (_, shape) => {
    expect(await growth(parseYamlDocument, shape)).toBeLessThanOrEqual(LIMIT)
  })
})
