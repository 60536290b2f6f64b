import type { KeyUrl } from './key-url.ts'

/** What a document stores of its data key: the key URL, and the provider's own text, exact to the byte. */
export interface SealedKey {
  readonly url: KeyUrl
  /** The exact text of `encryptionsalt` or `encryptedkey`. For all but a passphrase it is standard padded base64. */
  readonly sealed: string
}
