import { describe, expect, test } from 'vitest'
import { type AgentClass, checkProxies } from '../src/proxies.ts'

/** As in a Node that does not know of `proxyEnv`. */
class OldAgent {
  destroy(): void {
    // There is no connection.
  }
}

/** As in one that does: an address that can not be one is refused. */
class NewAgent extends OldAgent {
  constructor() {
    super()
    throw new TypeError('not a proxy')
  }
}

const check = (proxyEnv: Record<string, string>, Agent: AgentClass, servers = ['https://key.vault.example']) =>
  checkProxies({ servers, proxyEnv, agent: () => Promise.resolve(Agent), noProxy: '.vault.example' })

const noAgent = (): Promise<never> => Promise.reject(new Error('no agent is asked for'))

describe('a proxy that this version of Node would leave out', () => {
  test('is refused, with the names that would lead past it', async () => {
    await expect(check({ HTTPS_PROXY: 'http://proxy' }, OldAgent)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      hint: expect.stringContaining('.vault.example in NO_PROXY') as string,
    })
    const servers = ['https://key.vault.example', 'http://login.example']
    await expect(check({ HTTP_PROXY: 'http://proxy' }, OldAgent, servers)).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  test('is no matter where Node takes it', async () => {
    await expect(check({ HTTPS_PROXY: 'http://proxy' }, NewAgent)).resolves.toBeUndefined()
  })

  test.each([
    { HTTP_PROXY: 'http://proxy' },
    ...['*', 'key.vault.example', '.vault.example', '*.vault.example', 'other, vault.example'].map((name) => ({
      HTTPS_PROXY: 'http://proxy',
      NO_PROXY: name,
    })),
  ])('is no matter where it is not for these servers: %o', async (proxyEnv) => {
    const servers = ['https://key.vault.example']
    await expect(checkProxies({ servers, proxyEnv, agent: noAgent, noProxy: 'x' })).resolves.toBeUndefined()
  })

  test.each(['vault.example.org', 'ey.vault.example', ''])('NO_PROXY=%s does not lead past it', async (name) => {
    const proxyEnv = { HTTPS_PROXY: 'http://proxy', NO_PROXY: name }
    await expect(check(proxyEnv, OldAgent)).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})
