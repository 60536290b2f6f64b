import { decodeBase64, encodeBase64, StacksealError, utf8Bytes, utf8Text } from '@stackseal/core'

// RSA-1024, which is smaller than any key that Key Vault has ever made. What is shorter was not sealed by an RSA key.
const SHORTEST_CIPHERTEXT_BYTES = 128

/**
 * The text form of what a vault sealed: standard base64 of the base64url, without padding, of the RSA ciphertext. The
 * reference has kept that double form from times when its client gave the inner text. docs/format.md, "Azure Key Vault"
 */
export function encodeSealed(wrapped: Uint8Array): string {
  return encodeBase64(utf8Bytes(innerText(wrapped)))
}

/**
 * Reads the double form, and what other programs and older versions left: standard base64 of the ciphertext itself
 * (which the reference repairs in a state), and the inner text alone. For these two `sealed` is the double form.
 * @throws ERR_MALFORMED_SEALED_KEY
 */
export function decodeSealed(sealed: string): { wrapped: Uint8Array; sealed?: string } {
  const outer = decodeBase64(sealed)
  if ('invalidAt' in outer) {
    const inner = /[-_]/.test(sealed) ? fromBase64Url(sealed) : undefined
    if (inner !== undefined) return repaired(inner)
    throw malformed(`is not base64 (at byte ${outer.invalidAt})`, { at: outer.invalidAt })
  }
  // A ciphertext as it is: 128 and more random bytes are never all ASCII, and a damaged text nearly always still is.
  if (outer.bytes.some((byte) => byte > 0x7f)) return repaired(checkLength(outer.bytes))
  const text = utf8Text(outer.bytes) ?? ''
  const wrapped = fromBase64Url(text)
  if (wrapped !== undefined) return text.includes('=') ? repaired(wrapped) : { wrapped }
  throw malformed('holds no base64url inside of its base64', { length: outer.bytes.length })
}

function repaired(wrapped: Uint8Array): { wrapped: Uint8Array; sealed: string } {
  return { wrapped, sealed: encodeSealed(wrapped) }
}

/** Go's RawURLEncoding (line ends mean nothing), and the padded form; undefined for anything else. */
function fromBase64Url(text: string): Uint8Array | undefined {
  const compact = text.replaceAll(/[\r\n]/g, '')
  const [, digits, padding] = /^([\w-]*)(={0,2})$/.exec(compact) ?? []
  if (digits === undefined || padding === undefined) return undefined
  const missing = (4 - (digits.length % 4)) % 4
  if (missing === 3 || (padding !== '' && padding.length !== missing)) return undefined
  const result = decodeBase64(digits.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat(missing))
  return 'bytes' in result ? checkLength(result.bytes) : undefined
}

function checkLength(wrapped: Uint8Array): Uint8Array {
  if (wrapped.length >= SHORTEST_CIPHERTEXT_BYTES) return wrapped
  throw malformed(`holds ${wrapped.length} bytes, and an RSA key seals to at least ${SHORTEST_CIPHERTEXT_BYTES}`, {
    length: wrapped.length,
  })
}

function innerText(wrapped: Uint8Array): string {
  return encodeBase64(wrapped).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function malformed(reason: string, details: Readonly<Record<string, number>>): StacksealError {
  return new StacksealError('ERR_MALFORMED_SEALED_KEY', `encryptedkey ${reason}`, {
    hint: 'take the line from an earlier version of the file',
    details,
  })
}
