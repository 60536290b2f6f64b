import { isStacksealError, parseKeyUrl, type StacksealError } from '@stackseal/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import * as encoding from '../src/azure-encoding.ts'
import { azureKeyVault } from '../src/index.ts'
import { CLOUD_ERRORS, CLOUD_KEYS } from './reference-tables.ts'

const EXACT = parseKeyUrl('azurekeyvault://one.vault.azure.net/keys/app')
const OTHER_CASE = parseKeyUrl('AzureKeyVault://one.vault.azure.net/keys/app')
const encodeSealed = (wrapped: Uint8Array): string => encoding.encodeSealed(wrapped, EXACT)
const decodeSealed = (sealed: string): ReturnType<typeof encoding.decodeSealed> => encoding.decodeSealed(sealed, EXACT)

const ciphertext = fc
  .constantFrom(128, 256, 384, 512)
  .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))
const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64')
const base64Url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const hasHighByte = (bytes: Uint8Array): boolean => bytes.some((byte) => byte > 0x7f)

/** How many bytes are read, or the code with which a text is refused. */
function outcomeOf(sealed: string): number | string {
  try {
    return decodeSealed(sealed).wrapped.length
  } catch (error) {
    return isStacksealError(error) ? error.code : 'another error'
  }
}

function errorOf(sealed: string): StacksealError {
  try {
    decodeSealed(sealed)
  } catch (error) {
    if (isStacksealError(error)) return error
  }
  throw new TypeError('the text was not refused with a StacksealError')
}

describe('every RSA ciphertext', () => {
  test('comes back from its text, which is base64 of base64url without padding', () => {
    const property = fc.property(ciphertext, (bytes) => {
      const sealed = encodeSealed(bytes)
      expect(sealed).toBe(base64(base64Url(bytes)))
      expect(decodeSealed(sealed)).toEqual({ wrapped: bytes })
    })
    fc.assert(property)
  })

  test('is read from plain base64 too, and the better text is given', () => {
    const property = fc.property(ciphertext.filter(hasHighByte), (bytes) => {
      expect(decodeSealed(base64(bytes))).toEqual({ wrapped: bytes, sealed: encodeSealed(bytes) })
    })
    fc.assert(property)
  })

  test('is read from the inner text alone, and from a padded one', () => {
    // A text without - and _ might be the outer one; one in ten thousand ciphertexts of a real length has neither.
    const own = ciphertext.filter((bytes) => /[-_]/.test(base64Url(bytes)))
    const property = fc.property(own, (bytes) => {
      const inner = base64Url(bytes)
      const padded = inner + '='.repeat((4 - (inner.length % 4)) % 4)
      for (const sealed of [inner, padded]) {
        expect(decodeSealed(sealed)).toEqual({ wrapped: bytes, sealed: encodeSealed(bytes) })
      }
      expect(decodeSealed(base64(padded)).wrapped).toEqual(bytes)
    })
    fc.assert(property)
  })

  test('stays in plain base64 under a URL that does not start with the letters that the reference looks for', () => {
    const property = fc.property(ciphertext.filter(hasHighByte), (bytes) => {
      const sealed = base64(bytes)
      expect(encoding.encodeSealed(bytes, OTHER_CASE)).toBe(sealed)
      expect(encoding.decodeSealed(sealed, OTHER_CASE)).toEqual({ wrapped: bytes })
      expect(encoding.decodeSealed(encodeSealed(bytes), OTHER_CASE)).toEqual({ wrapped: bytes, sealed })
    })
    fc.assert(property)
  })

  test('whose text was damaged is refused, or stays one of its length: nothing else is made of it', () => {
    const property = fc.property(ciphertext, fc.nat(), fc.integer({ min: 0x20, max: 0x7e }), (bytes, at, code) => {
      const inner = base64Url(bytes)
      const place = at % inner.length
      const changed = `${inner.slice(0, place)}${String.fromCharCode(code)}${inner.slice(place + 1)}`
      const isText = /^[\w-]+$/.test(changed)
      expect(outcomeOf(base64(changed))).toBe(isText ? bytes.length : 'ERR_MALFORMED_SEALED_KEY')
    })
    fc.assert(property)
  })
})

test('line ends in either layer mean nothing, as for the reference', () => {
  const bytes = new Uint8Array(256).fill(0xa5)
  const inner = base64Url(bytes)
  const wrapped = `${inner.slice(0, 64)}\r\n${inner.slice(64)}\n`
  expect(decodeSealed(base64(wrapped))).toEqual({ wrapped: bytes })
  const outer = base64(inner)
  expect(decodeSealed(`${outer.slice(0, 76)}\n${outer.slice(76)}`)).toEqual({ wrapped: bytes })
})

test.each([
  ['nothing', ''],
  ['three bytes', 'AAAA'],
  ['a short ciphertext in both layers', base64(base64Url(new Uint8Array(127).fill(200)))],
  ['a short ciphertext in one layer', base64(new Uint8Array(127).fill(200))],
  ['the text of another service', base64('vault:v1:AAAA')],
  ['an inner text that lost a character', base64(base64Url(new Uint8Array(256).fill(200)).slice(1))],
  ['an inner text of the other alphabet', base64(base64(new Uint8Array(256).fill(0xff)))],
  ['an inner text with one padding too many', base64(`${base64Url(new Uint8Array(257).fill(200))}==`)],
  ['an outer text that lost its last character', encodeSealed(new Uint8Array(256).fill(200)).slice(0, -1)],
])('%s is no sealed key', (_, sealed) => {
  const error = errorOf(sealed)
  expect(error.code).toBe('ERR_MALFORMED_SEALED_KEY')
  expect(error.hint).toContain('earlier version')
})

describe('the sealed keys of the reference', () => {
  const good = CLOUD_KEYS.filter(({ error }) => error === undefined)
  const bad = CLOUD_KEYS.filter(({ error }) => error !== undefined)

  test.each(good)('$sealed is the ciphertext of a 2048-bit key, or a larger one, and keeps its text', ({ sealed }) => {
    const { wrapped, sealed: better } = decodeSealed(sealed)
    expect([256, 384, 512]).toContain(wrapped.length)
    expect(encodeSealed(wrapped)).toBe(better ?? sealed)
  })

  test.each(bad)('$sealed is refused where the reference does: $error', async ({ url, sealed, error = '' }) => {
    const opened = azureKeyVault().openKey(parseKeyUrl(url), sealed, { env: {} })
    const at = /input byte (\d+)/.exec(error)?.[1]
    const details = at === undefined ? {} : { at: Number(at) }
    await expect(opened).rejects.toMatchObject({ code: 'ERR_MALFORMED_SEALED_KEY', details })
  })

  test('are there, of both kinds, and no key URL that it refuses is taken', async () => {
    expect(good.length).toBeGreaterThan(0)
    expect(bad.length).toBeGreaterThan(0)
    for (const { secretsprovider } of CLOUD_ERRORS) {
      const made = Promise.resolve().then(() => azureKeyVault().createKey(parseKeyUrl(secretsprovider), { env: {} }))
      await expect(made).rejects.toMatchObject({ code: 'ERR_INVALID_KEY_URL' })
    }
  })
})
