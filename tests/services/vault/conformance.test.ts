import { nodeWorld, registerCases } from '@stackseal/provider-testkit'
import { afterAll, test } from 'vitest'

import { vaultSubject } from '../../../packages/provider-vault/test/vault-subject.ts'
import { OpenBao } from '../../../tools/services/openbao.ts'
import { CountingProxy } from '../counting-proxy.ts'

const bao = await OpenBao.start()
const proxy = await CountingProxy.start(bao.address)
for (const key of ['app', 'db']) await bao.api('POST', `transit/keys/${key}`, {})
const [encrypt, decrypt] = ['transit/encrypt/+', 'transit/decrypt/+']

/** A quota that one call uses up, so that the next is refused. */
async function throttle(): Promise<{ end: () => Promise<void> }> {
  await bao.api('POST', 'sys/quotas/rate-limit/test', { rate: 1, interval: '30s', path: 'transit/' })
  await bao.tryApi('POST', 'transit/encrypt/app', { plaintext: '' })
  return {
    end: async () => {
      await bao.api('DELETE', 'sys/quotas/rate-limit/test')
    },
  }
}

registerCases(
  test,
  vaultSubject({
    address: proxy.address,
    tokens: {
      owner: await bao.tokenFor({ [encrypt]: ['update'], [decrypt]: ['update'] }),
      sealer: await bao.tokenFor({ [encrypt]: ['update'] }),
      nobody: await bao.tokenFor({}),
    },
    decryptCalls: () => proxy.paths.filter((path) => path.includes('/decrypt/')).length,
    async softDelete() {
      await bao.api('DELETE', 'transit/keys/app/soft-delete')
      return {
        end: async () => {
          await bao.api('POST', 'transit/keys/app/soft-delete-restore', {})
        },
      }
    },
    throttle,
    async throttleOnce() {
      const { end } = await throttle()
      let isOver: Promise<void> | undefined
      setTimeout(() => {
        isOver = end()
      }, 100)
      return {
        end: async () => {
          await isOver
        },
      }
    },
  }),
  { patienceMs: 10_000, world: nodeWorld() },
)

afterAll(async () => {
  await proxy.stop()
  await bao.stop()
})
