import { Envelope, parseKeyUrl, type ProviderContext, Registry, type SealedKey } from '@stackseal/core'
import { awsKms } from '@stackseal/provider-awskms'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { AwsCaller } from '../../../tools/services/aws-call.ts'
import type { KmsAdmin } from '../../../tools/services/kms-admin.ts'
import { LocalstackKms, localstackKms } from '../../../tools/services/localstack-kms.ts'
import { Microburst, microburst } from '../../../tools/services/microburst.ts'
import { CountingProxy } from '../counting-proxy.ts'
import { type EventName, eventOf } from '../event-log.ts'
import { leakRecord } from '../leaks/leak-record.ts'

const REGION = 'eu-west-1'
const url = parseKeyUrl('awskms://alias/app')
const FAULTY = `${microburst.name} before ${localstackKms.name}`

let localstack: LocalstackKms
let faults: Microburst
let proxy: CountingProxy
let admin: KmsAdmin
let app: string
let context: ProviderContext
let registry: Registry
let sealedKey: SealedKey

const worldAt = (address: string, caller: AwsCaller, more: ProviderContext['env'] = {}): ProviderContext => ({
  env: {
    AWS_ENDPOINT_URL_KMS: address,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: caller.id,
    AWS_SECRET_ACCESS_KEY: caller.secret,
    ...more,
  },
})
const here = (more: ProviderContext['env'] = {}): ProviderContext =>
  worldAt(localstack.address, localstack.caller, more)
const faulty = (): ProviderContext => worldAt(proxy.address, localstack.caller)
const calls = (): number => proxy.targets.filter((target) => target.endsWith('.Decrypt')).length
const event = (
  name: EventName | `also: ${string}`,
  work: () => Promise<unknown>,
  server: string = localstackKms.name,
): Promise<string> => eventOf('AWS', name, server, work)
const open = (world: ProviderContext, key: SealedKey = sealedKey): Promise<Envelope> =>
  Envelope.open(key, registry, world)

beforeAll(async () => {
  localstack = await LocalstackKms.start()
  leakRecord.keepSecret(localstack.caller.secret)
  faults = await Microburst.start(localstack.address)
  proxy = await CountingProxy.start(faults.address)
  registry = new Registry([{ schemes: ['awskms'], load: async () => awsKms() }])
  admin = localstack.admin(REGION)
  app = await admin.createKey('app')
  context = here()
  sealedKey = (await Envelope.create(url, registry, context)).sealedKey
})
afterEach(() => faults.setFaults([]))
afterAll(async () => {
  await registry.close()
  await proxy.stop()
  await faults.stop()
  await localstack.stop()
})

test('a key is made, and a value that was encrypted under it opens through another provider', async () => {
  const outcome = await event('init, set, get', async () => {
    const envelope = await Envelope.create(url, registry, context)
    const ciphertext = await envelope.encrypt('correct horse')
    const elsewhere = await Envelope.open(envelope.sealedKey, new Registry([awsKms()]), context)
    expect(await elsewhere.decrypt(ciphertext)).toBe('correct horse')
  })
  expect(outcome).toBe('done')
})

describe('a rotation', () => {
  test('of the key material: the old text opens, and a re-wrap opens too', async () => {
    const outcome = await event('re-wrap after rotation', async () => {
      const keyId = await admin.createKey('rotated')
      const rotated = parseKeyUrl('awskms://alias/rotated')
      const provider = awsKms()
      const { dataKey, sealed } = await provider.createKey(rotated, context)
      await admin.call('RotateKeyOnDemand', { KeyId: keyId })
      expect((await provider.openKey(rotated, sealed, context)).dataKey).toEqual(dataKey)
      const rewrapped = (await provider.sealKey?.(rotated, dataKey, context)) ?? ''
      expect(rewrapped).not.toBe(sealed)
      expect((await provider.openKey(rotated, rewrapped, context)).dataKey).toEqual(dataKey)
      await provider.close?.()
    })
    expect(outcome).toBe('done')
  })

  test('by hand, with another key under the alias: refused, opened with any key, moved by a re-wrap', async () => {
    await admin.createKey('moved')
    const moved = parseKeyUrl('awskms://alias/moved')
    const provider = awsKms()
    const { dataKey, sealed } = await provider.createKey(moved, context)
    await admin.pointAlias('moved', await admin.createKey())
    expect(await event('also: alias moved', () => open(context, { url: moved, sealed }))).toBe('ERR_WRONG_KEY')
    const told: string[] = []
    const anyKey = { ...here({ STACKSEAL_ANY_KEY: '1' }), tell: (text: string) => void told.push(text) }
    const outcome = await event('also: alias moved, any key', async () => {
      const opened = await provider.openKey(moved, sealed, anyKey)
      expect(opened.dataKey).toEqual(dataKey)
      const again = (await provider.sealKey?.(moved, opened.dataKey, context)) ?? ''
      expect((await provider.openKey(moved, again, context)).dataKey).toEqual(dataKey)
    })
    expect(outcome).toBe('done')
    expect(told.join()).toContain('rewrap')
    await provider.close?.()
  })
})

describe('keys and texts', () => {
  test('a key that is disabled, and then is not', async () => {
    await admin.setState(app, 'Disabled')
    expect(await event('key disabled', () => open(context))).toBe('ERR_KEY_DISABLED')
    await admin.setState(app, 'Enabled')
    await open(context)
  })

  test('a key that waits to be deleted', async () => {
    const keyId = await admin.createKey('leaving')
    const leaving = parseKeyUrl('awskms://alias/leaving')
    const { sealedKey: lost } = await Envelope.create(leaving, registry, context)
    await admin.setState(keyId, 'PendingDeletion')
    expect(await event('also: key waits to be deleted', () => open(context, lost))).toBe('ERR_KEY_DISABLED')
  })

  test('another key, by its alias and by its id', async () => {
    const id = await admin.createKey('other')
    const other = parseKeyUrl('awskms://alias/other')
    expect(await event('wrong key', () => open(context, { ...sealedKey, url: other }))).toBe('ERR_WRONG_KEY')
    const byId = { ...sealedKey, url: parseKeyUrl(`awskms://${id}`) }
    expect(await event('also: wrong key, by id', () => open(context, byId))).toBe('ERR_WRONG_KEY')
  })

  test('a key that is not there', async () => {
    for (const [name, text] of [
      ['no such alias', 'awskms://alias/lost'],
      ['no such key id', 'awskms://00000000-1111-2222-3333-444444444444'],
    ] as const) {
      const lost = { ...sealedKey, url: parseKeyUrl(text) }
      expect(await event(`also: ${name}`, () => open(context, lost))).toBe('ERR_KEY_NOT_FOUND')
    }
  })

  test('a text that was tampered with, at either end', async () => {
    const bytes = Buffer.from(sealedKey.sealed, 'base64')
    const changed = (at: number): SealedKey => ({
      ...sealedKey,
      sealed: Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))).toString('base64'),
    })
    const tail = changed(bytes.length - 1)
    expect(await event('tampered encryptedkey', () => open(context, tail))).toBe('ERR_WRONG_KEY')
    expect(await event('also: tampered in front', () => open(context, changed(3)))).toBe('ERR_WRONG_KEY')
  })

  test('another encryption context', async () => {
    const dev = parseKeyUrl('awskms://alias/app?context_stack=dev')
    const { sealedKey: inDev } = await Envelope.create(dev, registry, context)
    await open(context, inDev)
    for (const [name, text] of [
      ['other context', 'awskms://alias/app?context_stack=prod'],
      ['no context', 'awskms://alias/app'],
    ] as const) {
      const elsewhere = { ...inDev, url: parseKeyUrl(text) }
      expect(await event(`also: ${name}`, () => open(context, elsewhere))).toBe('ERR_WRONG_KEY')
    }
  })

  test('a key for signatures', async () => {
    await admin.createKey('signing', { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    const signing = parseKeyUrl('awskms://alias/signing')
    const outcome = await event('also: key for signatures', () => Envelope.create(signing, registry, context))
    expect(outcome).toBe('ERR_KEY_NOT_USABLE')
  })
})

describe('regions', () => {
  test('each form of a key URL leads to the key', async () => {
    const arn = await admin.arnOf(app)
    const aliasArn = arn.replace(/key\/.*/, 'alias/app')
    for (const text of [
      'awskms://alias/app',
      'awskms:///alias/app',
      `awskms://${app}`,
      `awskms:///${app}`,
      `awskms:///${arn}`,
      `awskms:///${aliasArn}`,
      `awskms://alias/app?region=${REGION}&awssdk=v2`,
    ]) {
      await open(context, { ...sealedKey, url: parseKeyUrl(text) })
    }
    const byArn = { ...sealedKey, url: parseKeyUrl(`awskms:///${arn}`) }
    const outcome = await event('also: region of the ARN', () => open(here({ AWS_REGION: undefined }), byArn))
    expect(outcome).toBe('done')
  })

  test('a key of another region is not there', async () => {
    const elsewhere = { ...sealedKey, url: parseKeyUrl('awskms://alias/app?region=us-west-2') }
    expect(await event('also: other region', () => open(context, elsewhere))).toBe('ERR_KEY_NOT_FOUND')
  })

  test('no region is no call', async () => {
    expect(await event('also: no region', () => open(here({ AWS_REGION: undefined })))).toBe('ERR_USAGE')
  })
})

describe('faults', () => {
  test('throttled, and then well', async () => {
    await faults.setFaults([{ operation: 'Decrypt', error: { code: 'ThrottlingException' }, times: 2 }])
    expect(await event('throttled, then well', () => open(faulty()), FAULTY)).toBe('done')
  })

  test('throttled each time', async () => {
    await faults.setFaults([{ error: { code: 'ThrottlingException' } }])
    const before = calls()
    expect(await event('also: throttled', () => open(faulty()), FAULTY)).toBe('ERR_THROTTLED')
    expect(calls() - before).toBe(3)
  })

  test.each([
    ['KMSInternalException', 500, 'ERR_UNAVAILABLE'],
    ['KeyUnavailableException', 500, 'ERR_UNAVAILABLE'],
    ['DependencyTimeoutException', 500, 'ERR_TIMEOUT'],
    ['ServiceUnavailableException', 503, 'ERR_UNAVAILABLE'],
  ])('%s twice, and then well; and each time', async (code, status, expected) => {
    await faults.setFaults([{ operation: 'Decrypt', error: { code, status }, times: 2 }])
    await open(faulty())
    await faults.setFaults([{ error: { code, status } }])
    expect(await event(`also: ${code}`, () => open(faulty()), FAULTY)).toBe(expected)
  })

  test('a refusal is not repeated', async () => {
    await faults.setFaults([{ error: { code: 'AccessDeniedException', status: 400 } }])
    const before = calls()
    expect(await event('also: refused at the proxy', () => open(faulty()), FAULTY)).toBe('ERR_ACCESS_DENIED')
    expect(calls() - before).toBe(1)
  })

  test('an answer that does not come in time', async () => {
    await faults.setFaults([{ latency: 20_000 }])
    const start = performance.now()
    const outcome = await event('time-out', () => open({ ...faulty(), signal: AbortSignal.timeout(700) }), FAULTY)
    expect(outcome).toBe('ERR_TIMEOUT')
    expect(performance.now() - start).toBeLessThan(2_000)
  })

  test('a caller who stops is answered at once', async () => {
    await faults.setFaults([{ latency: 20_000 }])
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 100)
    const start = performance.now()
    const outcome = await event('also: stopped', () => open({ ...faulty(), signal: stop.signal }), FAULTY)
    expect(outcome).toBe('ERR_INTERRUPTED')
    expect(performance.now() - start).toBeLessThan(1_000)
  })

  test('a connection that is cut', async () => {
    await faults.setFaults([{ reset: true }])
    expect(await event('also: connection cut', () => open(faulty()), FAULTY)).toBe('ERR_UNAVAILABLE')
    await faults.setFaults([{ operation: 'Decrypt', reset: true, times: 1 }])
    await open(faulty())
  })

  test('opening, and then a thousand values, take one call', async () => {
    const before = calls()
    const envelope = await open(faulty())
    const ciphertexts = await Promise.all(Array.from({ length: 1_000 }, (_, at) => envelope.encrypt(`value ${at}`)))
    const again = await open(faulty())
    const values = await Promise.all(ciphertexts.map((ciphertext) => again.decrypt(ciphertext)))
    expect(new Set(values).size).toBe(1_000)
    expect(calls() - before).toBe(2)
  })

  test('a server that is down', async () => {
    const down = await CountingProxy.start(localstack.address)
    const world = worldAt(down.address, localstack.caller)
    await down.stop()
    expect(await event('service down', () => open(world))).toBe('ERR_UNAVAILABLE')
  })
})
