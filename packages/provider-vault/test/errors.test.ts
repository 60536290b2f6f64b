import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'

import { type ErrorCode, isStacksealError, parseKeyUrl, type StacksealError } from '@stackseal/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

import { vault } from '../src/index.ts'
import { json, refusal, type Reply, TOKENS, TransitServer } from './transit-server.ts'

interface RecordedReplies {
  readonly replies: readonly { readonly situation: string; readonly status: number; readonly errors: string[] }[]
}

const file = new URL('../../../vectors/openbao/replies.json', import.meta.url)
const recorded: RecordedReplies = JSON.parse(readFileSync(file, 'utf8'))

const transit = await TransitServer.start()
const URL_TEXT = 'hashivault://app'
const env = { VAULT_ADDR: transit.origin, VAULT_TOKEN: TOKENS.owner }
const provider = vault()
const { sealed } = await provider.createKey(parseKeyUrl(URL_TEXT), { env })

async function errorOf(work: Promise<unknown>): Promise<StacksealError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  if (isStacksealError(error)) return error
  throw new TypeError('the call was not refused with a StacksealError')
}

/** Opens while the engine answers everything with this. Other requests (the look at the token) are the engine's own. */
function openUnder(reply: Reply, environment: Readonly<Record<string, string>> = env): Promise<StacksealError> {
  transit.override = ({ path }) => (path.includes('/decrypt/') ? reply : undefined)
  return errorOf(provider.openKey(parseKeyUrl(URL_TEXT), sealed, { env: environment }))
}

beforeEach(() => {
  transit.override = undefined
  transit.requests.length = 0
})
afterAll(async () => {
  await provider.close?.()
  await transit.close()
})

// What each of the recorded refusals means, and what its hint has to name.
const MEANINGS: Readonly<Record<string, readonly [code: ErrorCode, hint: string]>> = {
  'no prefix': ['ERR_MALFORMED_SEALED_KEY', 'encryptedkey'],
  'no base64': ['ERR_MALFORMED_SEALED_KEY', 'encryptedkey'],
  'short ciphertext': ['ERR_MALFORMED_SEALED_KEY', 'encryptedkey'],
  'wrong number of fields': ['ERR_MALFORMED_SEALED_KEY', 'encryptedkey'],
  'no version number': ['ERR_MALFORMED_SEALED_KEY', 'encryptedkey'],
  'empty ciphertext': ['ERR_MALFORMED_SEALED_KEY', 'encryptedkey'],
  'version too new': ['ERR_WRONG_KEY', 'app'],
  tampered: ['ERR_WRONG_KEY', 'app'],
  'other key': ['ERR_WRONG_KEY', 'app'],
  'tampered, ChaCha20-Poly1305 key': ['ERR_WRONG_KEY', 'app'],
  'tampered, RSA key': ['ERR_WRONG_KEY', 'app'],
  'version below min_decryption_version': ['ERR_KEY_DISABLED', 'min_decryption_version of transit/keys/app'],
  'soft-deleted key': ['ERR_KEY_DISABLED', 'transit/keys/app/soft-delete-restore'],
  'unknown key': ['ERR_KEY_NOT_FOUND', 'vault write -f transit/keys/app'],
  'derived key': ['ERR_KEY_NOT_USABLE', 'transit/keys/app'],
  'signing key': ['ERR_KEY_NOT_USABLE', 'transit/keys/app'],
  'policy without decrypt': ['ERR_ACCESS_DENIED', 'update on transit/decrypt/app'],
  'unknown token': ['ERR_CREDENTIALS_INVALID', 'VAULT_TOKEN'],
  'no token': ['ERR_CREDENTIALS_MISSING', 'VAULT_TOKEN'],
  'unknown mount': ['ERR_KEY_NOT_FOUND', 'engine='],
  'key name with a slash': ['ERR_KEY_NOT_FOUND', 'engine='],
  'unknown namespace': ['ERR_KEY_NOT_FOUND', 'VAULT_NAMESPACE'],
  'rate-limit quota': ['ERR_THROTTLED', 'rate-limit quota'],
  sealed: ['ERR_UNAVAILABLE', 'unseal'],
}

const ENVIRONMENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'unknown token': { ...env, VAULT_TOKEN: 's.nobody' },
  'no token': { VAULT_ADDR: transit.origin },
}

describe('the recorded refusals', () => {
  test.each(recorded.replies)('$situation is told by its code, with a next step', async (reply) => {
    const [code, hint] = MEANINGS[reply.situation] ?? ['ERR_PROVIDER_FAILED', '']
    const error = await openUnder(refusal(reply.status, ...reply.errors), ENVIRONMENTS[reply.situation])
    expect(error.code).toBe(code)
    expect(error.hint).toContain(hint)
    for (const text of reply.errors) expect(JSON.stringify(error)).not.toContain(JSON.stringify(text).slice(1, -1))
  })
})

// From the documentation of Vault's HTTP interface and of its command line; not seen on a server.
describe('refusals of other versions and editions', () => {
  test.each([
    [400, 'missing client token', 'ERR_CREDENTIALS_MISSING'],
    [403, 'bad token', 'ERR_CREDENTIALS_INVALID'],
    [405, 'unsupported operation', 'ERR_KEY_NOT_FOUND'],
    [412, 'required index state not present', 'ERR_UNAVAILABLE'],
    [500, 'internal error', 'ERR_UNAVAILABLE'],
    [501, 'Vault is not initialized', 'ERR_UNAVAILABLE'],
    [502, 'bad gateway', 'ERR_UNAVAILABLE'],
    [504, 'gateway time-out', 'ERR_UNAVAILABLE'],
  ] as const)('%i %j is %s', async (status, text, code) => {
    expect((await openUnder(refusal(status, text))).code).toBe(code)
  })

  test('a text that nobody knows is a fault of this provider, and its text is not kept', async () => {
    const error = await openUnder(refusal(400, 'something new about token s.abc'))
    expect(error.code).toBe('ERR_PROVIDER_FAILED')
    expect(JSON.stringify(error)).not.toContain('something new')
  })
})

describe('answers that Vault does not give', () => {
  test.each<[string, Reply, ErrorCode]>([
    ['a page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }, 'ERR_INVALID_REPLY'],
    ['nothing', { status: 204 }, 'ERR_INVALID_REPLY'],
    ['an empty body', { status: 200, body: '' }, 'ERR_INVALID_REPLY'],
    ['JSON null', { status: 200, body: 'null' }, 'ERR_INVALID_REPLY'],
    ['no plaintext', json({}), 'ERR_INVALID_REPLY'],
    ['a plaintext that is a number', json({ plaintext: 7 }), 'ERR_INVALID_REPLY'],
    ['a plaintext that is not base64', json({ plaintext: '***' }), 'ERR_INVALID_REPLY'],
    ['an empty plaintext', json({ plaintext: '' }), 'ERR_INVALID_REPLY'],
    ['two megabytes', json({ plaintext: 'A'.repeat(2_000_000) }), 'ERR_INVALID_REPLY'],
    ['a refusal that is a page', { status: 400, body: '<html>' }, 'ERR_INVALID_REPLY'],
    ['a plaintext of 16 bytes', json({ plaintext: btoa('0123456789abcdef') }), 'ERR_MALFORMED_SEALED_KEY'],
    ['a plaintext of 33 bytes', json({ plaintext: btoa('0'.repeat(33)) }), 'ERR_MALFORMED_SEALED_KEY'],
  ])('%s', async (_, reply, code) => {
    expect((await openUnder(reply)).code).toBe(code)
  })

  test('a ciphertext that is not Vault’s is not stored', async () => {
    transit.override = () => json({ ciphertext: 'kv:v1:AAAA' })
    const error = await errorOf(provider.createKey(parseKeyUrl('hashivault://db'), { env }))
    expect(error.code).toBe('ERR_INVALID_REPLY')
  })
})

describe('the network', () => {
  test('a port where nobody listens is ERR_UNAVAILABLE, and names the address', async () => {
    const error = await errorOf(
      provider.openKey(parseKeyUrl(URL_TEXT), sealed, { env: { ...env, VAULT_ADDR: 'http://127.0.0.1:1' } }),
    )
    expect(error).toMatchObject({ code: 'ERR_UNAVAILABLE', details: { network: 'ECONNREFUSED', attempts: 3 } })
    expect(error.hint).toContain('http://127.0.0.1:1')
  })

  test.each([
    ['is cut', (socket: Socket) => socket.resetAndDestroy(), 'http:', 'ERR_UNAVAILABLE'],
    ['ends without an answer', (socket: Socket) => socket.end(), 'http:', 'ERR_UNAVAILABLE'],
    ['speaks another protocol', (socket: Socket) => socket.end('220 ready\r\n'), 'http:', 'ERR_INVALID_REPLY'],
    ['knows no TLS', (socket: Socket) => socket.end('HTTP/1.0 400 Bad\r\n\r\n'), 'https:', 'ERR_INVALID_REPLY'],
  ] as const)('a connection that %s', async (_, treat, scheme, code) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => treat(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const bound = server.address()
    const port = typeof bound === 'object' ? bound?.port : undefined
    const world = { env: { ...env, VAULT_ADDR: `${scheme}//127.0.0.1:${port}` } }
    const error = await errorOf(provider.openKey(parseKeyUrl(URL_TEXT), sealed, world))
    await new Promise((resolve) => server.close(resolve))
    expect(error.code).toBe(code)
  })

  test('a throttled call waits as long as the server says', async () => {
    let refused = 0
    transit.override = () =>
      ++refused > 1 ? undefined : { ...refusal(429, 'too many'), headers: { 'retry-after': '1' } }
    const start = performance.now()
    await provider.openKey(parseKeyUrl(URL_TEXT), sealed, { env })
    expect(performance.now() - start).toBeGreaterThan(950)
  })

  test('a server that says to come back in an hour is not waited for', async () => {
    const error = await openUnder({ ...refusal(429, 'too many'), headers: { 'retry-after': '3600' } })
    expect(error).toMatchObject({ code: 'ERR_THROTTLED', details: { attempts: 1 } })
  })
})
