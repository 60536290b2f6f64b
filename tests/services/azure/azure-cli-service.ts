import { azureOnLoopback } from '../../../packages/provider-azurekv/test/azure-on-loopback.ts'
import { refusal } from '../../../packages/provider-azurekv/test/key-vault-server.ts'
import { VaultKey } from '../../../packages/provider-azurekv/test/vault-keys.ts'
import type { CliService } from '../cli/cli-service.ts'
import { TcpGate } from '../cli/tcp-gate.ts'

const HOST = 'team.vault.azure.net'
const CALLER = 'cli-caller'
const SECRET = 'secret~of-the.command-line-0001'

/** The own Key Vault with its sign-in over TLS, found by an unchanged program under Azure's names. */
export async function azureCliService(): Promise<CliService> {
  const gate = await TcpGate.start()
  const azure = await azureOnLoopback(async () => ({ [HOST]: gate.port }))
  const { server } = azure
  gate.target = server.port
  const app = VaultKey.make()
  server.keys.set(`${HOST}/app`, app)
  server.keys.set(`${HOST}/other`, VaultKey.make())
  const setEnabled = (isEnabled: boolean): void => {
    for (const version of app.versions) version.isEnabled = isEnabled
  }
  return {
    service: 'Azure Key Vault',
    server: 'own Key Vault over TLS (RSA)',
    keyUrl: `azurekeyvault://${HOST}/keys/app`,
    otherKeyUrl: `azurekeyvault://${HOST}/keys/other`,
    env: { ...azure.processEnv, ...server.signIn.add(CALLER, SECRET, ['encrypt', 'decrypt', 'list']) },
    secrets: [SECRET],
    tokens: () => server.requests.flatMap(({ headers }) => headers.authorization?.replace('Bearer ', '') ?? []),
    events: {
      async rotate() {
        app.rotate()
      },
      async removeRights() {
        server.signIn.permit(CALLER, ['encrypt', 'list'])
        return async () => server.signIn.permit(CALLER, ['encrypt', 'decrypt', 'list'])
      },
      async disable() {
        setEnabled(false)
        return async () => setEnabled(true)
      },
      stop: () => gate.goAway(),
      async hang() {
        server.override = ({ headers }) => (headers.authorization === undefined ? undefined : 'never')
        return async () => void (server.override = undefined)
      },
      async throttle() {
        let refusals = 0
        server.override = ({ headers }) => {
          if (headers.authorization === undefined || refusals > 0) return undefined
          refusals += 1
          return refusal(429, 'Throttled', 'Request was not processed because too many requests were received.')
        }
        return async () => {
          server.override = undefined
          if (refusals !== 1) throw new Error('no call was throttled')
        }
      },
    },
    async stop() {
      await gate.stop()
      await azure.stop()
    },
  }
}
