import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

import { nodeWorld, registerCases, type StagedFault, type Subject } from '@stackseal/provider-testkit'
import { afterAll, test } from 'vitest'

import { acmeKms } from './acme-kms.ts'

const keys: Readonly<Record<string, Buffer>> = { app: randomBytes(32), db: randomBytes(32) }
const [OWNER, SEALER, NOBODY] = ['token-of-the-owner', 'token-that-may-seal', 'token-without-rights']
let calls = 0
let override: ((response: ServerResponse) => void) | undefined

/** A service that really encrypts: AES-256-GCM, with the nonce in front and the tag behind. */
const service = createServer((request, response) => {
  void bodyOf(request).then((body) => {
    calls++
    if (override !== undefined) return override(response)
    const [, verb, name = ''] = request.url?.split('/') ?? []
    const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
    const key = keys[name]
    if (![OWNER, SEALER, NOBODY].includes(token)) return refuse(response, 401)
    if (token === NOBODY || (token === SEALER && verb === 'unwrap')) return refuse(response, 403)
    if (key === undefined) return refuse(response, 404)
    try {
      response.setHeader('content-type', 'application/octet-stream')
      return response.end(verb === 'wrap' ? seal(key, body) : open(key, body))
    } catch {
      return refuse(response, 400)
    }
  })
})
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
afterAll(() => {
  service.closeAllConnections()
  service.close()
})

function seal(key: Buffer, plaintext: Buffer): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

function open(key: Buffer, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status).end()
}

const bound = service.address()
const origin = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
const env = { ACME_KMS_URL: origin, ACME_KMS_TOKEN: OWNER }
const under = (answer: typeof override) => async (): Promise<StagedFault> => {
  override = answer
  return {
    async end() {
      override = undefined
    },
  }
}
const as = (token: string) => async (): Promise<StagedFault> => ({ env: { ...env, ACME_KMS_TOKEN: token } })

const subject: Subject = {
  name: 'Acme KMS',
  make: acmeKms,
  keys: [
    { url: 'acmekms://app', env },
    { url: 'acmekms://db', env },
  ],
  secrets: [OWNER, SEALER, NOBODY],
  unknownParameter: 'acmekms://app?region=eu',
  stranger: { ...env, ACME_KMS_TOKEN: NOBODY },
  faults: {
    noCredentials: async () => ({ env: {} }),
    invalidCredentials: as('token-that-nobody-has'),
    denied: as(NOBODY),
    encryptOnly: as(SEALER),
    noSuchKey: async () => ({ url: 'acmekms://lost' }),
    disabledKey: under((response) => refuse(response, 409)),
    serverDown: async () => ({ env: { ...env, ACME_KMS_URL: 'http://127.0.0.1:1' } }),
    throttled: under((response) => refuse(response, 429)),
    throttledOnce: under((response) => {
      override = undefined
      refuse(response, 429)
    }),
    hanging: under(() => undefined),
    otherServer: under((response) => response.end('<html>Sign in</html>')),
  },
  repairable: { cannot: 'there is one text form' },
  asks: { cannot: 'it asks nobody' },
  countCalls: () => calls,
  server: (url) => ({ url: 'acmekms://app', env: { ...env, ACME_KMS_URL: url } }),
  module: {
    url: new URL('./acme-kms.ts', import.meta.url).href,
    exportName: 'acmeKms',
    // What is not built yet is found in the sources.
    aliases: { '@stackseal/core': new URL('../../../packages/core/src/index.ts', import.meta.url).href },
    poison: { ACME_KMS_URL: 'http://127.0.0.1:1', ACME_KMS_TOKEN: 'token-of-the-process' },
  },
}

registerCases(test, subject, { world: nodeWorld(), patienceMs: 5_000 })
