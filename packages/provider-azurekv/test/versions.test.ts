import { isStacksealError, parseKeyUrl, type ProviderContext, type StacksealError } from '@stackseal/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

import { azureKeyVault } from '../src/index.ts'
import { azureOnLoopback } from './azure-on-loopback.ts'
import { VaultKey } from './vault-keys.ts'

const azure = await azureOnLoopback()
const { server } = azure
const owner = { env: server.signIn.add('owner', 'secret~of-the.owner-0001', ['encrypt', 'decrypt', 'list']) }
const user = { env: server.signIn.add('user', 'secret~of-the.user-00001', ['encrypt', 'decrypt']) }
const url = parseKeyUrl('azurekeyvault://one.vault.azure.net/keys/app')
const provider = azureKeyVault()

const key = VaultKey.make()
server.keys.set('one.vault.azure.net/app', key)
const { dataKey, sealed } = await provider.createKey(url, owner)
const [first] = key.versions
if (first === undefined) throw new TypeError('the key has no version')
key.rotate()
key.rotate()

async function errorOf(work: Promise<unknown>): Promise<StacksealError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  if (isStacksealError(error)) return error
  throw new TypeError('the call was not refused with a StacksealError')
}

beforeEach(() => {
  server.requests.length = 0
  server.override = undefined
  first.isEnabled = true
})
afterAll(async () => {
  await provider.close?.()
  await azure.stop()
})

describe('after the key of a vault was rotated', () => {
  test('a URL without a version still opens what an older one sealed, and it is told', async () => {
    const told: string[] = []
    const context: ProviderContext = { ...owner, tell: (text) => told.push(text) }
    const fresh = azureKeyVault()
    expect((await fresh.openKey(url, sealed, context)).dataKey).toEqual(dataKey)
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(`version ${first.id} of the key app`)
    expect(told[0]).toContain('re-wrap')
    // The latest, the list, the second, the first.
    expect(server.countCalls('decrypt')).toBe(3)
    // Who comes later by the same connection is told too, and who wants to hear nothing is not.
    await fresh.openKey(url, sealed, { ...owner, tell: (text) => told.push(text) })
    await fresh.openKey(url, sealed, owner)
    expect(told).toHaveLength(2)
    await fresh.close?.()
  })

  test('what the latest sealed opens with one call, and nothing is told', async () => {
    const told: string[] = []
    const fresh = azureKeyVault()
    const rewrapped = await fresh.sealKey?.(url, dataKey, owner)
    server.requests.length = 0
    const context: ProviderContext = { ...owner, tell: (text) => told.push(text) }
    expect((await fresh.openKey(url, rewrapped ?? '', context)).dataKey).toEqual(dataKey)
    expect(server.countCalls('decrypt')).toBe(1)
    expect(server.countCalls('versions')).toBe(0)
    expect(told).toEqual([])
    await fresh.close?.()
  })

  test('a URL with the version opens with one call, without the right to list', async () => {
    const versioned = parseKeyUrl(`${url.text}/${first.id}`)
    expect((await provider.openKey(versioned, sealed, user)).dataKey).toEqual(dataKey)
    expect(server.countCalls('decrypt')).toBe(1)
  })

  test('a caller who may not list is told what is needed', async () => {
    const error = await errorOf(provider.openKey(url, sealed, user))
    expect(error.code).toBe('ERR_WRONG_KEY')
    expect(error.hint).toContain('keys/list')
    expect(error.hint).toContain('put the version that sealed into the key URL')
  })

  test('a version that is disabled is not tried, and the hint counts it', async () => {
    first.isEnabled = false
    const error = await errorOf(provider.openKey(url, sealed, owner))
    expect(error.code).toBe('ERR_WRONG_KEY')
    expect(error.hint).toContain('1 of its older versions')
    expect(error.hint).toContain('1 more are disabled')
    expect(error.details).toMatchObject({ versionsTried: 1 })
  })

  test('what no version sealed is a wrong key, after each was tried once', async () => {
    const foreign = Buffer.from(Buffer.alloc(256, 0xa5).toString('base64url')).toString('base64')
    const error = await errorOf(provider.openKey(url, foreign, owner))
    expect(error.code).toBe('ERR_WRONG_KEY')
    expect(error.hint).toContain('2 of its older versions do not open it either')
    expect(server.countCalls('decrypt')).toBe(3)
  })

  test('a version in the URL that is the wrong one is not left for another', async () => {
    const versioned = parseKeyUrl(`${url.text}/${key.versions[1]?.id}`)
    const error = await errorOf(provider.openKey(versioned, sealed, owner))
    expect(error.code).toBe('ERR_WRONG_KEY')
    expect(server.countCalls('versions')).toBe(0)
    expect(server.countCalls('decrypt')).toBe(1)
  })

  test('a throttled try of an older version is waited for', async () => {
    let refusals = 0
    server.override = ({ path }) => {
      if (!path.includes(`/${first.id}/decrypt`) || refusals > 0) return undefined
      refusals++
      return { status: 429, headers: { 'retry-after': '0' }, body: '' }
    }
    expect((await provider.openKey(url, sealed, owner)).dataKey).toEqual(dataKey)
    expect(refusals).toBe(1)
  })
})

test('a list that goes on at another server is not followed', async () => {
  server.override = ({ host, path, headers }) =>
    path.includes('/versions') && host.startsWith('one.') && headers.authorization !== undefined
      ? { status: 200, body: '{"value":[],"nextLink":"https://two.vault.azure.net/keys/app/versions?page=2"}' }
      : undefined
  expect((await errorOf(provider.openKey(url, sealed, owner))).code).toBe('ERR_INVALID_REPLY')
  expect(server.requests.filter(({ host }) => host.startsWith('two.'))).toEqual([])
})

test.each(['RSA-OAEP-256', 'RSA-OAEP', 'RSA1_5'])(
  'the vault does every operation of %s itself, and the key is not fetched first',
  async (algorithm) => {
    const named = parseKeyUrl(`${url.text}?algorithm=${algorithm}`)
    const made = await provider.createKey(named, user)
    expect((await provider.openKey(named, made.sealed, user)).dataKey).toEqual(made.dataKey)
    const asked = server.requests.filter(({ headers, host }) => host.includes('.vault.') && headers.authorization)
    expect(asked.map(({ method, path }) => `${method} ${path.split('?')[0]}`)).toEqual([
      'POST /keys/app//encrypt',
      'POST /keys/app//decrypt',
    ])
    for (const { body } of asked) expect(JSON.parse(body)).toMatchObject({ alg: algorithm })
  },
)

test('of a key with hundreds of versions only so many are tried', async () => {
  const many = new VaultKey(...Array.from({ length: 60 }, () => first.privateKey))
  server.keys.set('one.vault.azure.net/many', many)
  const foreign = Buffer.from(Buffer.alloc(256, 0xa5).toString('base64url')).toString('base64')
  const error = await errorOf(
    provider.openKey(parseKeyUrl('azurekeyvault://one.vault.azure.net/keys/many'), foreign, owner),
  )
  expect(error.code).toBe('ERR_WRONG_KEY')
  expect(error.details).toMatchObject({ versionsTried: 24 })
  expect(server.countCalls('decrypt')).toBe(25)
})
