import { isStacksealError, StacksealError } from './errors.ts'
import type { KeyUrl } from './key-url.ts'
import type { Provider } from './provider.ts'

/** A provider that is loaded when a document first needs one of its schemes. */
export interface LazyProvider {
  readonly schemes: readonly string[]
  readonly load: () => Promise<Provider>
}

export interface RegistryOptions {
  /**
   * Asked for a scheme that no entry claims, each time until it gives an entry that does. What it throws is the error
   * of that lookup; undefined leaves it to the registry to say that the scheme is unknown.
   */
  readonly otherwise?: (scheme: string) => Promise<Provider | LazyProvider | undefined>
}

// The URL opener of the reference takes these away from the front of a scheme, one after the other; they mean nothing.
const TYPE_PREFIXES = ['secrets+keeper+', 'secrets+']

const SCHEME = /^[a-z][a-z0-9+.-]*$/

/**
 * Looks a provider up by scheme and loads it when first needed. There is no global registry: a scheme that a document
 * mentions can only choose among what the program passed in.
 */
export class Registry {
  readonly #entries: Map<string, LazyProvider>
  readonly #otherwise: RegistryOptions['otherwise']
  readonly #current = new Map<LazyProvider, Promise<Provider>>()
  readonly #loaded = new Set<Promise<Provider>>()

  /** @throws ERR_PROVIDER_INVALID where two entries claim one scheme, or an entry has a wrong shape */
  constructor(providers: readonly (Provider | LazyProvider)[], options: RegistryOptions = {}) {
    this.#otherwise = options.otherwise
    const entries = new Map<string, LazyProvider>()
    for (const provider of providers) {
      const entry = asEntry(provider)
      for (const scheme of entry.schemes) {
        if (entries.has(scheme)) {
          throw new StacksealError('ERR_PROVIDER_INVALID', `two providers claim the scheme ${scheme}`, {
            details: { scheme },
          })
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
   * @throws ERR_UNKNOWN_PROVIDER, ERR_PROVIDER_INVALID for a wrong shape, ERR_PROVIDER_FAILED if it can't be loaded
   */
  async find(url: KeyUrl): Promise<Provider> {
    const entry = await this.#entry(url)
    const current = this.#current.get(entry)
    if (current !== undefined) return current
    const provider = load(entry)
    this.#current.set(entry, provider)
    this.#loaded.add(provider)
    try {
      return await provider
    } catch (error) {
      // Not kept: what failed to load may load at the next call.
      if (this.#current.get(entry) === provider) this.#current.delete(entry)
      throw error
    }
  }

  /**
   * A provider that has not been used before, where the entry can make one: what a new key is opened with once, to see
   * that it opens. {@link find} gives this one from now on.
   */
  async fresh(url: KeyUrl): Promise<Provider> {
    this.#current.delete(await this.#entry(url))
    return this.find(url)
  }

  /** Ends the connections of every provider that was loaded, each once. */
  async close(): Promise<void> {
    const loaded = await Promise.allSettled(this.#loaded)
    this.#loaded.clear()
    this.#current.clear()
    const providers = new Set(loaded.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
    await Promise.allSettled([...providers].map(async (provider) => provider.close?.()))
  }

  async #entry(url: KeyUrl): Promise<LazyProvider> {
    let { scheme } = url
    for (const prefix of TYPE_PREFIXES) if (scheme.startsWith(prefix)) scheme = scheme.slice(prefix.length)
    const entry = this.#entries.get(scheme) ?? (await this.#other(scheme))
    if (entry !== undefined) return entry
    const known = this.schemes.join(', ')
    throw new StacksealError('ERR_UNKNOWN_PROVIDER', `no provider is known for ${scheme}: (known: ${known})`, {
      hint: `install a provider for ${scheme} and name its module with --provider or STACKSEAL_PROVIDERS`,
      details: { scheme },
    })
  }

  async #other(scheme: string): Promise<LazyProvider | undefined> {
    const given = await this.#otherwise?.(scheme)
    if (given === undefined) return undefined
    const entry = asEntry(given)
    if (!entry.schemes.includes(scheme)) throw wrongShape(`it was given for ${scheme}: and does not list that scheme`)
    // Only for the scheme that was asked for: it may list others that an entry claims already.
    const first = this.#entries.get(scheme) ?? entry
    this.#entries.set(scheme, first)
    return first
  }
}

function asEntry(provider: Provider | LazyProvider): LazyProvider {
  const isSchemes = Array.isArray(provider?.schemes) && provider.schemes.length > 0
  if (!isSchemes) throw wrongShape('schemes is not a list of names')
  for (const scheme of provider.schemes) {
    if (!SCHEME.test(scheme)) throw wrongShape('a scheme is not a lower-case name without its colon')
  }
  if ('contract' in provider) return { schemes: provider.schemes, load: () => Promise.resolve(provider) }
  if (typeof provider.load === 'function') return provider
  throw wrongShape('it has neither contract nor load')
}

async function load(entry: LazyProvider): Promise<Provider> {
  let provider: Provider
  try {
    provider = await entry.load()
  } catch (error) {
    if (isStacksealError(error)) throw error
    const scheme = entry.schemes.join(', ')
    throw new StacksealError('ERR_PROVIDER_FAILED', `the provider of ${scheme}: could not be loaded`, {
      details: { scheme },
      cause: error,
    })
  }
  if (typeof provider !== 'object' || provider === null) throw wrongShape('it is not an object')
  if (provider.contract !== 1) {
    throw new StacksealError('ERR_PROVIDER_INVALID', 'a provider follows a contract that this version does not know', {
      hint: 'update stackseal, or take an older version of the provider',
      details: { contract: String((provider as { contract?: unknown }).contract) },
    })
  }
  for (const method of ['createKey', 'openKey'] as const) {
    if (typeof provider[method] !== 'function') throw wrongShape(`${method} is not a function`)
  }
  if (typeof provider.name !== 'string') throw wrongShape('name is not a text')
  const claimed: readonly string[] = Array.isArray(provider.schemes) ? provider.schemes : []
  const missing = entry.schemes.find((scheme) => !claimed.includes(scheme))
  if (missing !== undefined) throw wrongShape(`it was registered for ${missing}: and does not list that scheme`)
  return provider
}

function wrongShape(reason: string): StacksealError {
  return new StacksealError('ERR_PROVIDER_INVALID', `a provider has a wrong shape: ${reason}`)
}
