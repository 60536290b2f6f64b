import { describe, expect, test } from 'vitest'

import { isStacksealError, type Provider, parseKeyUrl, Registry, StacksealError } from '../src/index.ts'

function provider(parts: Partial<Provider> & Record<string, unknown> = {}): Provider {
  return {
    contract: 1,
    name: 'A provider',
    schemes: ['a'],
    createKey: () => Promise.reject(new Error('not used')),
    openKey: () => Promise.reject(new Error('not used')),
    ...parts,
  }
}

async function refusal(run: () => Promise<unknown>): Promise<StacksealError> {
  try {
    await run()
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const a = parseKeyUrl('a://key')

describe('a registry', () => {
  test('finds the provider of a scheme, the same object each time, and loads it once', async () => {
    let loads = 0
    const lazy = { schemes: ['a', 'b'], load: async () => provider({ schemes: ['a', 'b'], name: `load ${++loads}` }) }
    const registry = new Registry([lazy, provider({ schemes: ['c'] })])
    expect(loads).toBe(0)
    const [first, second] = await Promise.all([registry.find(a), registry.find(parseKeyUrl('b:'))])
    expect(first).toBe(second)
    expect((await registry.find(a)).name).toBe('load 1')
    expect(registry.schemes).toEqual(['a', 'b', 'c'])
  })

  test.each(['a:', 'A:', 'secrets+a:', 'secrets+keeper+a:', 'Secrets+Keeper+A:', 'secrets+keeper+secrets+a:'])(
    'finds the provider of %s as the reference does',
    async (url) => {
      const one = provider()
      expect(await new Registry([one]).find(parseKeyUrl(url))).toBe(one)
    },
  )

  test.each(['x:', 'keeper+a:', 'secrets+secrets+a:', 'secrets+bucket+a:', 'aa:', 'constructor:'])(
    'knows no provider of %s',
    async (url) => {
      const error = await refusal(() => new Registry([provider(), provider({ schemes: ['b'] })]).find(parseKeyUrl(url)))
      expect(error.code).toBe('ERR_UNKNOWN_PROVIDER')
      expect(error.message).toContain('(known: a, b)')
      expect(error.hint).toContain('--provider')
      expect(url).toContain(error.details['scheme'])
    },
  )

  test('makes a fresh provider where the entry can, and ends each one once when it is closed', async () => {
    const closed: string[] = []
    let made = 0
    const make = (schemes: [string]): Provider => {
      const name = `provider ${++made}`
      return provider({ name, schemes, close: async () => void closed.push(name) })
    }
    const eager = make(['b'])
    const registry = new Registry([{ schemes: ['a'], load: async () => make(['a']) }, eager])
    const first = await registry.find(a)
    const fresh = await registry.fresh(a)
    expect(fresh).not.toBe(first)
    expect(await registry.find(a)).toBe(fresh)
    expect(await registry.fresh(parseKeyUrl('b:'))).toBe(await registry.fresh(parseKeyUrl('b:')))
    await registry.close()
    await registry.close()
    expect(closed.toSorted()).toEqual(['provider 1', 'provider 2', 'provider 3'])
    expect((await registry.find(a)).name).toBe('provider 4')
  })

  test('closes the others when one of them fails to close', async () => {
    let closed = 0
    const bad = provider({ close: () => Promise.reject(new Error('no')) })
    const registry = new Registry([bad, provider({ schemes: ['b'], close: async () => void closed++ })])
    await registry.find(a)
    await registry.find(parseKeyUrl('b:'))
    await registry.close()
    expect(closed).toBe(1)
  })

  test('loads again what could not be loaded before', async () => {
    let tries = 0
    const load = async (): Promise<Provider> =>
      ++tries === 1 ? Promise.reject(new Error('disk')) : provider({ schemes: ['a', 'c'] })
    const registry = new Registry([{ schemes: ['a', 'c'], load }])
    const error = await refusal(() => registry.find(a))
    expect([error.code, (error.cause as Error).message]).toEqual(['ERR_PROVIDER_FAILED', 'disk'])
    expect([error.message, error.details]).toEqual(['the provider of a, c: could not be loaded', { scheme: 'a, c' }])
    expect((await registry.find(a)).name).toBe('A provider')
  })

  test('keeps the fresh provider when an older load fails after it', async () => {
    let fail: ((error: Error) => void) | undefined
    let loads = 0
    const load = (): Promise<Provider> =>
      ++loads === 1 ? new Promise((_, reject) => (fail = reject)) : Promise.resolve(provider())
    const registry = new Registry([{ schemes: ['a'], load }])
    const old = refusal(() => registry.find(a))
    const fresh = await registry.fresh(a)
    fail?.(new Error('disk'))
    expect((await old).code).toBe('ERR_PROVIDER_FAILED')
    expect(await registry.find(a)).toBe(fresh)
    expect(loads).toBe(2)
  })

  test('passes an error of ours through when loading fails with one', async () => {
    const lazy = { schemes: ['a'], load: () => new Registry([]).find(a) }
    expect((await refusal(() => new Registry([lazy]).find(a))).code).toBe('ERR_UNKNOWN_PROVIDER')
  })

  const wrong: [what: string, made: () => unknown][] = [
    ['of another contract', () => provider({ contract: 2 as never })],
    ['that is not there', () => undefined],
    ['that is null', () => null],
    ['that is a text', () => 'provider'],
    ['whose schemes are no list', () => provider({ schemes: 'a' as never })],
    ['without openKey', () => provider({ openKey: undefined as never })],
    ['without createKey', () => provider({ createKey: 'yes' as never })],
    ['without a name', () => provider({ name: undefined as never })],
    ['that does not list the scheme it was registered for', () => provider({ schemes: ['b'] })],
  ]
  test.each(wrong)('refuses a loaded provider %s', async (_, made) => {
    const registry = new Registry([{ schemes: ['a'], load: async () => made() as Provider }])
    expect((await refusal(() => registry.find(a))).code).toBe('ERR_PROVIDER_INVALID')
  })

  test('says which contract a provider follows, and what to do', async () => {
    const registry = new Registry([provider({ contract: 2 as never })])
    const error = await refusal(() => registry.find(a))
    expect(error.details).toEqual({ contract: '2' })
    expect(error.hint).toContain('update')
  })

  test('says which scheme two providers claim', () => {
    expect(() => new Registry([provider(), provider()])).toThrow(expect.objectContaining({ details: { scheme: 'a' } }))
  })

  const entries: [what: string, list: unknown[]][] = [
    ['two that claim one scheme', [provider(), provider()]],
    ['one that claims a scheme twice', [provider({ schemes: ['a', 'a'] })]],
    ['a scheme with its colon', [provider({ schemes: ['a:'] })]],
    ['a scheme in capitals', [provider({ schemes: ['A'] })]],
    ['no scheme at all', [provider({ schemes: [] as never })]],
    ['neither contract nor load', [{ schemes: ['a'] }]],
    ['nothing', [undefined]],
  ]
  test.each(entries)('refuses a list with %s', (_, list) => {
    expect(() => new Registry(list as Provider[])).toThrow(expect.objectContaining({ code: 'ERR_PROVIDER_INVALID' }))
  })

  test('takes a provider for a provider also when it has a method called load', async () => {
    const one = provider({ load: () => Promise.reject(new Error('not this')) })
    expect(await new Registry([one]).find(a)).toBe(one)
  })
})

const other = (schemes: Provider['schemes'] = ['a']): Provider => provider({ schemes, name: 'Other' })

describe('a scheme that no entry claims', () => {
  test('is asked for elsewhere, until something is given', async () => {
    const asked: string[] = []
    const answers = [undefined, other()]
    const registry = new Registry([provider({ schemes: ['b'] })], {
      otherwise: async (scheme) => {
        asked.push(scheme)
        return answers.shift()
      },
    })
    expect((await registry.find(parseKeyUrl('b:'))).name).toBe('A provider')
    expect((await refusal(() => registry.find(a))).code).toBe('ERR_UNKNOWN_PROVIDER')
    expect((await registry.find(parseKeyUrl('secrets+a:x'))).name).toBe('Other')
    expect((await registry.fresh(a)).name).toBe('Other')
    expect(asked).toEqual(['a', 'a'])
  })

  test('does not take over another one', async () => {
    const registry = new Registry([provider({ schemes: ['b'] })], { otherwise: async () => other(['a', 'b']) })
    await registry.find(a)
    expect((await registry.find(parseKeyUrl('b:'))).name).toBe('A provider')
  })

  test('has to be one that the answer lists', async () => {
    const registry = new Registry([], { otherwise: async () => other(['c']) })
    expect((await refusal(() => registry.find(a))).code).toBe('ERR_PROVIDER_INVALID')
  })

  test('fails as the asking does', async () => {
    const registry = new Registry([], {
      otherwise: () => Promise.reject(new StacksealError('ERR_MODULE_NOT_TRUSTED', 'not trusted')),
    })
    expect((await refusal(() => registry.find(a))).code).toBe('ERR_MODULE_NOT_TRUSTED')
  })
})
