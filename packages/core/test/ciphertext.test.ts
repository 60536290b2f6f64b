import { createCipheriv, createDecipheriv } from 'node:crypto'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { importAesKey, randomBytes } from '../src/aes-gcm.ts'
import { decryptValue, decryptValueBytes, encryptValue, encryptValues, parseCiphertext } from '../src/ciphertext.ts'
import { isStacksealError } from '../src/errors.ts'
import { readVectors } from './vectors.ts'
import { anyCharacter } from '../../../tools/any-character.ts'

interface Row {
  readonly ciphertext: string
  readonly keyBase64?: string
  readonly plaintext?: string
  readonly error?: string
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const DAMAGED = 'cipher: message authentication failed'
const keyBytes = randomBytes(32)
const key = importAesKey(keyBytes)
const text = fc.string({ unit: anyCharacter, maxLength: 80 }).filter((value) => value.isWellFormed())

/** The code of the error that `run` throws, or "accepted". */
function codeOf(run: () => unknown): string {
  try {
    run()
    return 'accepted'
  } catch (error) {
    if (isStacksealError(error)) return error.code
    throw error
  }
}

/** What the reference says of a row, in the words of this package. */
function verdict({ plaintext, error = '' }: Row): { plaintext: string } | { code: string; at?: number } {
  if (plaintext !== undefined) return { plaintext }
  const at = /input byte (\d+)$/.exec(error)?.[1]
  return {
    code: error === DAMAGED ? 'ERR_DECRYPT_FAILED' : 'ERR_MALFORMED_CIPHERTEXT',
    ...(at === undefined ? {} : { at: Number(at) }),
  }
}

function opened({ ciphertext, keyBase64 = '' }: Row): ReturnType<typeof verdict> {
  try {
    return { plaintext: decryptValue(importAesKey(Buffer.from(keyBase64, 'base64')), ciphertext) }
  } catch (error) {
    if (!isStacksealError(error)) throw error
    const { at } = error.details
    return typeof at === 'number' ? { code: error.code, at } : { code: error.code }
  }
}

/** Every text that differs in one character and still opens, and every other way than ours in which one was refused. */
function changeEachCharacter(
  ciphertext: string,
  characters: string,
): { accepted: [number, string][]; codes: string[] } {
  const accepted: [number, string][] = []
  const codes = new Set<string>()
  for (let at = 0; at < ciphertext.length; at++) {
    for (const character of characters) {
      if (character === ciphertext[at]) continue
      const code = codeOf(() => decryptValue(key, ciphertext.slice(0, at) + character + ciphertext.slice(at + 1)))
      if (code === 'accepted') accepted.push([at, character])
      else codes.add(code)
    }
  }
  return { accepted, codes: [...codes].toSorted() }
}

const REFUSALS = ['ERR_DECRYPT_FAILED', 'ERR_MALFORMED_CIPHERTEXT']

describe('a value ciphertext', () => {
  const rows = (readVectors('pulumi/tables.json') as { valueCiphertexts: Row[] }).valueCiphertexts
  const keyed = rows.filter((row) => row.keyBase64 !== undefined)

  test('is opened or refused as the reference does, for every row with a key', () => {
    expect(keyed.length).toBeGreaterThanOrEqual(19)
    expect(keyed.map(opened)).toEqual(keyed.map(verdict))
  })

  test('opens to the text that was encrypted, whatever Unicode it holds', () => {
    const same = fc.property(text, (plaintext) => {
      expect(decryptValue(key, encryptValue(key, plaintext))).toBe(plaintext)
    })
    fc.assert(same)
  })

  test('opens to the bytes that were encrypted', () => {
    const same = fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const result = decryptValueBytes(key, encryptValue(key, bytes))
      expect(result).toEqual(new Uint8Array(bytes))
      expect(result.constructor).toBe(Uint8Array)
    })
    fc.assert(same)
  })

  test.each(['', '\u0000', '\ufeffbom', '\ufffd', '\u{10ffff}', 'e\u0301 is not \u00e9', '\r\n', 'x'.repeat(100_000)])(
    'keeps text that is easily changed on the way (row %#)',
    (plaintext) => {
      expect(decryptValue(key, encryptValue(key, plaintext))).toBe(plaintext)
    },
  )

  test.each(['\ud800', 'a\udc00b', '\udc00\ud800'])('is not made of half a surrogate pair (row %#)', (half) => {
    expect(codeOf(() => encryptValue(key, half))).toBe('ERR_INVALID_VALUE')
  })

  test('is v1, a nonce and the GCM ciphertext with its tag, for any other AES', () => {
    const read = fc.property(text, (plaintext) => {
      const [version, nonce = '', sealed = '', more] = encryptValue(key, plaintext).split(':')
      expect([version, nonce.length, more]).toEqual(['v1', 16, undefined])
      const bytes = Buffer.from(sealed, 'base64')
      const decipher = createDecipheriv('aes-256-gcm', keyBytes, Buffer.from(nonce, 'base64'))
      decipher.setAuthTag(bytes.subarray(-16))
      expect(decipher.update(bytes.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8')).toBe(plaintext)
    })
    fc.assert(read)
  })

  test('made by another AES opens', () => {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', keyBytes, nonce)
    const sealed = Buffer.concat([cipher.update('äöü', 'utf8'), cipher.final(), cipher.getAuthTag()])
    const ciphertext = `v1:${Buffer.from(nonce).toString('base64')}:${sealed.toString('base64')}`
    expect(decryptValue(key, ciphertext)).toBe('äöü')
  })

  test('has another nonce each time, also for the same text', () => {
    const nonces = Array.from({ length: 2000 }, () => encryptValue(key, 'same').split(':')[1])
    expect(new Set(nonces).size).toBe(2000)
  })

  test('has another nonce each time, also for the same text, in a list too', () => {
    const nonces = encryptValues(
      key,
      Array.from({ length: 2000 }, () => 'same'),
    ).map((printed) => printed.split(':')[1])
    expect(new Set(nonces).size).toBe(2000)
  })

  test('holding bytes that are not UTF-8 gives them as bytes, and says so when asked for text', () => {
    const ciphertext = encryptValue(key, Uint8Array.of(0x61, 0xff))
    expect(codeOf(() => decryptValue(key, ciphertext))).toBe('ERR_SECRET_NOT_TEXT')
    expect(decryptValueBytes(key, ciphertext)).toEqual(Uint8Array.of(0x61, 0xff))
    // The decoder, which all values share, keeps nothing of it.
    expect(decryptValue(key, encryptValue(key, 'after it'))).toBe('after it')
  })

  test('does not open under another key', () => {
    const ciphertext = encryptValue(importAesKey(randomBytes(32)), 'x')
    expect(codeOf(() => decryptValue(key, ciphertext))).toBe('ERR_DECRYPT_FAILED')
  })

  test.each(['', 'a', 'any text: ä', 'x'.repeat(33)])(
    'is refused when any single bit of nonce, ciphertext or tag is flipped (%j)',
    (plaintext) => {
      const { nonce, sealed } = parseCiphertext(encryptValue(key, plaintext))
      const bytes = Buffer.concat([nonce, sealed])
      const codes = Array.from({ length: bytes.length * 8 }, (_, bit) => {
        const changed = Buffer.from(bytes)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const flipped = `v1:${changed.subarray(0, 12).toString('base64')}:${changed.subarray(12).toString('base64')}`
        return codeOf(() => decryptValueBytes(key, flipped))
      })
      expect(codes.length).toBe((12 + Buffer.byteLength(plaintext) + 16) * 8)
      expect(codes).toEqual(codes.map(() => 'ERR_DECRYPT_FAILED'))
    },
  )

  test('is refused with the size of its nonce where that is wrong', () => {
    expect(() => parseCiphertext('v1:AAAA:AAAA')).toThrow(
      expect.objectContaining({ details: { length: 3, expected: 12 } }),
    )
  })

  test('is refused when it lost bytes at its end, also when less than a tag is left', () => {
    const { nonce, sealed } = parseCiphertext(encryptValue(key, 'abc'))
    const codes = Array.from(sealed, (_, length) => {
      const cut = Buffer.from(sealed.subarray(0, length)).toString('base64')
      return codeOf(() => decryptValue(key, `v1:${Buffer.from(nonce).toString('base64')}:${cut}`))
    })
    expect(codes).toEqual(codes.map(() => 'ERR_DECRYPT_FAILED'))
  })

  test('is refused when any character is changed into any other, where no padding leaves bits unused', () => {
    // 8 bytes and the tag fill their base64 groups.
    const changes = changeEachCharacter(encryptValue(key, '8 bytes.'), `${ALPHABET}=:-_ \u0000é`)
    expect(changes).toEqual({ accepted: [], codes: REFUSALS })
  })

  test.each([
    ['9 bytes..', '=='.length, 4],
    ['10 bytes..', '='.length, 2],
  ])(
    'ignores only the bits that the padding leaves unused, as the reference does (%j)',
    (plaintext, padding, unused) => {
      const ciphertext = encryptValue(key, plaintext)
      const last = ciphertext.length - padding - 1
      const value = ALPHABET.indexOf(ciphertext[last] ?? '')
      const sameBytes = ALPHABET.split('').filter((_, i) => i >> unused === value >> unused && i !== value)
      expect(sameBytes.length).toBe(2 ** unused - 1)
      const changes = changeEachCharacter(ciphertext, ALPHABET)
      expect(changes).toEqual({ accepted: sameBytes.map((character) => [last, character]), codes: REFUSALS })
    },
  )

  test.each(['\n', '\r', '\r\n'])(
    'ignores a line end inside its fields, as the reference does, and nowhere else (%j)',
    (lineEnd) => {
      const ciphertext = encryptValue(key, 'abc')
      const places = Array.from({ length: ciphertext.length + 1 }, (_, at) => at)
      const codes = places.map((at) =>
        codeOf(() => decryptValue(key, ciphertext.slice(0, at) + lineEnd + ciphertext.slice(at))),
      )
      expect(codes).toEqual(places.map((at) => (at < 'v1:'.length ? 'ERR_MALFORMED_CIPHERTEXT' : 'accepted')))
    },
  )

  test.each([
    ['', 'not of the form'],
    ['v1', 'not of the form'],
    ['v1:AAAA', 'not of the form'],
    ['v1:AAAA:AAAA:', 'not of the form'],
    [' v1:AAAA:AAAA', 'version'],
    ['v1 :AAAA:AAAA', 'version'],
    [':AAAA:AAAA', 'version'],
    ['v1:*:AAAA', 'nonce is not base64 (at byte 0)'],
    ['v1:AAAA:A', 'ciphertext is not base64 (at byte 0)'],
    ['v1:AAAA:AAAA', 'nonce has the wrong size'],
    ['v1:oKGio6Slpqeoqaqroa==:AAAA', 'nonce has the wrong size'],
  ])('is refused with a reason when it is %j', (malformed, reason) => {
    expect(codeOf(() => decryptValue(key, malformed))).toBe('ERR_MALFORMED_CIPHERTEXT')
    expect(() => parseCiphertext(malformed)).toThrow(reason)
  })
})
