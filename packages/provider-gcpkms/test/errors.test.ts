import { createServer as createHttpServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type Server } from 'node:net'

import { encodeBase64, type ErrorCode, parseKeyUrl } from '@stackseal/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

import { selfSigned } from './certificate.ts'
import { classify } from '../src/classify.ts'
import { crc32c } from '../src/crc32c.ts'
import { failureOfSignIn, GcpFault } from '../src/gcp-fault.ts'
import { cryptoKey } from '../src/crypto-key.ts'
import { FakeKms, PARENT, refused, TOKENS } from './fake-kms.ts'
import { type KmsReply, testCertificate } from './kms-server.ts'
import { gcpKmsOnLoopback, PORT_VARIABLE } from './loopback.ts'
import { type Detail, errorInfo, preconditionFailure, retryInfo } from './status-details.ts'
import { rejectionOf } from './thrown-by.ts'

const fake = await FakeKms.start()
const KEY = `${PARENT}/app`
const url = parseKeyUrl(`gcpkms://${KEY}`)
const env = { [PORT_VARIABLE]: String(fake.port), GOOGLE_OAUTH_ACCESS_TOKEN: TOKENS.owner }
const provider = gcpKmsOnLoopback()
const { dataKey, sealed } = await provider.createKey(url, { env })

beforeEach(() => {
  fake.override = undefined
  fake.requests.length = 0
})
afterAll(async () => {
  await provider.close?.()
  fake.stop()
})

async function openUnder(reply: KmsReply): Promise<Awaited<ReturnType<typeof rejectionOf>>> {
  fake.override = () => reply
  return rejectionOf(provider.openKey(url, sealed, { env }))
}

function page(reply: { statusCode: number; end(text: string): void }, status = 200): void {
  reply.statusCode = status
  reply.end('<html>Sign in</html>')
}

interface RefusalRow {
  readonly what: string
  readonly code: number
  readonly text: string
  readonly details?: readonly Detail[]
  readonly is: ErrorCode
  /** What the hint has to name. */
  readonly hint: string
}

const enabled = (state: string): string => `${KEY}/cryptoKeyVersions/1 is not enabled, current state is: ${state}.`

// From Google's documentation, the documentation of gRPC, and public reports.
const REFUSALS: readonly RefusalRow[] = [
  { what: 'cancelled there', code: 1, text: 'Cancelled', is: 'ERR_UNAVAILABLE', hint: 'try again' },
  { what: 'unknown', code: 2, text: 'Stream removed', is: 'ERR_UNAVAILABLE', hint: 'try again' },
  {
    what: 'a name that is none',
    code: 3,
    text: `Resource name [${KEY}] does not match the pattern of a CryptoKey.`,
    is: 'ERR_INVALID_KEY_URL',
    hint: KEY,
  },
  {
    what: 'a key to sign with',
    code: 3,
    text: 'CryptoKey purpose: ASYMMETRIC_SIGN is not usable for ENCRYPT_DECRYPT.',
    is: 'ERR_KEY_NOT_USABLE',
    hint: 'ENCRYPT_DECRYPT',
  },
  {
    what: 'a request that was changed on its way',
    code: 3,
    text: 'The checksum in field ciphertext_crc32c did not match the data in field ciphertext.',
    is: 'ERR_INVALID_REPLY',
    hint: 'changed on its way',
  },
  {
    what: 'another key',
    code: 3,
    text: "Decryption failed: verify that 'name' refers to the correct CryptoKey.",
    is: 'ERR_WRONG_KEY',
    hint: KEY,
  },
  { what: 'other additional data', code: 3, text: 'Decryption failed.', is: 'ERR_WRONG_KEY', hint: 'additional_' },
  {
    what: 'a text that is none of its own',
    code: 3,
    text: 'Decryption failed: the ciphertext is invalid.',
    is: 'ERR_MALFORMED_SEALED_KEY',
    hint: 'earlier version',
  },
  { what: 'too late', code: 4, text: 'Deadline exceeded', is: 'ERR_TIMEOUT', hint: 'network' },
  { what: 'no key', code: 5, text: `CryptoKey ${KEY} not found.`, is: 'ERR_KEY_NOT_FOUND', hint: KEY },
  { what: 'there already', code: 6, text: 'exists', is: 'ERR_INVALID_REPLY', hint: 'proxy' },
  {
    what: 'no permission',
    code: 7,
    text: `Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource '${KEY}' (or it may not exist).`,
    is: 'ERR_ACCESS_DENIED',
    hint: 'cloudkms.cryptoKeyVersions.useToDecrypt',
  },
  {
    what: 'no permission, with its reason',
    code: 7,
    text: 'denied',
    details: [errorInfo('IAM_PERMISSION_DENIED', { permission: 'cloudkms.cryptoKeyVersions.useToDecrypt' })],
    is: 'ERR_ACCESS_DENIED',
    hint: 'roles/cloudkms.cryptoKeyEncrypterDecrypter',
  },
  {
    what: 'the API is off',
    code: 7,
    text: 'Cloud Key Management Service (KMS) API has not been used in project 1 before or it is disabled.',
    is: 'ERR_ACCESS_DENIED',
    hint: 'gcloud services enable cloudkms.googleapis.com --project p',
  },
  {
    what: 'the API is off, with its reason',
    code: 7,
    text: 'no',
    details: [errorInfo('SERVICE_DISABLED')],
    is: 'ERR_ACCESS_DENIED',
    hint: 'gcloud services enable cloudkms.googleapis.com --project p',
  },
  {
    what: 'nobody pays',
    code: 7,
    text: 'no',
    details: [errorInfo('BILLING_DISABLED')],
    is: 'ERR_ACCESS_DENIED',
    hint: 'billing',
  },
  {
    what: 'a token for other services',
    code: 7,
    text: 'Request had insufficient authentication scopes.',
    details: [errorInfo('ACCESS_TOKEN_SCOPE_INSUFFICIENT')],
    is: 'ERR_ACCESS_DENIED',
    hint: 'https://www.googleapis.com/auth/cloudkms',
  },
  {
    what: 'another project pays',
    code: 7,
    text: 'no',
    details: [errorInfo('USER_PROJECT_DENIED')],
    is: 'ERR_ACCESS_DENIED',
    hint: 'GOOGLE_CLOUD_QUOTA_PROJECT',
  },
  {
    what: 'a service perimeter',
    code: 7,
    text: "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x",
    is: 'ERR_ACCESS_DENIED',
    hint: 'perimeter',
  },
  {
    what: 'a quota that is used up',
    code: 8,
    text: "Quota exceeded for quota metric 'Cryptographic requests'",
    is: 'ERR_THROTTLED',
    hint: 'quota',
  },
  { what: 'a disabled version', code: 9, text: enabled('DISABLED'), is: 'ERR_KEY_DISABLED', hint: 'versions enable' },
  {
    what: 'a disabled version, with its violation',
    code: 9,
    text: 'no',
    details: [preconditionFailure('KEY_DISABLED', KEY)],
    is: 'ERR_KEY_DISABLED',
    hint: '--key app --keyring r --location global',
  },
  {
    what: 'a version that waits',
    code: 9,
    text: enabled('DESTROY_SCHEDULED'),
    is: 'ERR_KEY_DISABLED',
    hint: 'versions restore',
  },
  {
    what: 'a version that waits, with its violation',
    code: 9,
    text: 'no',
    details: [preconditionFailure('DESTROY_SCHEDULED', KEY)],
    is: 'ERR_KEY_DISABLED',
    hint: 'versions restore',
  },
  {
    what: 'a version that is gone',
    code: 9,
    text: enabled('DESTROYED'),
    is: 'ERR_KEY_DISABLED',
    hint: 'nothing brings it back',
  },
  {
    what: 'a version that is being made',
    code: 9,
    text: enabled('PENDING_GENERATION'),
    is: 'ERR_KEY_DISABLED',
    hint: 'versions enable',
  },
  {
    what: 'a key manager elsewhere',
    code: 9,
    text: 'The external key manager could not be reached: KEY_UNREACHABLE',
    is: 'ERR_UNAVAILABLE',
    hint: 'external key manager',
  },
  {
    what: 'no primary version',
    code: 9,
    text: `${KEY} does not have a primary version.`,
    is: 'ERR_KEY_NOT_USABLE',
    hint: 'primary',
  },
  { what: 'given up', code: 10, text: 'Aborted', is: 'ERR_UNAVAILABLE', hint: 'try again' },
  { what: 'out of range', code: 11, text: 'range', is: 'ERR_INVALID_REPLY', hint: 'proxy' },
  { what: 'no such method', code: 12, text: 'Method not found.', is: 'ERR_INVALID_REPLY', hint: 'proxy' },
  { what: 'a fault', code: 13, text: 'Internal error encountered.', is: 'ERR_UNAVAILABLE', hint: 'try again' },
  { what: 'not ready', code: 14, text: 'The service is currently unavailable.', is: 'ERR_UNAVAILABLE', hint: '443' },
  { what: 'lost data', code: 15, text: 'lost', is: 'ERR_UNAVAILABLE', hint: 'try again' },
  {
    what: 'an expired token',
    code: 16,
    text: 'Request had invalid authentication credentials.',
    details: [errorInfo('ACCESS_TOKEN_EXPIRED')],
    is: 'ERR_CREDENTIALS_INVALID',
    hint: 'GOOGLE_OAUTH_ACCESS_TOKEN',
  },
]

describe('what the service refuses', () => {
  test.each(REFUSALS)('$what is $is, with a next step', async ({ code, text, details = [], is, hint }) => {
    const error = await openUnder({ refusal: { code, text, details } })
    expect(error.code).toBe(is)
    expect(error.hint).toContain(hint)
    expect(JSON.stringify(error)).not.toContain(text.length > 12 ? text : '\u0000')
    expect(error.cause).toBeUndefined()
  })

  test('a permission to seal is named where sealing was refused', async () => {
    fake.override = () => refused(7, 'denied')
    const error = await rejectionOf(provider.createKey(url, { env }))
    expect(error).toMatchObject({ code: 'ERR_ACCESS_DENIED', hint: expect.stringContaining('useToEncrypt on') })
  })

  test('a name of a key that reads like a reason is not taken for one', async () => {
    const odd = parseKeyUrl(`gcpkms://${PARENT}/purpose-crc32c-DESTROYED`)
    fake.override = () => refused(9, `${PARENT}/purpose-crc32c-DESTROYED has no primary version.`)
    expect((await rejectionOf(provider.openKey(odd, sealed, { env }))).code).toBe('ERR_KEY_NOT_USABLE')
  })

  test('a throttled call waits as long as the service says', async () => {
    let refusals = 0
    fake.override = () => (++refusals > 1 ? undefined : refused(8, 'Quota exceeded', retryInfo(1)))
    const start = performance.now()
    await provider.openKey(url, sealed, { env })
    expect(performance.now() - start).toBeGreaterThan(950)
  })

  test('a call that fails for good is made once, and one that may come well is made three times', async () => {
    await openUnder(refused(7, 'denied'))
    expect(fake.requests).toHaveLength(1)
    fake.requests.length = 0
    await openUnder(refused(14, 'not now'))
    expect(fake.requests).toHaveLength(3)
  })
})

describe('answers that the service does not give', () => {
  const plaintext = Buffer.from(dataKey)
  const right = { plaintext, plaintextCrc32c: { value: crc32c(plaintext) } }
  const short = plaintext.subarray(0, 16)

  test.each<[string, object, ErrorCode]>([
    ['nothing', {}, 'ERR_INVALID_REPLY'],
    ['an empty plaintext', { plaintext: Buffer.alloc(0), plaintextCrc32c: { value: 0 } }, 'ERR_INVALID_REPLY'],
    ['no checksum', { plaintext }, 'ERR_INVALID_REPLY'],
    ['another checksum', { ...right, plaintextCrc32c: { value: crc32c(plaintext) ^ 1 } }, 'ERR_INVALID_REPLY'],
    ['16 bytes', { plaintext: short, plaintextCrc32c: { value: crc32c(short) } }, 'ERR_MALFORMED_SEALED_KEY'],
  ])('to open: %s', async (_, answer, code) => {
    expect((await openUnder({ answer })).code).toBe(code)
  })

  const ciphertext = Buffer.from('a sealed key')
  const whole = {
    name: `${KEY}/cryptoKeyVersions/3`,
    ciphertext,
    ciphertextCrc32c: { value: crc32c(ciphertext) },
    verifiedPlaintextCrc32c: true,
  }

  test.each<[string, object]>([
    ['nothing', {}],
    ['no checksum', { ...whole, ciphertextCrc32c: undefined }],
    ['another checksum', { ...whole, ciphertextCrc32c: { value: 7 } }],
    ['an empty ciphertext', { ...whole, ciphertext: Buffer.alloc(0), ciphertextCrc32c: { value: 0 } }],
    ['that it did not look at the checksum', { ...whole, verifiedPlaintextCrc32c: false }],
    ['no name', { ...whole, name: '' }],
    ['another key', { ...whole, name: `${PARENT}/db/cryptoKeyVersions/1` }],
    ['another location', { ...whole, name: whole.name.replace('global', 'europe-west1') }],
    ['another project', { ...whole, name: whole.name.replace('projects/p/', 'projects/q/') }],
    ['a key without a version', { ...whole, name: KEY }],
  ])('to seal: %s', async (_, answer) => {
    fake.override = () => ({ answer })
    expect(await rejectionOf(provider.createKey(url, { env }))).toMatchObject({ code: 'ERR_INVALID_REPLY' })
  })

  test('a project may be answered by its number', async () => {
    fake.override = () => ({ answer: { ...whole, name: whole.name.replace('projects/p/', 'projects/123456/') } })
    expect((await provider.createKey(url, { env })).sealed).toBe(encodeBase64(ciphertext))
  })

  test('to seal with additional data: that it did not look at its checksum', async () => {
    fake.override = () => ({ answer: whole })
    const bound = parseKeyUrl(`gcpkms://${KEY}?additional_authenticated_data=YQ==`)
    expect((await rejectionOf(provider.createKey(bound, { env }))).code).toBe('ERR_INVALID_REPLY')
  })
})

describe('the network', () => {
  const certificate = testCertificate()

  test.each<[string, () => Server, ErrorCode]>([
    ['a page', () => createSecureServer(certificate, (_, reply) => page(reply)), 'ERR_INVALID_REPLY'],
    ['403', () => createSecureServer(certificate, (_, reply) => page(reply, 403)), 'ERR_INVALID_REPLY'],
    ['404', () => createSecureServer(certificate, (_, reply) => page(reply, 404)), 'ERR_INVALID_REPLY'],
    ['a redirect', () => createSecureServer(certificate, (_, reply) => page(reply, 307)), 'ERR_INVALID_REPLY'],
    ['502', () => createSecureServer(certificate, (_, reply) => page(reply, 502)), 'ERR_UNAVAILABLE'],
    ['an end in the middle', () => createSecureServer(certificate, ({ stream }) => stream.close(2)), 'ERR_UNAVAILABLE'],
    ['HTTP/1.1', () => createHttpsServer(certificate, (_, reply) => void reply.end('x')), 'ERR_INVALID_REPLY'],
    ['no TLS', () => createHttpServer((_, reply) => void reply.end('x')), 'ERR_INVALID_REPLY'],
    ['another protocol', () => createServer((socket) => void socket.end('220 ready\r\n')), 'ERR_INVALID_REPLY'],
    [
      'a cut',
      () => createServer((socket) => void socket.once('data', () => socket.resetAndDestroy())),
      'ERR_UNAVAILABLE',
    ],
    ['a certificate of nobody', () => createSecureServer(selfSigned('localhost')), 'ERR_SERVER_NOT_PROVEN'],
  ])('%s is told by its code', async (_, make, code) => {
    const server = make()
    const sockets = new Set<{ destroy(): void }>()
    server.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const bound = server.address()
    const port = String(typeof bound === 'object' ? bound?.port : undefined)
    const error = await rejectionOf(provider.openKey(url, sealed, { env: { ...env, [PORT_VARIABLE]: port } }))
    for (const socket of sockets) socket.destroy()
    server.close()
    expect(error.code).toBe(code)
    expect(error.hint).toMatch(/\S/)
  })

  test('a call that hangs ends at its bound, and so does the call itself', async () => {
    fake.override = () => 'silence'
    const before = fake.cancelled
    const start = performance.now()
    const call = provider.openKey(url, sealed, { env, signal: AbortSignal.timeout(100) })
    expect((await rejectionOf(call)).code).toBe('ERR_TIMEOUT')
    expect(performance.now() - start).toBeLessThan(1_000)
    await expect.poll(() => fake.cancelled).toBe(before + 1)
  })
})

describe('signing in', () => {
  const call = { ...cryptoKey(url), operation: 'decrypt', credentials: { kind: 'file', from: 'a file' } } as const

  test.each<[object, ErrorCode]>([
    [{ response: { status: 400, data: { error: 'invalid_grant' } } }, 'ERR_CREDENTIALS_INVALID'],
    [{ response: { status: 429, data: { error: 'rate_limit_exceeded' } } }, 'ERR_THROTTLED'],
    [{ response: { status: 500, data: { error: 'internal_failure' } } }, 'ERR_UNAVAILABLE'],
    [{ response: { status: 503, data: '' } }, 'ERR_UNAVAILABLE'],
    [{ code: 'ENOTFOUND' }, 'ERR_UNAVAILABLE'],
    [{ cause: { cause: { code: 'UND_ERR_CONNECT_TIMEOUT' } } }, 'ERR_TIMEOUT'],
    [{ message: 'Could not load the default credentials. Browse to …' }, 'ERR_CREDENTIALS_MISSING'],
    [{ code: 'ERR_OSSL_UNSUPPORTED' }, 'ERR_CREDENTIALS_INVALID'],
  ])('%j is %s', (error, code) => {
    expect(classify(new GcpFault(failureOfSignIn(error), call))).toMatchObject({
      code,
      hint: expect.stringMatching(/\S/),
    })
  })
})
