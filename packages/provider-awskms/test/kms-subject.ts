import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'

import type { StagedFault, Subject } from '@stackseal/provider-testkit'

import { awsKms } from '../src/index.ts'

interface Caller {
  readonly id: string
  readonly secret: string
}

/** A KMS with the keys `alias/app` and `alias/db`, wherever it runs. */
export interface Backend {
  readonly address: string
  readonly region: string
  readonly callers: { readonly owner: Caller; readonly sealer: Caller; readonly nobody: Caller }
  /** Calls of Decrypt so far. */
  decryptCalls(): number | Promise<number>
  disable(): Promise<StagedFault>
  throttle(): Promise<StagedFault>
  throttleOnce(): Promise<StagedFault>
}

type Env = Readonly<Record<string, string>>

const fileUrl = (path: string): string => new URL(path, import.meta.url).href

/** The AWS KMS provider as a subject of the conformance cases. */
export function kmsSubject(backend: Backend): Subject {
  const { address, region, callers } = backend
  const envOf = ({ id, secret }: Caller): Env => ({
    AWS_ENDPOINT_URL_KMS: address,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
  })
  const env = envOf(callers.owner)
  const at = (origin: string): Env => ({ ...env, AWS_ENDPOINT_URL_KMS: origin })
  return {
    name: 'AWS KMS',
    make: awsKms,
    keys: [
      { url: 'awskms://alias/app', env },
      { url: `awskms:///alias/db?region=${region}`, env },
    ],
    secrets: Object.values(callers).map(({ secret }) => secret),
    unknownParameter: 'awskms://alias/app?bogus=1',
    stranger: envOf(callers.nobody),
    faults: {
      noCredentials: async () => ({
        env: { AWS_ENDPOINT_URL_KMS: address, AWS_REGION: region, AWS_EC2_METADATA_DISABLED: 'true' },
      }),
      invalidCredentials: async () => ({
        env: envOf({ id: 'AKIANOTKNOWNNOTKNOW1', secret: 'secret-access-key-that-nobody-has-1' }),
      }),
      denied: async () => ({ env: envOf(callers.nobody) }),
      encryptOnly: async () => ({ env: envOf(callers.sealer) }),
      noSuchKey: async () => ({ url: 'awskms://alias/lost' }),
      disabledKey: () => backend.disable(),
      serverDown: async () => ({ env: at('http://127.0.0.1:1') }),
      throttled: () => backend.throttle(),
      throttledOnce: () => backend.throttleOnce(),
      hanging: async () =>
        elsewhere(
          at,
          createServer(() => undefined),
        ),
      otherServer: async () =>
        elsewhere(
          at,
          createHttpServer((_, response) => response.end('<html>Sign in</html>')),
        ),
    },
    repairable: { cannot: 'there is one text form of a key that KMS has sealed' },
    asks: { cannot: 'the AWS provider asks nobody' },
    countCalls: () => backend.decryptCalls(),
    server: (origin) => ({ url: 'awskms://alias/app', env: at(origin) }),
    module: {
      url: fileUrl('../src/index.ts'),
      exportName: 'awsKms',
      aliases: { '@stackseal/core': fileUrl('../../core/src/index.ts') },
      poison: {
        AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
        AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1',
        AWS_ACCESS_KEY_ID: 'AKIAPROCESSPROCESS01',
        AWS_SECRET_ACCESS_KEY: 'secret-access-key-of-the-process-01',
        AWS_SESSION_TOKEN: 'session-token-of-the-process',
        AWS_PROFILE: 'profile-of-the-process',
        AWS_REGION: 'us-gov-east-1',
        AWS_USE_FIPS_ENDPOINT: 'true',
        AWS_USE_DUALSTACK_ENDPOINT: 'true',
        AWS_DEFAULTS_MODE: 'auto',
        AWS_MAX_ATTEMPTS: '7',
        AWS_CA_BUNDLE: '/nowhere.pem',
        HTTP_PROXY: 'http://127.0.0.1:1',
        HTTPS_PROXY: 'http://127.0.0.1:1',
      },
    },
  }
}

/** Points at a server that is not KMS, until the fault ends. */
async function elsewhere(at: (origin: string) => Env, server: ReturnType<typeof createServer>): Promise<StagedFault> {
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('the server does not listen on a port')
  return {
    env: at(`http://127.0.0.1:${bound.port}`),
    async end() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
