import { mkdtempSync, writeFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { StagedFault, Subject } from '@stackseal/provider-testkit'

import { type FakeKms, PARENT, refused, Status, TOKENS } from './fake-kms.ts'
import { testCertificate } from './kms-server.ts'
import { gcpKmsOnLoopback, PORT_VARIABLE } from './loopback.ts'
import { errorInfo } from './status-details.ts'

const fileUrl = (path: string): string => new URL(path, import.meta.url).href

/** The provider of Cloud KMS as a subject of the conformance cases. */
export function gcpSubject(fake: FakeKms): Subject {
  const port = { [PORT_VARIABLE]: String(fake.port) }
  const env = { ...port, GOOGLE_OAUTH_ACCESS_TOKEN: TOKENS.owner }
  const asCaller = async (token: string): Promise<StagedFault> => ({
    env: { ...env, GOOGLE_OAUTH_ACCESS_TOKEN: token },
  })
  const healed = async (): Promise<void> => {
    fake.override = undefined
    fake.setState(`${PARENT}/app`, 1, 'ENABLED')
  }
  const tooMany = refused(
    Status.RESOURCE_EXHAUSTED,
    "Quota exceeded for quota metric 'Cryptographic requests'.",
    errorInfo('RATE_LIMIT_EXCEEDED'),
  )
  return {
    name: 'Google Cloud KMS',
    make: gcpKmsOnLoopback,
    keys: [
      { url: `gcpkms://${PARENT}/app`, env },
      { url: `gcpkms://${PARENT}/db?additional_authenticated_data=SGVsbG8sIOS4lueVjA==`, env },
    ],
    secrets: Object.values(TOKENS),
    unknownParameter: `gcpkms://${PARENT}/app?region=eu-west-1`,
    stranger: { ...env, GOOGLE_OAUTH_ACCESS_TOKEN: TOKENS.nobody },
    faults: {
      noCredentials: async () => ({ env: { ...port, METADATA_SERVER_DETECTION: 'none' } }),
      invalidCredentials: () => asCaller('ya29.token-that-nobody-has'),
      denied: () => asCaller(TOKENS.nobody),
      encryptOnly: () => asCaller(TOKENS.sealer),
      noSuchKey: async () => ({ url: `gcpkms://${PARENT}/lost` }),
      async disabledKey() {
        fake.setState(`${PARENT}/app`, 1, 'DISABLED')
        return { end: healed }
      },
      serverDown: async () => ({ env: { ...env, [PORT_VARIABLE]: '1' } }),
      async throttled() {
        fake.override = () => tooMany
        return { end: healed }
      },
      async throttledOnce() {
        fake.override = () => {
          fake.override = undefined
          return tooMany
        }
        return { end: healed }
      },
      async hanging() {
        fake.override = () => 'silence'
        return { end: healed }
      },
      otherServer: () => page(env),
    },
    repairable: { cannot: 'there is one text form of a key that Cloud KMS has sealed' },
    asks: { cannot: 'the provider of Cloud KMS asks nobody' },
    countCalls: () => fake.requests.filter(({ method }) => method === 'Decrypt').length,
    server: { cannot: 'gRPC follows no redirects, and speaks TLS alone' },
    module: {
      url: fileUrl('./loopback.ts'),
      exportName: 'gcpKmsOnLoopback',
      aliases: { '@stackseal/core': fileUrl('../../core/src/index.ts') },
      poison: {
        NODE_EXTRA_CA_CERTS: certificateFile(),
        GOOGLE_CREDENTIALS: '{"type":"authorized_user"}',
        GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29.token-of-the-process',
        GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/credentials.json',
        GOOGLE_CLOUD_UNIVERSE_DOMAIN: 'nowhere.invalid',
        GOOGLE_CLOUD_QUOTA_PROJECT: 'nowhere',
        // With this the SDK prints its requests, and with them the data key.
        GOOGLE_SDK_NODE_LOGGING: '*',
        GCE_METADATA_HOST: '127.0.0.1:1',
        https_proxy: 'http://127.0.0.1:1',
        http_proxy: 'http://127.0.0.1:1',
      },
    },
  }
}

function certificateFile(): string {
  const file = join(mkdtempSync(join(tmpdir(), 'stackseal-gcpkms-')), 'authority.pem')
  writeFileSync(file, testCertificate().cert)
  return file
}

/** Something else behind the address, until the fault ends: it speaks HTTP/2 and gives a page. */
async function page(env: Subject['keys'][0]['env']): Promise<StagedFault> {
  const server = createSecureServer(testCertificate(), (_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<html>Sign in</html>')
  })
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', (session) => sessions.add(session))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('the server does not listen on a port')
  return {
    env: { ...env, [PORT_VARIABLE]: String(bound.port) },
    async end() {
      for (const session of sessions) session.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
