import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOfText, textOfBytes } from '../src/values/byte-text.ts'

describe('text of bytes that need not be UTF-8', () => {
  it('keeps every byte', () => {
    const unit = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0xe2, 0x80, 0xa8, 0xf0, 0x9f, 0xed, 0xa0, 0xc0),
    )
    fc.assert(
      fc.property(fc.array(unit), (list) => {
        const bytes = Uint8Array.from(list)
        expect(bytesOfText(textOfBytes(bytes))).toEqual(bytes)
      }),
    )
  })

  it('is plain text for UTF-8, and not well-formed for anything else', () => {
    expect(textOfBytes(new TextEncoder().encode('caf\u00e9 🙂'))).toBe('caf\u00e9 🙂')
    const text = textOfBytes(Uint8Array.of(0x63, 0xe9, 0xe2, 0x80, 0x62))
    expect(text).toBe('c\udce9\udce2\udc80b')
    expect(text.isWellFormed()).toBe(false)
  })

  it('refuses half of a surrogate pair that stands for no byte', () => {
    expect(() => bytesOfText('a\ud800')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }))
  })
})
