import { expect, test } from 'vitest'
import { textBytes } from '../src/text-bytes.ts'

test.each([
  ['', ''],
  ['é🙂\ufffd', 'c3a9f09f9982efbfbd'],
  ['caf\udce9 \udcff\udcfe', '636166e920fffe'],
  ['🙂\udc9f🙂', 'f09f99829ff09f9982'],
])('%j', (text, hex) => {
  expect(Buffer.from(textBytes(text)).toString('hex')).toBe(hex)
})
