import type { KeyUrl, Provider, Registry, SealedKey } from '@stackseal/core'

/** What the provider of a key can say of it without being called: its own name, the key's name, version, region. */
export async function describeKey(
  { url, sealed }: SealedKey,
  registry: Registry,
): Promise<Readonly<Record<string, string>>> {
  const provider = await registry.find(url)
  return { provider: provider.name, ...factsOf(provider, url, sealed) }
}

/** What a provider of somebody else says wrongly is left out: the key was opened, and that is what counts. */
function factsOf(provider: Provider, url: KeyUrl, sealed: string): Readonly<Record<string, string>> {
  try {
    const facts = Object.entries<unknown>(provider.describe?.(url, sealed) ?? {})
    return Object.fromEntries(facts.filter((fact): fact is [string, string] => typeof fact[1] === 'string'))
  } catch {
    return {}
  }
}
