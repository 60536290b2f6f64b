import { describe, expect, test } from 'vitest'

import { utf8Bytes, utf8Text, utf8TextLossy } from '../src/bytes.ts'
import { readVectors } from './vectors.ts'

describe('bytes as text', () => {
  const rows = readVectors('go/text.json') as { hex: string; text: string }[]

  test('that need not be UTF-8 show as the reference shows them', () => {
    expect(rows.length).toBeGreaterThan(300)
    expect(rows.map(({ hex }) => ({ hex, text: utf8TextLossy(Buffer.from(hex, 'hex')) }))).toEqual(rows)
  })

  test('are text only where nothing had to be replaced', () => {
    const isText = rows.map(({ hex, text }) => Buffer.from(utf8Bytes(text)).toString('hex') === hex)
    expect(new Set(isText)).toEqual(new Set([true, false]))
    const texts = rows.map(({ hex }) => utf8Text(Buffer.from(hex, 'hex')))
    expect(texts).toEqual(rows.map(({ text }, i) => (isText[i] === true ? text : undefined)))
  })
})
