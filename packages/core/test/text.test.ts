import { describe, expect, test } from 'vitest'

import { isStacksealError } from '../src/errors.ts'
import { utf8Bytes, utf8Text } from '../src/bytes.ts'
import { readVectors } from './vectors.ts'

describe('bytes', () => {
  const rows = readVectors('go/text.json') as { hex: string; text: string }[]

  test('are text where Go, too, finds nothing that it has to replace', () => {
    expect(rows.length).toBeGreaterThan(300)
    const texts = rows.map(({ hex, text }) => (Buffer.from(text).toString('hex') === hex ? text : undefined))
    expect(new Set(texts.map((text) => text === undefined))).toEqual(new Set([true, false]))
    expect(rows.map(({ hex }) => utf8Text(Buffer.from(hex, 'hex')))).toEqual(texts)
  })

  test('are text however many they are', () => {
    expect(utf8Text(new Uint8Array(1_000_000).fill(0x61))).toBe('a'.repeat(1_000_000))
  })

  test('are not made of half a surrogate pair, of which the message shows nothing', () => {
    let thrown: unknown
    try {
      utf8Bytes('hunter2\ud800')
    } catch (error) {
      thrown = error
    }
    expect(isStacksealError(thrown) && thrown.code).toBe('ERR_INVALID_VALUE')
    expect(String(thrown)).not.toContain('hunter2')
  })
})
