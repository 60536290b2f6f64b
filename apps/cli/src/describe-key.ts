import type { Registry, SealedKey } from '@stackseal/core'

/** What the provider of a key can say of it without being called: its own name, the key's name, version, region. */
export async function describeKey(
  { url, sealed }: SealedKey,
  registry: Registry,
): Promise<Readonly<Record<string, string>>> {
  const provider = await registry.find(url)
  return { provider: provider.name, ...provider.describe?.(url, sealed) }
}
