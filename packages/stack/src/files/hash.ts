// The one file of this package that touches node:crypto: names and proofs of files, never keys.
import { createHash, randomUUID } from 'node:crypto'

/** SHA-1 in lower-case hexadecimal: only for the name that the reference gives its workspace file. */
export function sha1Hex(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256Hex(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

/** SHA-256 of bytes that come in pieces. */
export function sha256OfPieces(): { readonly add: (bytes: Uint8Array) => void; readonly hex: () => string } {
  const hash = createHash('sha256')
  return { add: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') }
}

/** MD5 in base64: only for the note that the reference's storage keeps beside a file; nothing relies on it. */
export function md5Base64(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64')
}

/** A random name of the form that the reference gives its locks. */
export function uuid(): string {
  return randomUUID()
}
