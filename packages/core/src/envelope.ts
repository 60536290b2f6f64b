import { untilAborted } from './abort.ts'
import { type AesKey, DATA_KEY_BYTES, importAesKey } from './aes-gcm.ts'
import { wipe } from './bytes.ts'
import { decryptValue, decryptValueBytes, encryptValue, encryptValues } from './ciphertext.ts'
import { type ErrorDetails, isStacksealError, StacksealError } from './errors.ts'
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
      if (dataKey instanceof Uint8Array) wipe(dataKey)
      throw invalidProvider(sealedKey.url, 'gave a data key that is not 32 bytes', { length, expected: DATA_KEY_BYTES })
    }
    const key = importAesKey(dataKey)
    wipe(dataKey)
    return new Envelope(key, sealedKey)
  }

  /** Opens a sealed key: one call to its provider, whatever the number of values that follow. */
  static async open(sealedKey: SealedKey, registry: Registry, context: ProviderContext): Promise<Envelope> {
    const { url } = sealedKey
    const provider = await registry.find(url)
    const { dataKey, sealed } = await answerOf(url, context, () => provider.openKey(url, sealedKey.sealed, context))
    return Envelope.fromDataKey(dataKey, sealed === undefined ? sealedKey : { url, sealed: sealedText(url, sealed) })
  }

  /**
   * Makes a new data key, and opens its stored text again through a fresh provider before anything is encrypted: an
   * identity that may encrypt and not decrypt would otherwise make a stack that nobody can read.
   * @throws what openKey throws, or ERR_PROVIDER_INVALID where it gives another key than createKey did
   */
  static async create(url: KeyUrl, registry: Registry, context: ProviderContext): Promise<Envelope> {
    const provider = await registry.find(url)
    const { dataKey, sealed } = await answerOf(url, context, () => provider.createKey(url, context))
    const created = Envelope.fromDataKey(dataKey, { url, sealed: sealedText(url, sealed) })
    await registry.fresh(url)
    const opened = await Envelope.open(created.sealedKey, registry, context)
    if (!opened.#isSameKeyAs(created)) throw invalidProvider(url, 'opened another key than it made')
    return opened
  }

  /**
   * Seals an existing data key under another key URL, or anew under the same, and opens it again through a fresh
   * provider before the answer is given: what the caller stores is known to give the same key. `prove` sees the key
   * before it is sealed, and may refuse by throwing.
   * @throws ERR_REWRAP_NOT_POSSIBLE where the provider seals no existing key; what the providers and `prove` throw
   */
  static async rewrap(
    from: { readonly sealedKey: SealedKey; readonly context: ProviderContext },
    to: { readonly url: KeyUrl; readonly context: ProviderContext },
    registry: Registry,
    prove: (envelope: Envelope) => Promise<void>,
  ): Promise<SealedKey> {
    const { url } = to
    const sealer = await registry.find(url)
    if (sealer.sealKey === undefined) {
      throw new StacksealError('ERR_REWRAP_NOT_POSSIBLE', `${sealer.name} can not seal a data key that exists`, {
        details: { scheme: url.scheme },
      })
    }
    const opener = await registry.find(from.sealedKey.url)
    const { dataKey } = await answerOf(from.sealedKey.url, from.context, () =>
      opener.openKey(from.sealedKey.url, from.sealedKey.sealed, from.context),
    )
    try {
      const before = Envelope.fromDataKey(copyOf(dataKey), from.sealedKey)
      await prove(before)
      const sealed = sealedText(
        url,
        await waitFor(url, to.context, async () => sealer.sealKey?.(url, dataKey, to.context)),
      )
      await registry.fresh(url)
      const opened = await Envelope.open({ url, sealed }, registry, to.context)
      if (!opened.#isSameKeyAs(before)) throw invalidProvider(url, 'opened another key than it sealed')
      return { url, sealed }
    } finally {
      if (dataKey instanceof Uint8Array) wipe(dataKey)
    }
  }

  #isSameKeyAs(other: Envelope): boolean {
    try {
      return decryptValue(this.#key, encryptValue(other.#key, '')) === ''
    } catch (error) {
      if (isStacksealError(error) && error.code === 'ERR_DECRYPT_FAILED') return false
      throw error
    }
  }

  /** Encrypts text (or bytes) to `v1:<nonce>:<ciphertext>`, each time under a fresh nonce. */
  async encrypt(plaintext: string | Uint8Array): Promise<string> {
    return encryptValue(this.#key, plaintext)
  }

  /** Encrypts a list of texts (or bytes); the answers stand in the same order. */
  async encryptAll(plaintexts: readonly (string | Uint8Array)[]): Promise<string[]> {
    return encryptValues(this.#key, plaintexts)
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

  /** The key URL and nothing else. */
  toJSON(): { sealedKey: { url: string } } {
    return { sealedKey: { url: this.sealedKey.url.text } }
  }
}

/** Waits for a provider. Its own errors pass; anything else it throws may hold a token or a key, and is not kept. */
async function waitFor<T>(url: KeyUrl, context: ProviderContext, call: () => Promise<T>): Promise<T> {
  try {
    return await untilAborted(call, context.signal)
  } catch (error) {
    if (isStacksealError(error)) throw error
    throw new StacksealError(
      'ERR_PROVIDER_FAILED',
      `the provider of ${url.scheme}: failed with an error that it does not know`,
      {
        details: { scheme: url.scheme },
      },
    )
  }
}

async function answerOf<T extends object>(url: KeyUrl, context: ProviderContext, call: () => Promise<T>): Promise<T> {
  const answer = await waitFor(url, context, call)
  if (typeof answer !== 'object' || answer === null) throw invalidProvider(url, 'gave no data key')
  return answer
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return bytes instanceof Uint8Array ? bytes.slice() : bytes
}

function sealedText(url: KeyUrl, sealed: unknown): string {
  if (typeof sealed === 'string' && sealed !== '') return sealed
  throw invalidProvider(url, 'gave no sealed key to store')
}

function invalidProvider(url: KeyUrl, what: string, details: ErrorDetails = {}): StacksealError {
  const message = `the provider of ${url.scheme}: ${what}`
  return new StacksealError('ERR_PROVIDER_INVALID', message, { details: { ...details, scheme: url.scheme } })
}
