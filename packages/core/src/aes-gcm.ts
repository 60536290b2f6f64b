// The one file of this package that touches node:crypto: another runtime needs this file changed and no other.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomFillSync } from 'node:crypto'

export const DATA_KEY_BYTES = 32
export const NONCE_BYTES = 12
const TAG_BYTES = 16

const CIPHER = 'aes-256-gcm'
const TAG = { authTagLength: TAG_BYTES } as const

/** An imported AES-256 key. Its bytes can not be printed. */
export type AesKey = KeyObject

/** Imports 32 bytes. One imported key for many values costs a third of passing the bytes to each call. */
export function importAesKey(dataKey: Uint8Array): AesKey {
  return createSecretKey(dataKey)
}

/** Bytes from the system's random generator. */
export function randomBytes(length: number): Uint8Array {
  return randomFillSync(new Uint8Array(length))
}

/** AES-256-GCM without additional data; the 16-byte tag stands at the end. */
export function sealAesGcm(key: AesKey, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, nonce, TAG)
  const sealed = new Uint8Array(plaintext.length + TAG_BYTES)
  sealed.set(cipher.update(plaintext))
  cipher.final()
  sealed.set(cipher.getAuthTag(), plaintext.length)
  return sealed
}

/** The plaintext, or undefined if the tag does not fit these bytes under this key. */
export function openAesGcm(key: AesKey, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined
  const decipher = createDecipheriv(CIPHER, key, nonce, TAG)
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
  try {
    decipher.final()
  } catch {
    return undefined // final's only error here: the tag does not match (SP 800-38D §7.2)
  }
  // A plain view: a Buffer prints, slices and compares differently.
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length)
}
