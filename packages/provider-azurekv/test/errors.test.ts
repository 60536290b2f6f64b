import { createServer, type Socket } from 'node:net'

import { isStacksealError, parseKeyUrl, type StacksealError } from '@stackseal/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

import { azureKeyVault } from '../src/index.ts'
import { azureOnLoopback } from './azure-on-loopback.ts'
import { refusal, type Reply } from './key-vault-server.ts'
import { forbidden, SIGN_IN_REPLIES, VAULT_REPLIES } from './known-replies.ts'
import { VaultKey } from './vault-keys.ts'

let hangUp: (socket: Socket) => void = (socket) => socket.destroy()
const rude = createServer((socket) => hangUp(socket))
await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve))
const bound = rude.address()
const rudePort = typeof bound === 'object' ? (bound?.port ?? 0) : 0

const azure = await azureOnLoopback(async () => ({
  'down.vault.azure.net': 1,
  'rude.vault.azure.net': rudePort,
}))
const { server } = azure
const env = server.signIn.add('owner', 'secret~of-the.owner-0001', ['encrypt', 'decrypt', 'list'])
server.keys.set('one.vault.azure.net/app', VaultKey.make())
const URL_TEXT = 'azurekeyvault://one.vault.azure.net/keys/app'
const provider = azureKeyVault()
const { dataKey, sealed } = await provider.createKey(parseKeyUrl(URL_TEXT), { env })
// So that no older version is looked for.
const VERSIONED = `${URL_TEXT}/${server.keys.get('one.vault.azure.net/app')?.versions[0]?.id}`

async function errorOf(work: Promise<unknown>): Promise<StacksealError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  if (isStacksealError(error)) return error
  throw new TypeError('the call was not refused with a StacksealError')
}

const open = (text = VERSIONED, environment: Readonly<Record<string, string>> = env): Promise<StacksealError> =>
  errorOf(provider.openKey(parseKeyUrl(text), sealed, { env: environment }))

/** Opens while a vault answers every call of an operation with this. */
function openUnder(reply: Reply): Promise<StacksealError> {
  const soon = { ...reply, headers: { 'retry-after': '0', ...reply.headers } }
  server.override = ({ path, headers }) =>
    /(?:en|de)crypt/.test(path) && headers.authorization !== undefined ? soon : undefined
  return open()
}

/** Opens as somebody to whom the sign-in gives this answer. Its tokens are kept, so each is somebody new. */
async function signInUnder(reply: Reply | 'never'): Promise<StacksealError> {
  server.override = ({ path }) => (path.includes('/oauth2/') ? reply : undefined)
  const fresh = azureKeyVault()
  try {
    return await errorOf(fresh.openKey(parseKeyUrl(VERSIONED), sealed, { env }))
  } finally {
    await fresh.close?.()
  }
}

beforeEach(() => {
  server.override = undefined
  server.requests.length = 0
  hangUp = (socket) => socket.destroy()
})
afterAll(async () => {
  await provider.close?.()
  rude.close()
  await azure.stop()
})

describe('what a vault answers', () => {
  test.each(VAULT_REPLIES)('%s', async (_, reply, code, hint) => {
    const error = await openUnder(reply)
    expect(error.code).toBe(code)
    expect(error.hint).toContain(hint)
    expect(JSON.stringify(error)).not.toMatch(/appid|IDX10223|<html>|VaultRequestType/)
    expect(error.cause).toBeUndefined()
  })

  test.each([
    ['throttled', refusal(429, 'Throttled', 'Too many.', { headers: { 'retry-after': '0' } }), 3],
    [
      'throttled for longer than anybody waits',
      refusal(429, 'Throttled', 'Too many.', { headers: { 'retry-after': '30' } }),
      1,
    ],
    ['refused', forbidden('Forbidden'), 1],
    ['at fault', refusal(500, 'InternalServerError', 'x', { headers: { 'retry-after': '0' } }), 3],
  ])('a call that is %s is made so often', async (_, reply, times) => {
    const error = await openUnder(reply)
    expect(server.countCalls('decrypt')).toBe(times)
    expect(error.details['attempts']).toBe(times)
  })

  test('a redirect is not followed on the same server either', async () => {
    const location = `https://one.vault.azure.net/keys/app//decrypt?again`
    expect((await openUnder({ status: 307, headers: { location } })).code).toBe('ERR_SERVER_NOT_ALLOWED')
    expect(server.countCalls('decrypt')).toBe(1)
  })

  test('a key that can not seal is told from one that did not', async () => {
    server.override = ({ path, headers }) =>
      path.includes('/encrypt') && headers.authorization !== undefined
        ? refusal(400, 'BadParameter', 'Property has invalid value\r\n')
        : undefined
    const error = await errorOf(provider.createKey(parseKeyUrl(URL_TEXT), { env }))
    expect(error.code).toBe('ERR_KEY_NOT_USABLE')
    expect(error.hint).toContain('app must be an RSA key that knows RSA-OAEP-256')
  })

  test('a key that has expired opens, and does not seal', async () => {
    const key = VaultKey.make()
    server.keys.set('one.vault.azure.net/old', key)
    const url = parseKeyUrl('azurekeyvault://one.vault.azure.net/keys/old')
    const made = await provider.createKey(url, { env })
    const [version] = key.versions
    if (version !== undefined) version.expiresSeconds = 1_600_000_000
    expect((await provider.openKey(url, made.sealed, { env })).dataKey).toEqual(made.dataKey)
    expect((await errorOf(provider.createKey(url, { env }))).code).toBe('ERR_KEY_DISABLED')
  })
})

describe('a server that is not what it should be', () => {
  test('asks for a token of another domain, and gets none', async () => {
    server.override = ({ headers }) =>
      headers.authorization === undefined
        ? refusal(401, 'Unauthorized', 'AKV10000', {
            headers: {
              'www-authenticate':
                'Bearer authorization="https://login.microsoftonline.com/common", resource="https://management.azure.com"',
            },
          })
        : undefined
    const fresh = azureKeyVault()
    const error = await errorOf(fresh.openKey(parseKeyUrl(VERSIONED), sealed, { env }))
    expect(error.code).toBe('ERR_SERVER_NOT_ALLOWED')
    expect(error.hint).toContain('none was sent')
    expect(server.requests.filter(({ path }) => path.includes('/oauth2/'))).toEqual([])
    await fresh.close?.()
  })

  test('names another place to sign in, which is not asked', async () => {
    const seen: string[] = []
    server.override = ({ host, headers }) => {
      seen.push(host)
      return host.includes('.vault.') && headers.authorization === undefined
        ? refusal(401, 'Unauthorized', 'AKV10000', {
            headers: {
              'www-authenticate': `Bearer authorization="https://login.evil.example/${server.signIn.tenant}", resource="https://vault.azure.net"`,
            },
          })
        : undefined
    }
    const fresh = azureKeyVault()
    expect((await fresh.openKey(parseKeyUrl(VERSIONED), sealed, { env })).dataKey).toEqual(dataKey)
    expect(new Set(seen)).toEqual(new Set(['one.vault.azure.net', 'login.microsoftonline.com']))
    await fresh.close?.()
  })

  test('refuses connections', async () => {
    const error = await open('azurekeyvault://down.vault.azure.net/keys/app')
    expect(error.code).toBe('ERR_UNAVAILABLE')
    expect(error.hint).toContain('down.vault.azure.net')
    expect(error.details).toMatchObject({ network: 'ECONNREFUSED', attempts: 3 })
  })

  test('hangs up', async () => {
    const error = await open('azurekeyvault://rude.vault.azure.net/keys/app')
    expect(error.code).toBe('ERR_UNAVAILABLE')
  })

  test('does not speak TLS', async () => {
    hangUp = (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    const error = await open('azurekeyvault://rude.vault.azure.net/keys/app')
    expect(error.code).toBe('ERR_INVALID_REPLY')
  })

  test('shows a certificate for another name', async () => {
    const error = await open('azurekeyvault://deep.down.vault.azure.net/keys/app')
    expect(error.code).toBe('ERR_SERVER_NOT_PROVEN')
    expect(error.hint).toContain('NODE_EXTRA_CA_CERTS')
  })
})

describe('what the sign-in answers', () => {
  test.each(SIGN_IN_REPLIES)('%s', async (_, reply, code, hint) => {
    const error = await signInUnder(reply)
    expect(error.code).toBe(code)
    expect(error.hint).toContain(hint)
    expect(JSON.stringify(error)).not.toMatch(/Trace ID|secret~/)
    expect(error.cause).toBeUndefined()
  })

  test('a redirect is not followed', async () => {
    const error = await signInUnder({ status: 307, headers: { location: 'https://two.vault.azure.net/oauth2/' } })
    expect(error.code).toBe('ERR_INVALID_REPLY')
    expect(server.requests.filter(({ host }) => host.startsWith('two.'))).toEqual([])
  })

  test('a throttled sign-in is tried again', async () => {
    let refusals = 0
    server.override = ({ path }) => {
      if (!path.includes('/oauth2/') || refusals > 0) return undefined
      refusals++
      return { status: 429, headers: { 'retry-after': '0' }, body: '{}' }
    }
    const fresh = azureKeyVault()
    expect((await fresh.openKey(parseKeyUrl(VERSIONED), sealed, { env })).dataKey).toEqual(dataKey)
    expect(refusals).toBe(1)
    await fresh.close?.()
  })
})
