import { expect, test } from 'vitest'
import { printable, printableLines } from '../src/printable.ts'

test('escapes control characters and what reorders text', () => {
  const lines: [string, string][] = [
    ['\u001b[2J', '\\u001b[2J'],
    ['a\u0000b', 'a\\u0000b'],
    ['\u007f\u0080\u009f', '\\u007f\\u0080\\u009f'],
    ['\u061c\u200e\u200f\u202a\u202e\u2066\u2069', '\\u061c\\u200e\\u200f\\u202a\\u202e\\u2066\\u2069'],
    ['a\nb\tc\rd', 'a\\u000ab\\u0009c\\u000dd'],
  ]
  for (const [text, safe] of lines) expect(printable(text)).toBe(safe)
})

test('leaves other text alone', () => {
  for (const text of ['', 'plain', 'é ü 漢字 🙂', '\u00a0\u200b\u2028', '\\u001b']) expect(printable(text)).toBe(text)
})

test('keeps line ends and tabs of text that has lines, but no lone carriage return', () => {
  expect(printableLines('a\nb\tc\r\nd')).toBe('a\nb\tc\r\nd')
  expect(printableLines('shown\rhidden\u001b[K')).toBe('shown\\u000dhidden\\u001b[K')
})

test('escapes in JSON mean the same', () => {
  const json = JSON.stringify({ text: 'a\u0085b\u202ec' })
  expect(printableLines(json)).not.toBe(json)
  expect(JSON.parse(printableLines(json))).toEqual(JSON.parse(json))
})
