import { StacksealError } from './errors.ts'
import type { KeyUrl } from './key-url.ts'
import type { Provider } from './provider.ts'

/** A provider that is loaded when a document first needs one of its schemes. */
export interface LazyProvider {
  readonly schemes: readonly string[]
  readonly load: () => Promise<Provider>
}

// The URL opener of the reference takes these before a scheme; they mean nothing else.
const TYPE_PREFIX = /^secrets\+(?:keeper\+)?/

/**
 * Looks a provider up by scheme and loads it when first needed. There is no global registry: a scheme that a document
 * mentions can only choose among what the program passed in.
 */
export class Registry {
  readonly #entries: ReadonlyMap<string, LazyProvider>
  readonly #loaded = new Map<LazyProvider, Promise<Provider>>()

  /** @throws ERR_PROVIDER_INVALID where two entries claim one scheme */
  constructor(providers: readonly (Provider | LazyProvider)[]) {
    const entries = new Map<string, LazyProvider>()
    for (const provider of providers) {
      const entry = 'load' in provider ? provider : { schemes: provider.schemes, load: () => Promise.resolve(provider) }
      for (const scheme of entry.schemes) {
        if (entries.has(scheme)) {
          throw new StacksealError('ERR_PROVIDER_INVALID', `two providers claim the scheme ${scheme}`, { details: { scheme } })
        }
        entries.set(scheme, entry)
      }
    }
    this.#entries = entries
  }

  /** Every scheme that can be opened, sorted. */
  get schemes(): readonly string[] {
    return [...this.#entries.keys()].toSorted()
  }

  /**
   * The provider of a key URL; the same object at each call.
   * @throws ERR_UNKNOWN_PROVIDER
   */
  find(url: KeyUrl): Promise<Provider> {
    const entry = this.#entry(url)
    let provider = this.#loaded.get(entry)
    if (provider === undefined) {
      provider = entry.load().then(checked)
      this.#loaded.set(entry, provider)
    }
    return provider
  }

  /**
   * A provider that has not been used before, where the entry can make one: what a new key is opened with once, to see
   * that it opens. {@link find} gives this one from now on.
   */
  fresh(url: KeyUrl): Promise<Provider> {
    this.#loaded.delete(this.#entry(url))
    return this.find(url)
  }

  /** Ends the connections of every provider that was loaded. */
  async close(): Promise<void> {
    const loaded = [...this.#loaded.values()]
    this.#loaded.clear()
    await Promise.allSettled(loaded.map(async (provider) => (await provider).close?.()))
  }

  #entry(url: KeyUrl): LazyProvider {
    const scheme = url.scheme.replace(TYPE_PREFIX, '')
    const entry = this.#entries.get(scheme)
    if (entry !== undefined) return entry
    throw new StacksealError('ERR_UNKNOWN_PROVIDER', `no provider is known for ${scheme}: (known: ${this.schemes.join(', ')})`, {
      hint: `install a provider for ${scheme} and name its module with --provider or STACKSEAL_PROVIDERS`,
      details: { scheme },
    })
  }
}

function checked(provider: Provider): Provider {
  if (provider.contract === 1) return provider
  throw new StacksealError('ERR_PROVIDER_INVALID', 'a provider follows a contract that this version does not know', {
    hint: 'update stackseal, or take an older version of the provider',
    details: { contract: String((provider as { contract?: unknown }).contract) },
  })
}
