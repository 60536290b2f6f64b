import { describe, expect, test } from 'vitest'

import { findDocument } from '../src/document/find-document.ts'
import { replaceScalars } from '../src/document/replace-scalars.ts'

const TEXTS = new Map([
  ['old', 'new one'],
  ['older', 'newer'],
])

async function replaced(text: string): Promise<string> {
  const splices = replaceScalars(text, await findDocument(text), (field) => field === 'config', 'secure', TEXTS)
  let result = ''
  let end = 0
  for (const splice of splices) {
    result += text.slice(end, splice.start) + splice.text
    end = splice.end
  }
  return result + text.slice(end)
}

describe('the values of one key', () => {
  test.each<readonly [what: string, before: string, after: string]>([
    [
      'at any depth',
      'config:\n  a:\n    secure: old # c\n  secure: older\n',
      'config:\n  a:\n    secure: new one # c\n  secure: newer\n',
    ],
    [
      'in their quotes',
      `config: {a: {secure: "old"}, b: {secure: 'old'}}\n`,
      `config: {a: {secure: "new one"}, b: {secure: 'new one'}}\n`,
    ],
    [
      'in lists',
      'config:\n  - secure: old\n  - [{secure: older}]\n',
      'config:\n  - secure: new one\n  - [{secure: newer}]\n',
    ],
    [
      'once where an anchor has several names',
      'config:\n  a: &k\n    secure: old\n  b: *k\n  c: *k\n',
      'config:\n  a: &k\n    secure: new one\n  b: *k\n  c: *k\n',
    ],
    [
      'in the field where an anchor stands, by a name in another',
      'x: &k {secure: old}\nconfig: {a: *k}\n',
      'x: &k {secure: new one}\nconfig: {a: *k}\n',
    ],
    ['under an alias of the key', 'x: &k secure\nconfig:\n  *k : old\n', 'x: &k secure\nconfig:\n  *k : new one\n'],
    [
      'in the order of the file, wherever they are first named',
      'x: &k {secure: old}\nconfig: {secure: older, a: *k}\n',
      'x: &k {secure: new one}\nconfig: {secure: newer, a: *k}\n',
    ],
    ['in place of an alias of a text', 'x: &k old\nconfig:\n  secure: *k\n', 'x: &k new one\nconfig:\n  secure: *k\n'],
  ])('are replaced %s', async (_, before, after) => {
    expect(await replaced(before)).toBe(after)
  })

  test.each([
    ['in another field', 'other:\n  secure: old\nconfig: {}\n'],
    ['under another key', 'config:\n  a: old\n  b: [old]\n  secure: [old, {a: old}]\n'],
    ['with another text', 'config:\n  secure: very old\n  a: {secure: ol}\n'],
    ['written with escapes', 'config:\n  secure: "ol\\x64"\n'],
    ['in a file that is a list', '- config: {secure: old}\n'],
    ['in an empty file', '# config: {secure: old}\n'],
  ])('stay where they stand %s', async (_, text) => {
    expect(await replaced(text)).toBe(text)
  })
})
