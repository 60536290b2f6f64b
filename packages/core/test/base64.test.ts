import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decodeBase64, encodeBase64 } from '../src/bytes.ts'
import { readVectors } from './vectors.ts'
import { anyCharacter } from '../../../tools/any-character.ts'

type Row = { readonly text: string } & ({ readonly hex: string } | { readonly at: number })

function decoded(text: string): object {
  const result = decodeBase64(text)
  return 'bytes' in result ? { text, hex: Buffer.from(result.bytes).toString('hex') } : { text, at: result.invalidAt }
}

const someBytes = fc.uint8Array({ maxLength: 200 })

describe('base64', () => {
  const rows = readVectors('go/base64.json') as Row[]

  test('gives the bytes, or the offset of the fault, that Go gives', () => {
    expect(rows.length).toBeGreaterThan(1000)
    expect(rows.map((row) => decoded(row.text))).toEqual(rows)
  })

  test('encodes bytes as Node does, and decodes them again', () => {
    const same = fc.property(someBytes, (bytes) => {
      const text = encodeBase64(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64'))
      expect(decodeBase64(text)).toEqual({ bytes: new Uint8Array(bytes) })
    })
    fc.assert(same)
  })

  test('encodes and decodes more bytes than one call can take as arguments', () => {
    const bytes = Uint8Array.from({ length: 1_000_001 }, (_, i) => (i * 7919) >> 3)
    const text = encodeBase64(bytes)
    expect(text === Buffer.from(bytes).toString('base64')).toBe(true)
    const result = decodeBase64(text)
    expect('bytes' in result && Buffer.compare(result.bytes, bytes)).toBe(0)
  })

  test('passes over line ends wherever they stand', () => {
    const lineEnds = fc.array(fc.tuple(fc.nat(90), fc.constantFrom('\n', '\r', '\r\n')))
    const same = fc.property(someBytes, lineEnds, (bytes, places) => {
      let text = encodeBase64(bytes)
      for (const [at, lineEnd] of places) text = text.slice(0, at) + lineEnd + text.slice(at)
      expect(decodeBase64(text)).toEqual({ bytes: new Uint8Array(bytes) })
    })
    fc.assert(same)
  })

  test('names the place of a foreign character in bytes', () => {
    const foreign = fc
      .string({ unit: anyCharacter, minLength: 1, maxLength: 1 })
      .filter((character) => !/[A-Za-z0-9+/=\r\n]/.test(character))
    const named = fc.property(someBytes, fc.nat(), foreign, (bytes, where, character) => {
      const text = encodeBase64(bytes).replaceAll('=', '')
      const at = where % (text.length + 1)
      expect(decodeBase64(text.slice(0, at) + character + text.slice(at))).toEqual({ invalidAt: at })
      expect(decodeBase64(`${character}${text}`)).toEqual({ invalidAt: 0 })
    })
    fc.assert(named)
  })
})
