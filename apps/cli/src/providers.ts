import type { LazyProvider, Provider, ProviderContext, KeyUrl } from '@stackseal/core'

// Stackseal's own providers, by scheme. The imports are literal, so that a bundler sees them, and lazy: each is loaded
// when a key URL of its scheme is first opened. None of these schemes can be taken over.
const PROVIDERS: readonly LazyProvider[] = [
  { schemes: ['passphrase'], load: async () => (await import('@stackseal/provider-passphrase')).passphrase() },
]

/** The providers, each telling `trace` when it is loaded and how long its calls take. */
export function providers(trace: (text: string) => void): readonly LazyProvider[] {
  return PROVIDERS.map(({ schemes, load }) => ({
    schemes,
    load: async () => {
      const provider = await load()
      trace(`provider for ${schemes.join(', ')}: loaded`)
      return traced(provider, trace)
    },
  }))
}

function traced(provider: Provider, trace: (text: string) => void): Provider {
  const { contract, name, schemes } = provider
  const timed = async <T>(what: string, call: Promise<T>): Promise<T> => {
    const start = performance.now()
    try {
      return await call
    } finally {
      trace(`provider ${name}: ${what} took ${(performance.now() - start).toFixed(0)} ms`)
    }
  }
  return {
    contract,
    name,
    schemes,
    createKey: (url: KeyUrl, context: ProviderContext) => timed('making a data key', provider.createKey(url, context)),
    openKey: (url: KeyUrl, sealed: string, context: ProviderContext) =>
      timed('opening a data key', provider.openKey(url, sealed, context)),
    ...(provider.sealKey === undefined
      ? {}
      : {
          sealKey: (url: KeyUrl, dataKey: Uint8Array, context: ProviderContext) =>
            timed('sealing a data key', provider.sealKey?.(url, dataKey, context) as Promise<string>),
        }),
    ...(provider.describe === undefined
      ? {}
      : { describe: (url: KeyUrl, sealed: string | undefined) => provider.describe?.(url, sealed) ?? {} }),
    ...(provider.close === undefined ? {} : { close: async () => provider.close?.() }),
  }
}
