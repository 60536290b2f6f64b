// The one file of this package that touches node:crypto: names and proofs of files, never keys.
import { createHash } from 'node:crypto'

/** SHA-1 in lower-case hexadecimal: only for the name that the reference gives its workspace file. */
export function sha1Hex(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
