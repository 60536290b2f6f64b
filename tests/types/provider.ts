// A provider written with the public types alone. Nothing here runs: the compiler is the test.
import {
  type KeyUrl,
  type Provider,
  type ProviderContext,
  type ProviderV1,
  StacksealError,
  wrappingProvider,
} from '@stackseal/core'

/** By hand, with every member of the contract. */
export class HandMade implements ProviderV1 {
  readonly contract = 1
  readonly name = 'Hand made'
  readonly schemes = ['hand'] as const

  async createKey(url: KeyUrl, { env, signal }: ProviderContext): Promise<{ dataKey: Uint8Array; sealed: string }> {
    signal?.throwIfAborted()
    if (env['HAND_TOKEN'] === undefined) {
      throw new StacksealError('ERR_CREDENTIALS_MISSING', `no token for ${url.text}`, { hint: 'set HAND_TOKEN' })
    }
    return { dataKey: new Uint8Array(32), sealed: 'AAAA' }
  }

  async openKey(_url: KeyUrl, _sealed: string): Promise<{ dataKey: Uint8Array; sealed?: string }> {
    return { dataKey: new Uint8Array(32) }
  }

  describe(url: KeyUrl): Readonly<Record<string, string>> {
    return { key: url.host ?? url.path }
  }
}

export const handMade: Provider = new HandMade()

/** From two functions. */
export const wrapped: Provider = wrappingProvider({
  name: 'Wrapped',
  schemes: ['wrapped'],
  connect: async () => ({
    wrap: async (dataKey) => dataKey,
    unwrap: async (sealed) => sealed,
  }),
  classify: () => ({ code: 'ERR_UNAVAILABLE', hint: 'try again', retryAfterMs: 5 }),
})

// @ts-expect-error -- the version of the contract is a literal
export const ofTheFuture: Provider = { ...handMade, contract: 2 }

// @ts-expect-error -- a provider has at least one scheme
export const withoutScheme: Provider = { ...handMade, schemes: [] }

export function refuse(): StacksealError {
  // @ts-expect-error -- only codes of the table
  return new StacksealError('ERR_OF_MINE', 'no')
}
