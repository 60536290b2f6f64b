import type { StagedFault, Subject } from '@stackseal/provider-testkit'

import { azureKeyVault } from '../src/index.ts'
import type { AzureOnLoopback } from './azure-on-loopback.ts'
import type { Bridge } from './bridge.ts'
import { refusal, type Reply } from './key-vault-server.ts'
import { VaultKey } from './vault-keys.ts'

const fileUrl = (path: string): string => new URL(path, import.meta.url).href
const tooMany = (): Reply =>
  refusal(429, 'Throttled', 'Request was not processed because too many requests were received.', {
    headers: { 'retry-after': '0' },
  })

/** The Azure provider as a subject of the conformance cases: two keys of one vault, and callers with various rights. */
export function azureSubject({ server, processEnv }: AzureOnLoopback, bridge: Bridge): Subject {
  const { signIn } = server
  const app = VaultKey.make()
  server.keys.set('one.vault.azure.net/app', app)
  server.keys.set('bridge.vault.azure.net/app', app)
  server.keys.set('one.vault.azure.net/db', VaultKey.make())
  const env = signIn.add('owner', 'secret~of-the.owner-0001', ['encrypt', 'decrypt', 'list'])
  const sealer = signIn.add('sealer', 'secret~of-the.sealer-002', ['encrypt'])
  const nobody = signIn.add('nobody', 'secret~of-the.nobody-003', [])
  const url = 'azurekeyvault://one.vault.azure.net/keys/app'
  const under = async (override: typeof server.override, more: StagedFault = {}): Promise<StagedFault> => {
    server.override = override
    return {
      ...more,
      end: async () => {
        server.override = undefined
      },
    }
  }
  return {
    name: 'Azure Key Vault',
    make: azureKeyVault,
    keys: [
      { url, env },
      { url: 'azurekeyvault://one.vault.azure.net/keys/db?algorithm=RSA-OAEP-256', env },
    ],
    secrets: [env, sealer, nobody].map((each) => each['AZURE_CLIENT_SECRET'] ?? ''),
    unknownParameter: `${url}?api-version=7.4`,
    stranger: nobody,
    faults: {
      async noCredentials() {
        // Nor does whoever runs the tests count, who may have signed in with az.
        const before = process.env['AZURE_TOKEN_CREDENTIALS']
        process.env['AZURE_TOKEN_CREDENTIALS'] = 'prod'
        return {
          env: {},
          async end() {
            if (before === undefined) delete process.env['AZURE_TOKEN_CREDENTIALS']
            else process.env['AZURE_TOKEN_CREDENTIALS'] = before
          },
        }
      },
      invalidCredentials: async () => ({ env: { ...env, AZURE_CLIENT_SECRET: 'secret~that-nobody-has' } }),
      denied: async () => ({ env: nobody }),
      encryptOnly: async () => ({ env: sealer }),
      noSuchKey: async () => ({ url: 'azurekeyvault://one.vault.azure.net/keys/lost' }),
      async disabledKey() {
        for (const version of app.versions) version.isEnabled = false
        return {
          async end() {
            for (const version of app.versions) version.isEnabled = true
          },
        }
      },
      serverDown: async () => ({ url: 'azurekeyvault://down.vault.azure.net/keys/app' }),
      throttled: () => under(({ path }) => (path.includes('crypt') ? tooMany() : undefined)),
      throttledOnce: () =>
        under(({ path }) => {
          if (!path.includes('crypt')) return undefined
          server.override = undefined
          return tooMany()
        }),
      hanging: () => under(({ path }) => (path.includes('crypt') ? 'never' : undefined)),
      otherServer: () =>
        under(() => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' })),
    },
    // As the reference wrote it into states for a while: the bytes of the ciphertext without their inner text.
    repairable: (sealed) => Buffer.from(Buffer.from(sealed, 'base64').toString(), 'base64url').toString('base64'),
    asks: { cannot: 'the Azure provider asks nobody' },
    countCalls: () => server.countCalls('decrypt'),
    server(origin) {
      bridge.target = origin
      return { url: 'azurekeyvault://bridge.vault.azure.net/keys/app', env }
    },
    module: {
      url: fileUrl('../src/index.ts'),
      exportName: 'azureKeyVault',
      aliases: { '@stackseal/core': fileUrl('../../core/src/index.ts') },
      poison: {
        ...processEnv,
        AZURE_TENANT_ID: 'nowhere',
        AZURE_CLIENT_ID: 'nobody',
        AZURE_CLIENT_SECRET: 'secret~of-the-process',
        AZURE_AUTHORITY_HOST: 'https://127.0.0.1:1',
        AZURE_LOG_LEVEL: 'verbose',
        HTTP_PROXY: 'http://127.0.0.1:1',
        HTTPS_PROXY: 'http://127.0.0.1:1',
      },
    },
  }
}
