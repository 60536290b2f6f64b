import type { LazyProvider, Provider } from '@stackseal/core'

/** A provider that is part of Stackseal. */
export interface BuiltInProvider extends LazyProvider {
  /** Whose key it is, for people. */
  readonly service: string
  /** The package that holds it. */
  readonly module: string
  readonly load: () => Promise<Provider>
}

// Stackseal's own providers, by scheme. The imports are literal, so that a bundler sees them, and lazy: each is loaded
// when a key URL of its scheme is first opened. None of these schemes can be taken over.
export const BUILT_IN_PROVIDERS: readonly BuiltInProvider[] = [
  {
    schemes: ['passphrase'],
    service: 'a passphrase',
    module: '@stackseal/provider-passphrase',
    load: async () => (await import('@stackseal/provider-passphrase')).passphrase(),
  },
  {
    schemes: ['hashivault'],
    service: 'HashiCorp Vault, OpenBao',
    module: '@stackseal/provider-vault',
    load: async () => (await import('@stackseal/provider-vault')).vault(),
  },
]
