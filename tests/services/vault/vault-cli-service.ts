import { OpenBao, openbao } from '../../../tools/services/openbao.ts'
import type { CliService } from '../cli/cli-service.ts'
import { FaultProxy } from '../cli/fault-proxy.ts'

const POLICY = 'cli-events'

/** OpenBao behind a proxy, with a token whose policy names two keys. */
export async function vaultCliService(): Promise<CliService> {
  const bao = await OpenBao.start()
  const proxy = await FaultProxy.start(bao.address)
  const setRights = async (operations: readonly string[]): Promise<void> => {
    const paths = ['app', 'other'].flatMap((key) => operations.map((operation) => `transit/${operation}/${key}`))
    const rules = paths.map((path) => `path "${path}" { capabilities = ["update"] }`)
    await bao.api('POST', `sys/policies/acl/${POLICY}`, { policy: rules.join('\n') })
  }
  await setRights(['encrypt', 'decrypt'])
  for (const key of ['app', 'other']) await bao.api('POST', `transit/keys/${key}`, {})
  const { body } = await bao.api<{ auth: { client_token: string } }>('POST', 'auth/token/create', {
    policies: [POLICY],
  })
  return {
    service: 'Vault',
    server: openbao.name,
    keyUrl: 'hashivault://app',
    otherKeyUrl: 'hashivault://other',
    env: { VAULT_ADDR: proxy.address, VAULT_TOKEN: body.auth.client_token },
    secrets: [body.auth.client_token, bao.token],
    events: {
      async rotate() {
        await bao.api('POST', 'transit/keys/app/rotate', {})
      },
      async removeRights() {
        await setRights(['encrypt'])
        return () => setRights(['encrypt', 'decrypt'])
      },
      async disable() {
        await bao.api('DELETE', 'transit/keys/app/soft-delete')
        return async () => void (await bao.api('POST', 'transit/keys/app/soft-delete-restore', {}))
      },
      stop: () => proxy.goAway(),
      hang: () => proxy.fallSilent(),
      async throttle() {
        // A quota that is used up, and that is lifted as soon as somebody was told so.
        const quota = 'sys/quotas/rate-limit/cli-events'
        await bao.api('POST', quota, { rate: 1, interval: '30s', path: 'transit/' })
        await bao.api('GET', 'transit/keys/app')
        let isThrottled = false
        proxy.watch(async (status) => {
          if (status !== 429 || isThrottled) return
          isThrottled = true
          await bao.api('DELETE', quota)
        })
        return async () => {
          proxy.watch(undefined)
          if (!isThrottled) throw new Error('no call was throttled')
        }
      },
    },
    async stop() {
      await proxy.stop()
      await bao.stop()
    },
  }
}
