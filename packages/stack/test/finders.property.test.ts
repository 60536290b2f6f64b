import { isDeepStrictEqual } from 'node:util'
import { isStacksealError } from '@stackseal/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ParsedDocument } from '../src/document/document-node.ts'
import { scanDocument } from '../src/document/line-scanner.ts'
import { parseYamlDocument } from '../src/document/yaml-parser.ts'
import { blockDocument } from './block-style.ts'
import { rowTexts, stackTexts } from './vector-texts.ts'
import { anyCharacter } from '../../../tools/any-character.ts'

/** More runs for a night: FINDERS_RUNS=100000. */
const RUNS = Number(process.env['FINDERS_RUNS'] ?? 400)

async function parseOrFault(text: string): Promise<ParsedDocument | undefined> {
  try {
    return await parseYamlDocument(text)
  } catch (error) {
    if (isStacksealError(error) && error.code === 'ERR_MALFORMED_FILE') return undefined
    throw error
  }
}

/** The scanner gives the parser's tree, or none; where the parser finds a fault, none. */
async function agree(text: string): Promise<boolean> {
  const parsed = await parseOrFault(text)
  const scanned = scanDocument(text)
  return scanned === undefined || isDeepStrictEqual(scanned, parsed)
}

// Signs of YAML, so that what is made of them comes near to YAML.
const PIECES = [
  '\n',
  '\n  ',
  '\n    ',
  ' ',
  '\t',
  ': ',
  ':',
  '- ',
  '-',
  '? ',
  '#',
  ' # ',
  '"',
  "'",
  '|\n',
  '|+\n',
  '>-\n',
  '{',
  '}',
  '[',
  ']',
  ', ',
  '&a ',
  '*a',
  '!t ',
  'a',
  'b: c',
  '\\',
  '\\n',
  '---',
  '...',
  '%',
  '@',
  '\r\n',
  '\r',
  '\u0085',
  '\u2028',
  '\ufeff',
  '~',
  'ä',
  '😀',
  '{}',
  '\u0000',
]

const piece = fc.constantFrom(...PIECES)

describe('the two finders', () => {
  it('read what is written in plain block style, to the same tree', async () => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (g) => {
        const text = blockDocument(g)
        const scanned = scanDocument(text)
        expect(scanned).toBeDefined()
        expect(scanned).toStrictEqual(await parseYamlDocument(text))
      }),
      { numRuns: RUNS },
    )
  })

  it('agree on real files with some characters and lines changed', async () => {
    const texts = [...stackTexts(), ...rowTexts()].map(({ text }) => text).filter(({ length }) => length < 1500)
    const change = fc.record({
      kind: fc.constantFrom('insert', 'delete', 'replace', 'delete line', 'copy line', 'indent line'),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      piece,
    })
    let answered = 0
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...texts),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        async (text, changes) => {
          const changed = changes.reduce(applyChange, text)
          if (scanDocument(changed) !== undefined) answered++
          return agree(changed)
        },
      ),
      { numRuns: 3 * RUNS },
    )
    expect(answered).toBeGreaterThan(RUNS / 2)
  })

  it('agree on signs of YAML in any order', async () => {
    const text = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''))
    await fc.assert(fc.asyncProperty(text, agree), { numRuns: 3 * RUNS })
  })

  it('read any bytes, or say that they are malformed', async () => {
    const bytes = fc.uint8Array({ maxLength: 100 }).map((array) => new TextDecoder().decode(array))
    const text = fc.oneof(bytes, fc.string({ unit: anyCharacter, maxLength: 100 }), fc.string({ unit: 'binary-ascii' }))
    await fc.assert(fc.asyncProperty(text, agree), { numRuns: RUNS / 2 })
  })
})

interface Change {
  readonly kind: string
  readonly at: number
  readonly from: number
  readonly piece: string
}

function applyChange(text: string, { kind, at, from, piece: inserted }: Change): string {
  const place = Math.floor(at * text.length)
  const lines = text.split('\n')
  const line = Math.floor(at * lines.length)
  switch (kind) {
    case 'insert':
      return text.slice(0, place) + inserted + text.slice(place)
    case 'delete':
      return text.slice(0, place) + text.slice(place + 1 + Math.floor(from * 3))
    case 'replace':
      return text.slice(0, place) + inserted + text.slice(place + 1)
    case 'delete line':
      return lines.toSpliced(line, 1).join('\n')
    case 'copy line':
      return lines.toSpliced(line, 0, lines[Math.floor(from * lines.length)] ?? '').join('\n')
    default:
      return lines.with(Math.min(line, lines.length - 1), `  ${lines[line] ?? ''}`).join('\n')
  }
}
