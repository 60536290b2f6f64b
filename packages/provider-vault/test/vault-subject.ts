import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'

import type { StagedFault, Subject } from '@stackseal/provider-testkit'

import { vault } from '../src/index.ts'

/** A transit engine with the keys `app` and `db`, wherever it runs. */
export interface Backend {
  readonly address: string
  readonly tokens: { readonly owner: string; readonly sealer: string; readonly nobody: string }
  /** Calls of transit/decrypt so far. */
  decryptCalls(): number
  softDelete(): Promise<StagedFault>
  throttle(): Promise<StagedFault>
  throttleOnce(): Promise<StagedFault>
}

const fileUrl = (path: string): string => new URL(path, import.meta.url).href

/** The Vault provider as a subject of the conformance cases. */
export function vaultSubject(backend: Backend): Subject {
  const { address, tokens } = backend
  const env = { VAULT_ADDR: address, VAULT_TOKEN: tokens.owner }
  return {
    name: 'Vault',
    make: vault,
    keys: [
      { url: 'hashivault://app', env },
      { url: 'hashivault://db?engine=transit', env },
    ],
    secrets: Object.values(tokens),
    unknownParameter: 'hashivault://app?region=eu-west-1',
    stranger: { ...env, VAULT_TOKEN: tokens.nobody },
    faults: {
      noCredentials: async () => ({ env: { VAULT_ADDR: address } }),
      invalidCredentials: async () => ({ env: { ...env, VAULT_TOKEN: 's.token-that-nobody-has' } }),
      denied: async () => ({ env: { ...env, VAULT_TOKEN: tokens.nobody } }),
      encryptOnly: async () => ({ env: { ...env, VAULT_TOKEN: tokens.sealer } }),
      noSuchKey: async () => ({ url: 'hashivault://lost' }),
      disabledKey: () => backend.softDelete(),
      serverDown: async () => ({ env: { ...env, VAULT_ADDR: 'http://127.0.0.1:1' } }),
      throttled: () => backend.throttle(),
      throttledOnce: () => backend.throttleOnce(),
      hanging: async () =>
        elsewhere(
          env,
          createServer(() => undefined),
        ),
      otherServer: async () =>
        elsewhere(
          env,
          createHttpServer((_, response) => response.end('<html>Sign in</html>')),
        ),
    },
    repairable: { cannot: 'there is one text form of a key that Vault has sealed' },
    asks: { cannot: 'the Vault provider asks nobody' },
    countCalls: () => backend.decryptCalls(),
    server: (origin) => ({ url: 'hashivault://app', env: { ...env, VAULT_ADDR: origin } }),
    module: {
      url: fileUrl('../src/index.ts'),
      exportName: 'vault',
      aliases: { '@stackseal/core': fileUrl('../../core/src/index.ts') },
      poison: {
        VAULT_ADDR: 'http://127.0.0.1:1',
        VAULT_TOKEN: 's.token-of-the-process',
        VAULT_NAMESPACE: 'nowhere',
        VAULT_PREFIX: '/nowhere',
        VAULT_SKIP_VERIFY: 'false',
        HTTP_PROXY: 'http://127.0.0.1:1',
        HTTPS_PROXY: 'http://127.0.0.1:1',
      },
    },
  }
}

/** Points at a server that is not Vault, until the fault ends. */
async function elsewhere(
  env: Subject['keys'][0]['env'],
  server: ReturnType<typeof createServer>,
): Promise<StagedFault> {
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('the server does not listen on a port')
  return {
    env: { ...env, VAULT_ADDR: `http://127.0.0.1:${bound.port}` },
    async end() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
