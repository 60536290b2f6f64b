import { decodeBase64, encodeBase64, type KeyUrl, StacksealError, utf8Bytes, utf8Text } from '@stackseal/core'

// RSA-1024, which is smaller than any key that Key Vault has ever made. What is shorter was not sealed by an RSA key.
const SHORTEST_CIPHERTEXT_BYTES = 128

/**
 * How the RSA ciphertext stands in a file: as standard base64 of its base64url without padding (`double`), or of itself
 * (`plain`). `inner` is the inner text of `double` alone, which no file of the reference has.
 */
type Form = 'double' | 'plain' | 'inner'

/**
 * The reference keeps the double form from times when its client gave the inner text; but only where a URL starts with
 * exactly these letters, so under `AzureKeyVault://…` it reads and writes the plain one. docs/format.md, 4.2
 */
function formFor(url: KeyUrl): Form {
  return url.text.startsWith('azurekeyvault://') ? 'double' : 'plain'
}

/** The text for a file of what a vault sealed. */
export function encodeSealed(wrapped: Uint8Array, url: KeyUrl): string {
  return formFor(url) === 'double' ? encodeBase64(utf8Bytes(innerText(wrapped))) : encodeBase64(wrapped)
}

/**
 * Reads what a file has, in any of the forms that programs and older versions left (one of them the reference repairs in
 * a state). `sealed` is there where the text is not in the form that the reference reads under this key URL: the better
 * text.
 * @throws ERR_MALFORMED_SEALED_KEY
 */
export function decodeSealed(sealed: string, url: KeyUrl): { wrapped: Uint8Array; sealed?: string } {
  const { wrapped, form } = read(sealed)
  return form === formFor(url) ? { wrapped } : { wrapped, sealed: encodeSealed(wrapped, url) }
}

function read(sealed: string): { wrapped: Uint8Array; form: Form } {
  const outer = decodeBase64(sealed)
  if ('invalidAt' in outer) {
    const wrapped = /[-_]/.test(sealed) ? fromBase64Url(sealed) : undefined
    if (wrapped !== undefined) return { wrapped, form: 'inner' }
    throw malformed(`is not base64 (at byte ${outer.invalidAt})`, { at: outer.invalidAt })
  }
  // 128 and more random bytes are never all ASCII, and a damaged text nearly always still is.
  if (outer.bytes.some((byte) => byte > 0x7f)) return { wrapped: checkLength(outer.bytes), form: 'plain' }
  const text = utf8Text(outer.bytes) ?? ''
  const wrapped = fromBase64Url(text)
  // The reference does not read a padded inner text.
  if (wrapped !== undefined) return { wrapped, form: text.includes('=') ? 'inner' : 'double' }
  throw malformed('holds no base64url inside of its base64', { length: outer.bytes.length })
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
