import { type AesKey, DATA_KEY_BYTES, importAesKey } from './aes-gcm.ts'
import { wipe } from './bytes.ts'
import { decryptValue, decryptValueBytes, encryptValue } from './ciphertext.ts'
import { isStacksealError, StacksealError } from './errors.ts'
import type { KeyUrl } from './key-url.ts'
import type { ProviderContext } from './provider.ts'
import type { Registry } from './registry.ts'
import type { SealedKey } from './sealed-key.ts'

/** What became of one value of a batch. */
export type Decrypted = { readonly plaintext: string } | { readonly error: StacksealError }

/**
 * An opened data key with its sealed key. It encrypts and decrypts values and can't print the key. A batch is one
 * synchronous loop over one imported key; the methods are async so that another runtime can do it another way.
 */
export class Envelope {
  readonly sealedKey: SealedKey
  readonly #key: AesKey

  private constructor(key: AesKey, sealedKey: SealedKey) {
    this.#key = key
    this.sealedKey = sealedKey
  }

  /**
   * Takes 32 bytes over, and overwrites them with zeros.
   * @throws ERR_PROVIDER_INVALID for another length
   */
  static fromDataKey(dataKey: Uint8Array, sealedKey: SealedKey): Envelope {
    if (!(dataKey instanceof Uint8Array) || dataKey.length !== DATA_KEY_BYTES) {
      const length = dataKey instanceof Uint8Array ? dataKey.length : -1
      throw new StacksealError('ERR_PROVIDER_INVALID', `the provider of ${sealedKey.url.scheme}: gave a data key that is not 32 bytes`, {
        details: { length, expected: DATA_KEY_BYTES, scheme: sealedKey.url.scheme },
      })
    }
    const key = importAesKey(dataKey)
    wipe(dataKey)
    return new Envelope(key, sealedKey)
  }

  /** Opens a sealed key: one call to its provider, whatever the number of values that follow. */
  static async open(sealedKey: SealedKey, registry: Registry, context: ProviderContext): Promise<Envelope> {
    const provider = await registry.find(sealedKey.url)
    const { dataKey, sealed } = await provider.openKey(sealedKey.url, sealedKey.sealed, context)
    return Envelope.fromDataKey(dataKey, sealed === undefined ? sealedKey : { url: sealedKey.url, sealed })
  }

  /**
   * Makes a new data key, and opens its stored text again through a fresh provider before anything is encrypted: an
   * identity that may encrypt and not decrypt would otherwise make a stack that nobody can read.
   */
  static async create(url: KeyUrl, registry: Registry, context: ProviderContext): Promise<Envelope> {
    const { dataKey, sealed } = await (await registry.find(url)).createKey(url, context)
    const created = Envelope.fromDataKey(dataKey, { url, sealed })
    await registry.fresh(url)
    const opened = await Envelope.open({ url, sealed }, registry, context)
    const probe = 'stackseal'
    if (decryptValue(opened.#key, encryptValue(created.#key, probe)) !== probe) {
      throw new StacksealError('ERR_PROVIDER_INVALID', `the provider of ${url.scheme}: opened another key than it made`)
    }
    return opened
  }

  /** Encrypts text (or bytes) to `v1:<nonce>:<ciphertext>`, each time under a fresh nonce. */
  async encrypt(plaintext: string | Uint8Array): Promise<string> {
    return encryptValue(this.#key, plaintext)
  }

  /** Encrypts a list; the answers stand in the same order. */
  async encryptAll(plaintexts: readonly string[]): Promise<string[]> {
    return plaintexts.map((plaintext) => encryptValue(this.#key, plaintext))
  }

  /**
   * Decrypts one value to text.
   * @throws ERR_MALFORMED_CIPHERTEXT, ERR_DECRYPT_FAILED, ERR_SECRET_NOT_TEXT
   */
  async decrypt(ciphertext: string): Promise<string> {
    return decryptValue(this.#key, ciphertext)
  }

  /**
   * Decrypts one value to bytes, whatever they are.
   * @throws ERR_MALFORMED_CIPHERTEXT, ERR_DECRYPT_FAILED
   */
  async decryptBytes(ciphertext: string): Promise<Uint8Array> {
    return decryptValueBytes(this.#key, ciphertext)
  }

  /** Decrypts a list; the answers stand in the same order, and one that does not open does not hide the others. */
  async decryptAll(ciphertexts: readonly string[]): Promise<Decrypted[]> {
    return ciphertexts.map((ciphertext) => {
      try {
        return { plaintext: decryptValue(this.#key, ciphertext) }
      } catch (error) {
        if (isStacksealError(error)) return { error }
        throw error
      }
    })
  }

  toJSON(): { sealedKey: { url: string } } {
    return { sealedKey: { url: this.sealedKey.url.text } }
  }
}
