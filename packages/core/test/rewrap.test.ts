import { describe, expect, test } from 'vitest'

import { Envelope, parseKeyUrl, type Provider, Registry, StacksealError } from '../src/index.ts'

const from = parseKeyUrl('a://old')
const to = parseKeyUrl('b://new')
const context = { env: {} }

interface Seen {
  readonly calls: string[]
  readonly given: Uint8Array[]
}

/** A key service whose sealed text is the key in hexadecimal. */
function service(scheme: string, seen: Seen, parts: Partial<Provider> = {}): Provider {
  const bytes = (sealed: string): Uint8Array => {
    const dataKey = Uint8Array.from(Buffer.from(sealed, 'hex'))
    seen.given.push(dataKey)
    return dataKey
  }
  return {
    contract: 1,
    name: scheme,
    schemes: [scheme],
    createKey: () => Promise.reject(new Error('not used')),
    openKey: async (url, sealed) => {
      seen.calls.push(`open ${url.text}`)
      return { dataKey: bytes(sealed) }
    },
    sealKey: async (url, dataKey) => {
      seen.calls.push(`seal ${url.text}`)
      return Buffer.from(dataKey).toString('hex')
    },
    ...parts,
  }
}

const SEALED = '07'.repeat(32)

function world(parts: Partial<Provider> = {}): { registry: Registry; seen: Seen } {
  const seen = { calls: [], given: [] }
  return { registry: new Registry([service('a', seen), service('b', seen, parts)]), seen }
}

const rewrap = (registry: Registry, prove: (envelope: Envelope) => Promise<void> = async () => undefined) =>
  Envelope.rewrap({ sealedKey: { url: from, sealed: SEALED }, context }, { url: to, context }, registry, prove)

describe('sealing a data key anew', () => {
  test('opens the old, seals under the new, and opens that too; every copy of the key is wiped', async () => {
    const { registry, seen } = world()
    expect(await rewrap(registry)).toEqual({ url: to, sealed: SEALED })
    expect(seen.calls).toEqual(['open a://old', 'seal b://new', 'open b://new'])
    expect(seen.given).toEqual([new Uint8Array(32), new Uint8Array(32)])
  })

  test('lets the caller see the key before, and stop', async () => {
    const { registry, seen } = world()
    const refused = new StacksealError('ERR_KEY_NOT_PROVEN', 'not ours')
    await expect(rewrap(registry, () => Promise.reject(refused))).rejects.toBe(refused)
    expect(seen.calls).toEqual(['open a://old'])
    expect(seen.given).toEqual([new Uint8Array(32)])
  })

  test('is not possible where the provider seals no existing key; then nothing is opened', async () => {
    const seen = { calls: [], given: [] }
    const { contract, name, schemes, ...more } = service('b', seen)
    const createKey: Provider['createKey'] = () => more.createKey(to, context)
    const openKey: Provider['openKey'] = (url, sealed) => more.openKey(url, sealed, context)
    const registry = new Registry([service('a', seen), { contract, name, schemes, createKey, openKey }])
    await expect(rewrap(registry)).rejects.toMatchObject({ code: 'ERR_REWRAP_NOT_POSSIBLE', details: { scheme: 'b' } })
    expect(seen.calls).toEqual([])
  })

  test('fails where the old key is not given in bytes', async () => {
    const seen = { calls: [], given: [] }
    const answersWithText = { openKey: async () => ({ dataKey: SEALED as never }) }
    const registry = new Registry([service('a', seen, answersWithText), service('b', seen)])
    await expect(rewrap(registry)).rejects.toMatchObject({ code: 'ERR_PROVIDER_INVALID' })
  })

  test.each<[string, Partial<Provider>, string]>([
    ['another key', { openKey: async () => ({ dataKey: new Uint8Array(32).fill(9) }) }, 'ERR_PROVIDER_INVALID'],
    ['a short key', { openKey: async () => ({ dataKey: new Uint8Array(31) }) }, 'ERR_PROVIDER_INVALID'],
    ['an empty text', { sealKey: async () => '' }, 'ERR_PROVIDER_INVALID'],
    ['an error of its own', { sealKey: () => Promise.reject(new Error('hunter2')) }, 'ERR_PROVIDER_FAILED'],
  ])('fails where the new key gives %s', async (_, parts, code) => {
    const { registry, seen } = world(parts)
    await expect(rewrap(registry)).rejects.toMatchObject({ code })
    expect(seen.given[0]).toEqual(new Uint8Array(32))
  })
})
