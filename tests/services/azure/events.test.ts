import { Envelope, parseKeyUrl, type ProviderContext, Registry, type SealedKey } from '@stackseal/core'
import { azureKeyVault } from '@stackseal/provider-azurekv'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { type AzureOnLoopback, azureOnLoopback } from '../../../packages/provider-azurekv/test/azure-on-loopback.ts'
import { type KeyVaultServer, refusal } from '../../../packages/provider-azurekv/test/key-vault-server.ts'
import { refused } from '../../../packages/provider-azurekv/test/sign-in-server.ts'
import { VaultKey } from '../../../packages/provider-azurekv/test/vault-keys.ts'
import { type EventName, eventOf } from '../event-log.ts'
import { leakRecord } from '../leaks/leak-record.ts'

// No registry has a server that speaks like Key Vault; this one is held against recorded traffic of the real one.
const SERVER = 'own Key Vault over TLS (RSA)'
const HOST = 'team.vault.azure.net'
const url = parseKeyUrl(`azurekeyvault://${HOST}/keys/app`)
const other = parseKeyUrl(`azurekeyvault://${HOST}/keys/other`)

let azure: AzureOnLoopback
let server: KeyVaultServer
let context: ProviderContext
let registry: Registry
let sealedKey: SealedKey

const event = (name: EventName | `also: ${string}`, work: () => Promise<unknown>): Promise<string> =>
  eventOf('Azure Key Vault', name, SERVER, work)
const open = (world: ProviderContext, key: SealedKey = sealedKey): Promise<Envelope> =>
  Envelope.open(key, registry, world)
/** Somebody whose rights can be changed without changing another's. */
const caller = (name: string, ...rights: readonly ('encrypt' | 'decrypt' | 'list')[]): ProviderContext => {
  const secret = `secret~of-the.${name}-0001`
  leakRecord.keepSecret(secret)
  return { env: server.signIn.add(name, secret, rights) }
}

beforeAll(async () => {
  azure = await azureOnLoopback(async () => ({ 'down.vault.azure.net': 1 }))
  server = azure.server
  registry = new Registry([{ schemes: ['azurekeyvault'], load: async () => azureKeyVault() }])
  for (const name of ['app', 'other']) server.keys.set(`${HOST}/${name}`, VaultKey.make())
  context = caller('owner', 'encrypt', 'decrypt', 'list')
  sealedKey = (await Envelope.create(url, registry, context)).sealedKey
})
beforeEach(() => {
  leakRecord.keepSecret(
    ...server.requests.flatMap(({ headers }) => headers.authorization?.replace('Bearer ', '') ?? []),
  )
  server.override = undefined
  server.requests.length = 0
})
afterAll(async () => {
  await registry.close()
  await azure.stop()
})

test('a key is made, and a value that was encrypted under it opens through another provider', async () => {
  const outcome = await event('init, set, get', async () => {
    const envelope = await Envelope.create(url, registry, context)
    const ciphertext = await envelope.encrypt('correct horse')
    const elsewhere = new Registry([azureKeyVault()])
    expect(await (await Envelope.open(envelope.sealedKey, elsewhere, context)).decrypt(ciphertext)).toBe(
      'correct horse',
    )
    await elsewhere.close()
  })
  expect(outcome).toBe('done')
})

test('after a rotation the old text opens, and a re-wrap moves it to the new version', async () => {
  const rotated = VaultKey.make()
  server.keys.set(`${HOST}/rotated`, rotated)
  const rotatedUrl = parseKeyUrl(`azurekeyvault://${HOST}/keys/rotated`)
  const outcome = await event('re-wrap after rotation', async () => {
    const provider = azureKeyVault()
    const { dataKey, sealed } = await provider.createKey(rotatedUrl, context)
    rotated.rotate()
    expect((await provider.openKey(rotatedUrl, sealed, context)).dataKey).toEqual(dataKey)
    const rewrapped = (await provider.sealKey?.(rotatedUrl, dataKey, context)) ?? ''
    server.requests.length = 0
    expect((await provider.openKey(rotatedUrl, rewrapped, context)).dataKey).toEqual(dataKey)
    expect([server.countCalls('decrypt'), server.countCalls('versions')]).toEqual([1, 0])
    await provider.close?.()
  })
  expect(outcome).toBe('done')
  const old = await Envelope.create(rotatedUrl, registry, context)
  rotated.rotate()
  const user = caller('user', 'encrypt', 'decrypt')
  expect(await event('also: rotated, may not list versions', () => open(user, old.sealedKey))).toBe('ERR_WRONG_KEY')
})

describe('what is refused, and how', () => {
  test('rights removed, while the caller still holds a token', async () => {
    const leaver = caller('leaver', 'encrypt', 'decrypt')
    await open(leaver)
    server.signIn.permit('leaver', ['encrypt'])
    expect(await event('rights removed', () => open(leaver))).toBe('ERR_ACCESS_DENIED')
    expect(await event('also: init without decrypt', () => Envelope.create(url, registry, leaver))).toBe(
      'ERR_ACCESS_DENIED',
    )
  })

  test('a firewall', async () => {
    server.override = ({ headers }) =>
      headers.authorization === undefined
        ? undefined
        : refusal(403, 'Forbidden', 'Client address is not authorized and caller is not a trusted service.', {
            innerCode: 'ForbiddenByFirewall',
          })
    expect(await event('also: firewall', () => open(context))).toBe('ERR_ACCESS_DENIED')
  })

  test('a wrong secret, an expired one, and none', async () => {
    const { env } = context
    const wrong = { env: { ...env, AZURE_CLIENT_SECRET: 'secret~of-nobody' } }
    expect(await event('also: wrong secret', () => open(wrong))).toBe('ERR_CREDENTIALS_INVALID')
    server.override = ({ path }) =>
      path.includes('/oauth2/') ? refused(401, 'invalid_client', 7000222, 'The keys are expired.') : undefined
    const late = caller('late', 'decrypt')
    expect(await event('also: expired secret', () => open(late))).toBe('ERR_CREDENTIALS_INVALID')
    process.env['AZURE_TOKEN_CREDENTIALS'] = 'prod'
    expect(await event('also: no credentials', () => open({ env: {} }))).toBe('ERR_CREDENTIALS_MISSING')
    delete process.env['AZURE_TOKEN_CREDENTIALS']
  })

  test('a token that ended meanwhile is renewed', async () => {
    const holder = caller('holder', 'decrypt')
    await open(holder)
    server.signIn.expireTokens()
    expect(await event('also: token ended', () => open(holder))).toBe('done')
    server.override = ({ headers }) =>
      headers.authorization === undefined ? undefined : refusal(401, 'Unauthorized', 'AKV10032: Invalid issuer.')
    expect(await event('also: token refused', () => open(holder))).toBe('ERR_CREDENTIALS_INVALID')
  })

  test('a server that is down', async () => {
    const down = { ...sealedKey, url: parseKeyUrl('azurekeyvault://down.vault.azure.net/keys/app') }
    expect(await event('service down', () => open(context, down))).toBe('ERR_UNAVAILABLE')
  })

  test('a server that a document may not choose', async () => {
    const chosen = { ...sealedKey, url: parseKeyUrl('azurekeyvault://a.vault.evil.example/keys/app') }
    expect(await event('also: server not allowed', () => open(context, chosen))).toBe('ERR_SERVER_NOT_ALLOWED')
    expect(server.requests).toEqual([])
  })

  test('a limit that is reached, and then is not', async () => {
    let isThrottling = true
    server.override = ({ headers }) =>
      isThrottling && headers.authorization !== undefined
        ? refusal(429, 'Throttled', 'Request was not processed because too many requests were received.')
        : undefined
    expect(await event('also: throttled', () => open(context))).toBe('ERR_THROTTLED')
    setTimeout(() => (isThrottling = false), 100)
    expect(await event('throttled, then well', () => open(context))).toBe('done')
  })

  test('a key that is disabled', async () => {
    const version = server.keys.get(`${HOST}/app`)?.versions[0]
    if (version === undefined) throw new TypeError('the key has no version')
    version.isEnabled = false
    expect(await event('key disabled', () => open(context))).toBe('ERR_KEY_DISABLED')
    version.isEnabled = true
    await open(context)
    version.operations = ['sign', 'verify']
    expect(await event('also: key operation missing', () => open(context))).toBe('ERR_KEY_NOT_USABLE')
    version.operations = ['encrypt', 'decrypt']
    await open(context)
  })

  test('another key, and one that was deleted', async () => {
    expect(await event('wrong key', () => open(context, { ...sealedKey, url: other }))).toBe('ERR_WRONG_KEY')
    const gone = { ...sealedKey, url: parseKeyUrl(`azurekeyvault://${HOST}/keys/gone`) }
    expect(await event('also: key deleted', () => open(context, gone))).toBe('ERR_KEY_NOT_FOUND')
  })

  test('a text that was tampered with, within its form and out of it', async () => {
    const text = atob(sealedKey.sealed)
    const tampered = { ...sealedKey, sealed: btoa(text.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))) }
    expect(await event('tampered encryptedkey', () => open(context, tampered))).toBe('ERR_WRONG_KEY')
    const damaged = { ...sealedKey, sealed: btoa(text.slice(1)) }
    expect(await event('also: damaged encryptedkey', () => open(context, damaged))).toBe('ERR_MALFORMED_SEALED_KEY')
  })

  test('an answer that does not come in time, of the vault and of the sign-in', async () => {
    server.override = ({ headers }) => (headers.authorization === undefined ? undefined : 'never')
    const start = performance.now()
    const bound = { ...context, signal: AbortSignal.timeout(700) }
    expect(await event('time-out', () => open(bound))).toBe('ERR_TIMEOUT')
    server.override = ({ path }) => (path.includes('/oauth2/') ? 'never' : undefined)
    const slow = { ...caller('slow', 'decrypt'), signal: AbortSignal.timeout(700) }
    expect(await event('also: time-out of the sign-in', () => open(slow))).toBe('ERR_TIMEOUT')
    expect(performance.now() - start).toBeLessThan(4_000)
  })
})
