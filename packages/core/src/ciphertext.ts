import { type AesKey, NONCE_BYTES, openAesGcm, randomBytes, sealAesGcm } from './aes-gcm.ts'
import { decodeBase64, encodeBase64, utf8Bytes, utf8Text } from './bytes.ts'
import { StacksealError } from './errors.ts'

/** The version word that opens every value ciphertext. */
const CIPHERTEXT_VERSION = 'v1'

/** A parsed value ciphertext: a 12-byte nonce, and the GCM ciphertext with its 16-byte tag at the end. */
export interface Ciphertext {
  readonly nonce: Uint8Array
  readonly sealed: Uint8Array
}

/**
 * Parses `v1:<nonce>:<ciphertext>`, both fields standard padded base64, in the order in which the reference checks.
 * A ciphertext shorter than its tag is not refused here: like any other change it fails when it is opened.
 * @throws ERR_MALFORMED_CIPHERTEXT with the reason; docs/format.md, "Value ciphertext".
 */
export function parseCiphertext(text: string): Ciphertext {
  const parts = text.split(':', 4) // a fourth part is one too many, and so are those after it
  const [version, nonceText, sealedText] = parts
  if (nonceText === undefined || sealedText === undefined || parts.length > 3) {
    throw malformed('it is not of the form v1:<nonce>:<ciphertext>')
  }
  if (version !== CIPHERTEXT_VERSION) throw malformed('its version is unknown')
  const nonce = field('nonce', nonceText)
  const sealed = field('ciphertext', sealedText)
  if (nonce.length !== NONCE_BYTES) {
    throw malformed('its nonce has the wrong size', { length: nonce.length, expected: NONCE_BYTES })
  }
  return { nonce, sealed }
}

function field(name: string, text: string): Uint8Array {
  const result = decodeBase64(text)
  if ('bytes' in result) return result.bytes
  throw malformed(`its ${name} is not base64 (at byte ${result.invalidAt})`, { field: name, at: result.invalidAt })
}

function malformed(reason: string, details: Record<string, string | number> = {}): StacksealError {
  return new StacksealError('ERR_MALFORMED_CIPHERTEXT', `the ciphertext is malformed: ${reason}`, { details })
}

/** Encrypts UTF-8 text (or bytes) under a fresh random nonce and prints `v1:<nonce>:<ciphertext>`. */
export function encryptValue(key: AesKey, plaintext: string | Uint8Array): string {
  // SP 800-38D §8.2.2: a 96-bit random nonce, never two values under one.
  return encryptUnder(key, randomBytes(NONCE_BYTES), plaintext)
}

/** Encrypts a list as {@link encryptValue} does. All nonces come from one call for random bytes: a tenth of the time. */
export function encryptValues(key: AesKey, plaintexts: readonly (string | Uint8Array)[]): string[] {
  const nonces = randomBytes(NONCE_BYTES * plaintexts.length)
  return plaintexts.map((plaintext, i) =>
    encryptUnder(key, nonces.subarray(i * NONCE_BYTES, (i + 1) * NONCE_BYTES), plaintext),
  )
}

function encryptUnder(key: AesKey, nonce: Uint8Array, plaintext: string | Uint8Array): string {
  const bytes = typeof plaintext === 'string' ? utf8Bytes(plaintext) : plaintext
  return `${CIPHERTEXT_VERSION}:${encodeBase64(nonce)}:${encodeBase64(sealAesGcm(key, nonce, bytes))}`
}

/**
 * Opens `v1:<nonce>:<ciphertext>` and gives the plaintext bytes.
 * @throws ERR_MALFORMED_CIPHERTEXT or ERR_DECRYPT_FAILED
 */
export function decryptValueBytes(key: AesKey, text: string): Uint8Array {
  const { nonce, sealed } = parseCiphertext(text)
  const plaintext = openAesGcm(key, nonce, sealed)
  if (plaintext === undefined) {
    throw new StacksealError(
      'ERR_DECRYPT_FAILED',
      'the value does not open with this data key: it was changed, or was encrypted under another key',
    )
  }
  return plaintext
}

/**
 * Opens `v1:<nonce>:<ciphertext>` and gives the plaintext as text.
 * @throws ERR_MALFORMED_CIPHERTEXT, ERR_DECRYPT_FAILED, or ERR_SECRET_NOT_TEXT if the bytes are not UTF-8
 */
export function decryptValue(key: AesKey, text: string): string {
  const plaintext = utf8Text(decryptValueBytes(key, text))
  if (plaintext === undefined) {
    throw new StacksealError('ERR_SECRET_NOT_TEXT', 'the secret holds bytes that are not UTF-8 text')
  }
  return plaintext
}
