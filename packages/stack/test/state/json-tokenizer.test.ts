import { isStacksealError } from '@stackseal/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonPrinter } from '../../src/state/json-printer.ts'
import { JsonTokenizer, MAX_DEPTH } from '../../src/state/json-tokenizer.ts'
import { chunksOf } from './chunks.ts'

/** What the tokens of a text say, printed on one line; or the code of its refusal. */
function printed(text: string | Uint8Array, size: number): string {
  const printer = new JsonPrinter(0)
  printer.verbatim = true
  const tokenizer = new JsonTokenizer(printer)
  try {
    for (const chunk of chunksOf(text, size)) tokenizer.push(chunk)
    tokenizer.finish()
    return printer.take().toString('utf8')
  } catch (error) {
    if (isStacksealError(error)) return error.code
    throw error
  }
}

/** Node's parser as the judge of what is JSON. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const PIECES = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '"a"',
  '"\\u00e9"',
  '\\u',
  '\\u12',
  '1',
  '0',
  '-',
  '.',
  'e',
  'E',
  '+',
  '01',
  '1.5e-3',
  'true',
  'false',
  'null',
  'nul',
  ' ',
  '\n',
  '\t',
  '\r',
  '\f',
  '\0',
  '"\u2028ü😀"',
  '{"a":',
  '[1,',
  '{}',
  '[]',
  '//',
  '\ufeff',
]

describe('what is JSON', () => {
  test('is what Node takes for it, in chunks of any size', () => {
    const texts = fc.oneof(
      fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join('')),
      fc.json({ maxDepth: 4 }),
      fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom(...PIECES)).map(([text, at, piece]) => {
        const place = at % (text.length + 1)
        return text.slice(0, place) + piece + text.slice(place + 1)
      }),
    )
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 9 }), (text, size) => {
        const well = text.toWellFormed()
        const result = printed(well, size)
        expect(result).toBe(printed(well, 1 << 20))
        if (isJson(well)) return JSON.stringify(JSON.parse(result)) === JSON.stringify(JSON.parse(well))
        return result === 'ERR_MALFORMED_FILE'
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['[01]', 2],
    ['[1.]', 3],
    ['[-]', 2],
    ['[1e]', 3],
    ['["\\x"]', 3],
    ['["\\u12G4"]', 6],
    ['["a\nb"]', 3],
    ['[tru]', 4],
    ['{} {}', 3],
    ['[1 2]', 3],
    ['\ufeff{}', 0],
    ['["a"', 4],
    ['', 0],
  ])('%j is refused at byte %i', (text, at) => {
    for (const size of [1, 2, 100]) {
      expect(refusal(text, size)).toMatchObject({ code: 'ERR_MALFORMED_FILE', details: { at } })
    }
  })

  test('is read as deep as the reference reads, and no deeper', () => {
    expect(printed(nested(MAX_DEPTH), 1000)).toBe(nested(MAX_DEPTH))
    expect(refusal(nested(MAX_DEPTH + 1), 1000).message).toContain(`nested more than ${MAX_DEPTH} deep`)
    expect(refusal('{"a":'.repeat(1_000_000), 1000).code).toBe('ERR_MALFORMED_FILE')
  })

  test('may hold bytes that are not UTF-8, which pass', () => {
    const bytes = Uint8Array.of(0x5b, 0x22, 0xff, 0xc3, 0x22, 0x5d)
    const printer = new JsonPrinter(0)
    const tokenizer = new JsonTokenizer(printer)
    tokenizer.push(bytes)
    tokenizer.finish()
    expect(Uint8Array.from(printer.take())).toEqual(bytes)
  })

  test('may be a string of many megabytes', () => {
    const text = `["${'x'.repeat(20_000_000)}"]`
    expect(printed(text, 1 << 20)).toBe(text)
  })
})

test('a string that never ends is given up before memory is full', () => {
  const tokenizer = new JsonTokenizer(new JsonPrinter(0))
  const piece = new Uint8Array(1 << 24).fill(0x78)
  tokenizer.push(new TextEncoder().encode('["'))
  let error: unknown
  let pushed = 0
  try {
    for (; pushed < 100; pushed++) tokenizer.push(piece)
  } catch (reason) {
    error = reason
  }
  expect(error).toMatchObject({ code: 'ERR_FILE_TOO_LARGE' })
  expect(pushed).toBeLessThanOrEqual(16)
})

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

function refusal(text: string, size: number): { readonly code: string; readonly message: string } {
  const tokenizer = new JsonTokenizer(new JsonPrinter(0))
  try {
    for (const chunk of chunksOf(text, size)) tokenizer.push(chunk)
    tokenizer.finish()
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}
