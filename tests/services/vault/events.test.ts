import { createServer } from 'node:net'

import { Envelope, parseKeyUrl, type ProviderContext, Registry, type SealedKey } from '@stackseal/core'
import { vault } from '@stackseal/provider-vault'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { OpenBao, openbao } from '../../../tools/services/openbao.ts'
import { type EventName, eventOf } from '../event-log.ts'
import { leakRecord } from '../leaks/leak-record.ts'

const url = parseKeyUrl('hashivault://app')
const RIGHTS = { 'transit/encrypt/app': ['update'], 'transit/decrypt/app': ['update'] }

let bao: OpenBao
let context: ProviderContext
let registry: Registry
let sealedKey: SealedKey

const worldOf = (token: string, more: ProviderContext['env'] = {}): ProviderContext => {
  leakRecord.keepSecret(token)
  return { env: { VAULT_ADDR: bao.address, VAULT_TOKEN: token, ...more } }
}
const event = (name: EventName | `also: ${string}`, work: () => Promise<unknown>): Promise<string> =>
  eventOf('Vault', name, openbao.name, work)
const open = (world: ProviderContext, key: SealedKey = sealedKey): Promise<Envelope> =>
  Envelope.open(key, registry, world)

beforeAll(async () => {
  bao = await OpenBao.start()
  registry = new Registry([{ schemes: ['hashivault'], load: async () => vault() }])
  await bao.api('POST', 'transit/keys/app', {})
  await bao.api('POST', 'transit/keys/other', {})
  context = worldOf(await bao.tokenFor(RIGHTS))
  sealedKey = (await Envelope.create(url, registry, context)).sealedKey
})
afterAll(async () => {
  await registry.close()
  await bao.stop()
})

test('a key is made, and a value that was encrypted under it opens through another provider', async () => {
  const outcome = await event('init, set, get', async () => {
    const envelope = await Envelope.create(url, registry, context)
    const ciphertext = await envelope.encrypt('correct horse')
    const elsewhere = await Envelope.open(envelope.sealedKey, new Registry([vault()]), context)
    expect(await elsewhere.decrypt(ciphertext)).toBe('correct horse')
  })
  expect(outcome).toBe('done')
})

test('after a rotation the old text opens, and a re-wrap moves it to the new version', async () => {
  await bao.api('POST', 'transit/keys/other', {})
  const world = worldOf(bao.token)
  const other = parseKeyUrl('hashivault://other')
  const outcome = await event('re-wrap after rotation', async () => {
    const provider = vault()
    const { dataKey, sealed } = await provider.createKey(other, world)
    await bao.api('POST', 'transit/keys/other/rotate', {})
    expect((await provider.openKey(other, sealed, world)).dataKey).toEqual(dataKey)
    const rewrapped = await provider.sealKey?.(other, dataKey, world)
    expect(provider.describe?.(other, sealed)).toMatchObject({ version: '1' })
    expect(provider.describe?.(other, rewrapped)).toMatchObject({ version: '2' })
    expect((await provider.openKey(other, rewrapped ?? '', world)).dataKey).toEqual(dataKey)
    await provider.close?.()
  })
  expect(outcome).toBe('done')
})

describe('what is refused, and how', () => {
  test('rights removed', async () => {
    const token = await bao.tokenFor({ 'transit/encrypt/app': ['update'] })
    expect(await event('rights removed', () => open(worldOf(token)))).toBe('ERR_ACCESS_DENIED')
    expect(await event('also: init without decrypt', () => Envelope.create(url, registry, worldOf(token)))).toBe(
      'ERR_ACCESS_DENIED',
    )
  })

  test('a revoked token', async () => {
    const token = await bao.tokenFor(RIGHTS)
    await open(worldOf(token))
    await bao.api('POST', 'auth/token/revoke', { token })
    expect(await event('also: token revoked', () => open(worldOf(token)))).toBe('ERR_CREDENTIALS_INVALID')
  })

  test('an expired token', async () => {
    const token = await bao.tokenFor(RIGHTS, { ttl: '1s', explicit_max_ttl: '1s' })
    await open(worldOf(token))
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(await event('also: token expired', () => open(worldOf(token)))).toBe('ERR_CREDENTIALS_INVALID')
  })

  test('a token that was used up', async () => {
    const token = await bao.tokenFor(RIGHTS, { num_uses: 1 })
    await open(worldOf(token))
    expect(await event('also: token used up', () => open(worldOf(token)))).toBe('ERR_CREDENTIALS_INVALID')
  })

  test('no token', async () => {
    const world = { env: { VAULT_ADDR: bao.address } }
    expect(await event('also: no token', () => open(world))).toBe('ERR_CREDENTIALS_MISSING')
  })

  test('a server that is down', async () => {
    const down = await OpenBao.start()
    const world = worldOf('s.any', { VAULT_ADDR: down.address })
    await down.stop()
    expect(await event('service down', () => open(world))).toBe('ERR_UNAVAILABLE')
  })

  test('a quota that is used up, and then is not', async () => {
    await bao.api('POST', 'sys/quotas/rate-limit/events', { rate: 1, interval: '30s', path: 'transit/' })
    await open(context)
    expect(await event('also: throttled', () => open(context))).toBe('ERR_THROTTLED')
    const lifted = (async () => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      await bao.api('DELETE', 'sys/quotas/rate-limit/events')
    })()
    expect(await event('throttled, then well', () => open(context))).toBe('done')
    await lifted
  })

  test('a key that is disabled', async () => {
    await bao.api('DELETE', 'transit/keys/app/soft-delete')
    expect(await event('key disabled', () => open(context))).toBe('ERR_KEY_DISABLED')
    await bao.api('POST', 'transit/keys/app/soft-delete-restore', {})
    await open(context)
  })

  test('a key version that min_decryption_version shuts out', async () => {
    await bao.api('POST', 'transit/keys/versions', {})
    const versions = parseKeyUrl('hashivault://versions')
    const world = worldOf(bao.token)
    const old = (await Envelope.create(versions, registry, world)).sealedKey
    await bao.api('POST', 'transit/keys/versions/rotate', {})
    await bao.api('POST', 'transit/keys/versions/config', { min_decryption_version: 2 })
    expect(await event('also: key version shut out', () => open(world, old))).toBe('ERR_KEY_DISABLED')
  })

  test('another key', async () => {
    const wrong = { ...sealedKey, url: parseKeyUrl('hashivault://other') }
    expect(await event('wrong key', () => open(worldOf(bao.token), wrong))).toBe('ERR_WRONG_KEY')
  })

  test('a key that was deleted', async () => {
    await bao.api('POST', 'transit/keys/gone', {})
    const gone = parseKeyUrl('hashivault://gone')
    const world = worldOf(bao.token)
    const lost = (await Envelope.create(gone, registry, world)).sealedKey
    await bao.api('POST', 'transit/keys/gone/config', { deletion_allowed: true })
    await bao.api('DELETE', 'transit/keys/gone')
    expect(await event('also: key deleted', () => open(world, lost))).toBe('ERR_KEY_NOT_FOUND')
  })

  test('a mount and a namespace that are not there', async () => {
    const nowhere = { ...sealedKey, url: parseKeyUrl('hashivault://app?engine=nowhere') }
    expect(await event('also: no such mount', () => open(worldOf(bao.token), nowhere))).toBe('ERR_KEY_NOT_FOUND')
    const world = worldOf(bao.token, { VAULT_NAMESPACE: 'nowhere' })
    expect(await event('also: no such namespace', () => open(world))).toBe('ERR_KEY_NOT_FOUND')
  })

  test('a text that was tampered with', async () => {
    const text = atob(sealedKey.sealed)
    const tampered = { ...sealedKey, sealed: btoa(text.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))) }
    expect(await event('tampered encryptedkey', () => open(context, tampered))).toBe('ERR_WRONG_KEY')
  })

  test('an answer that does not come in time', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const bound = silent.address()
    const port = typeof bound === 'object' ? bound?.port : undefined
    const world = worldOf('s.any', { VAULT_ADDR: `http://127.0.0.1:${port}` })
    const start = performance.now()
    const outcome = await event('time-out', () => open({ ...world, signal: AbortSignal.timeout(700) }))
    silent.close()
    expect(outcome).toBe('ERR_TIMEOUT')
    expect(performance.now() - start).toBeLessThan(2_000)
  })

  test('a sealed server', async () => {
    const sealed = await OpenBao.start()
    await sealed.api('PUT', 'sys/seal')
    const world = worldOf(sealed.token, { VAULT_ADDR: sealed.address })
    const outcome = await event('also: server sealed', () => open(world))
    await sealed.stop()
    expect(outcome).toBe('ERR_UNAVAILABLE')
  })
})

test('a namespace, and an engine that is mounted under a path of its own, open', async () => {
  await bao.api('POST', 'sys/namespaces/team', {})
  await bao.api('POST', 'sys/mounts/keys/of/team', { type: 'transit' }, { namespace: 'team' })
  await bao.api('POST', 'keys/of/team/keys/app', {}, { namespace: 'team' })
  const world = worldOf(bao.token, { VAULT_NAMESPACE: 'team' })
  const inTeam = parseKeyUrl('hashivault://app?engine=keys/of/team')
  const outcome = await event('also: namespace and own mount', async () => {
    const envelope = await Envelope.create(inTeam, registry, world)
    await open(world, envelope.sealedKey)
  })
  expect(outcome).toBe('done')
})
