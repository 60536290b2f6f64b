import { expect, test } from 'vitest'
import { textWidth } from '../src/text-width.ts'

// As the reference's tables are laid out (its library is uniseg 0.4.7).
test.each([
  ['', 0],
  ['abc', 3],
  ['key\twith tab', 11],
  ['é', 1],
  ['e\u0301', 1],
  ['漢字', 4],
  ['ｆｕｌｌ', 8],
  ['한글', 4],
  ['\u1112\u1161\u11ab', 2],
  ['🙂', 2],
  ['👩‍👩‍👧‍👦', 2],
  ['👍🏽', 2],
  ['🇩🇪', 2],
  ['©', 1],
  ['©\ufe0f', 2],
  ['⌚\ufe0e', 1],
  ['a\u200bb\u00adc', 3],
  ['\u001b[31mred\u001b[0m!', 4],
  ['ä ß', 3],
  ['مرحبا', 5],
])('%j takes %i', (text, width) => {
  expect(textWidth(text)).toBe(width)
})
