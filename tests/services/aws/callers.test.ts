import { Envelope, parseKeyUrl, type ProviderContext, Registry, type SealedKey } from '@stackseal/core'
import { awsKms } from '@stackseal/provider-awskms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { AwsCaller } from '../../../tools/services/aws-call.ts'
import type { KmsAdmin } from '../../../tools/services/kms-admin.ts'
import { MiniStack, ministack } from '../../../tools/services/ministack.ts'
import { type EventName, eventOf } from '../event-log.ts'
import { leakRecord } from '../leaks/leak-record.ts'

const REGION = 'eu-west-1'
const url = parseKeyUrl('awskms://alias/app')
const USE = { Effect: 'Allow', Action: ['kms:Encrypt', 'kms:Decrypt'], Resource: '*' } as const

let stack: MiniStack
let admin: KmsAdmin
let app: string
let appArn: string
let owner: AwsCaller
let registry: Registry
let sealedKey: SealedKey

const worldOf = (caller: AwsCaller, more: ProviderContext['env'] = {}): ProviderContext => {
  leakRecord.keepSecret(caller.secret)
  const env = {
    AWS_ENDPOINT_URL: stack.address,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: caller.id,
    AWS_SECRET_ACCESS_KEY: caller.secret,
  }
  return { env: { ...env, ...more } }
}
const event = (name: EventName | `also: ${string}`, work: () => Promise<unknown>): Promise<string> =>
  eventOf('AWS', name, ministack.name, work)
const open = (world: ProviderContext, key: SealedKey = sealedKey): Promise<Envelope> =>
  Envelope.open(key, registry, world)

const setKeyPolicy = (statements: readonly object[]): Promise<unknown> =>
  admin.call('PutKeyPolicy', {
    KeyId: app,
    PolicyName: 'default',
    Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
  })

beforeAll(async () => {
  stack = await MiniStack.start()
  admin = stack.admin(REGION)
  app = await admin.createKey('app')
  appArn = await admin.arnOf(app)
  registry = new Registry([{ schemes: ['awskms'], load: async () => awsKms() }])
  owner = await stack.user('owner', [USE])
  sealedKey = (await Envelope.create(url, registry, worldOf(owner))).sealedKey
})
afterAll(async () => {
  await registry.close()
  await stack.stop()
})

describe('rights', () => {
  test('that were removed from the caller', async () => {
    const leaver = await stack.user('leaver', [USE])
    await open(worldOf(leaver))
    await stack.setPolicy('leaver', [{ ...USE, Action: 'kms:Encrypt' }])
    expect(await event('rights removed', () => open(worldOf(leaver)))).toBe('ERR_ACCESS_DENIED')
    expect(await event('also: init without decrypt', () => Envelope.create(url, registry, worldOf(leaver)))).toBe(
      'ERR_ACCESS_DENIED',
    )
  })

  test('that the policy of the key denies to one caller', async () => {
    const denied = await stack.user('denied', [USE])
    const deniedArn = `arn:aws:iam::${stack.account}:user/denied`
    await open(worldOf(denied))
    const everything = { Action: 'kms:*', Resource: '*' }
    const root = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${stack.account}:root` }, ...everything }
    await setKeyPolicy([root, { Effect: 'Deny', Principal: { AWS: deniedArn }, Action: 'kms:Decrypt', Resource: '*' }])
    expect(await event('also: denied by the key policy', () => open(worldOf(denied)))).toBe('ERR_ACCESS_DENIED')
    await open(worldOf(owner))
    await setKeyPolicy([root])
    await open(worldOf(denied))
  })

  test('for one key alone, which is named by its id or its ARN', async () => {
    const narrow = await stack.user('narrow', [{ ...USE, Resource: appArn }])
    const other = await admin.createKey('other')
    for (const name of [`awskms://${app}`, `awskms:///${appArn}`]) {
      await open(worldOf(narrow), { ...sealedKey, url: parseKeyUrl(name) })
    }
    const elsewhere = parseKeyUrl(`awskms://${other}`)
    expect(
      await event('also: right for another key', () => Envelope.create(elsewhere, registry, worldOf(narrow))),
    ).toBe('ERR_ACCESS_DENIED')
  })
})

describe('callers', () => {
  test('a secret key that does not belong to the access key', async () => {
    const world = worldOf({ ...owner, secret: 'wrong-secret-key-of-the-owner-0000000000' })
    expect(await event('also: wrong secret key', () => open(world))).toBe('ERR_CREDENTIALS_INVALID')
    await expect(open(world)).rejects.toMatchObject({ details: { error: 'InvalidSignatureException' } })
  })

  test('an access key that nobody has', async () => {
    const world = worldOf({ id: 'AKIANOBODYNOBODY0000', secret: owner.secret })
    expect(await event('also: unknown access key', () => open(world))).toBe('ERR_CREDENTIALS_INVALID')
    await expect(open(world)).rejects.toMatchObject({ details: { error: 'UnrecognizedClientException' } })
  })

  test('a session token that was not given out', async () => {
    const world = worldOf(owner, { AWS_SESSION_TOKEN: 'a-token-that-nobody-gave' })
    expect(await event('also: bogus session token', () => open(world))).toBe('ERR_CREDENTIALS_INVALID')
  })

  test('an access key that was taken back', async () => {
    const gone = await stack.user('gone', [USE])
    await open(worldOf(gone))
    await stack.iam('DeleteAccessKey', { UserName: 'gone', AccessKeyId: gone.id })
    expect(await event('also: access key deleted', () => open(worldOf(gone)))).toBe('ERR_CREDENTIALS_INVALID')
  })

  test('nobody', async () => {
    const env = { AWS_ENDPOINT_URL: stack.address, AWS_REGION: REGION, AWS_EC2_METADATA_DISABLED: 'true' }
    expect(await event('also: no credentials', () => open({ env }))).toBe('ERR_CREDENTIALS_MISSING')
  })
})

describe('a role', () => {
  test('that the key URL names is assumed with STS', async () => {
    const plain = await stack.user('plain', [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }])
    const arn = await stack.role('deploy', [USE])
    const asRole = parseKeyUrl(`awskms://alias/app?role=${arn}`)
    expect(await event('also: without the role', () => open(worldOf(plain)))).toBe('ERR_ACCESS_DENIED')
    expect(await event('also: role', () => open(worldOf(plain), { ...sealedKey, url: asRole }))).toBe('done')
  })

  test('that the caller may not assume', async () => {
    const stranger = await stack.user('stranger', [USE])
    const arn = await stack.role('other', [USE])
    const asRole = { ...sealedKey, url: parseKeyUrl(`awskms://alias/app?role=${arn}`) }
    expect(await event('also: role refused', () => open(worldOf(stranger), asRole))).toBe('ERR_ACCESS_DENIED')
  })
})
