import { createServer as createHttpsServer } from 'node:https'
import { createServer, type Server } from 'node:net'

import { Envelope, parseKeyUrl, type ProviderContext, Registry, type SealedKey } from '@stackseal/core'
import { gcpKms } from '@stackseal/provider-gcpkms'
import { nodeWorld } from '@stackseal/provider-testkit'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { PARENT, refused, Status, TOKENS } from '../../../packages/provider-gcpkms/test/fake-kms.ts'
import { testCertificate } from '../../../packages/provider-gcpkms/test/kms-server.ts'
import { errorInfo } from '../../../packages/provider-gcpkms/test/status-details.ts'
import { type EventName, eventOf } from '../event-log.ts'
import { leakRecord } from '../leaks/leak-record.ts'
import { mapHost } from './map-hosts.mjs'
import { GoogleStandIn, STAND_IN } from './stand-in.ts'

// The provider is the one that is published: the name of the real service leads to the stand-in.
const urlOf = (key: string, parameters = ''): ReturnType<typeof parseKeyUrl> =>
  parseKeyUrl(`gcpkms://${PARENT}/${key}${parameters}`)
const url = urlOf('app')

let google: GoogleStandIn
let registry: Registry
let sealedKey: SealedKey

const worldOf = (token: string = TOKENS.owner): ProviderContext => {
  leakRecord.keepSecret(token)
  return { env: { GOOGLE_OAUTH_ACCESS_TOKEN: token } }
}
const context = worldOf()
const inTime = (): ProviderContext => ({ ...context, signal: AbortSignal.timeout(500) })
const fileUrl = (path: string): string => new URL(path, import.meta.url).href
const event = (name: EventName | `also: ${string}`, work: () => Promise<unknown>): Promise<string> =>
  eventOf('Google Cloud KMS', name, STAND_IN, work)

/** Opens through a provider of its own, so that a connection is made anew. */
async function open(world: ProviderContext = context, key: SealedKey = sealedKey): Promise<Envelope> {
  const fresh = new Registry([gcpKms()])
  try {
    return await Envelope.open(key, fresh, world)
  } finally {
    await fresh.close()
  }
}

beforeAll(async () => {
  google = await GoogleStandIn.start()
  registry = new Registry([{ schemes: ['gcpkms'], load: async () => gcpKms() }])
  sealedKey = (await Envelope.create(url, registry, context)).sealedKey
})
afterEach(() => {
  google.kms.override = undefined
  google.reach()
})
afterAll(async () => {
  await registry.close()
  google.stop()
})

test('a key is made, and a value that was encrypted under it opens through another provider', async () => {
  const outcome = await event('init, set, get', async () => {
    const envelope = await Envelope.create(url, registry, context)
    const ciphertext = await envelope.encrypt('correct horse')
    google.kms.requests.length = 0
    const elsewhere = await open(context, envelope.sealedKey)
    expect(await elsewhere.decrypt(ciphertext)).toBe('correct horse')
    expect(google.kms.requests).toHaveLength(1)
  })
  expect(outcome).toBe('done')
})

test('after a rotation the old text opens, and a re-wrap moves it to the new version', async () => {
  google.kms.addKey(`${PARENT}/rotated`)
  const rotated = urlOf('rotated')
  const outcome = await event('re-wrap after rotation', async () => {
    const provider = gcpKms()
    const { dataKey, sealed } = await provider.createKey(rotated, context)
    google.kms.rotate(`${PARENT}/rotated`)
    expect((await provider.openKey(rotated, sealed, context)).dataKey).toEqual(dataKey)
    const rewrapped = (await provider.sealKey?.(rotated, dataKey, context)) ?? ''
    // Only what was sealed under the new version opens without the old one.
    google.kms.setState(`${PARENT}/rotated`, 1, 'DESTROYED')
    expect((await provider.openKey(rotated, rewrapped, context)).dataKey).toEqual(dataKey)
    await expect(provider.openKey(rotated, sealed, context)).rejects.toMatchObject({ code: 'ERR_KEY_DISABLED' })
    await provider.close?.()
  })
  expect(outcome).toBe('done')
})

describe('what is refused, and how', () => {
  test('rights removed', async () => {
    await open(worldOf(TOKENS.owner))
    google.kms.callers.set('ya29.had-rights', new Set(['useToEncrypt', 'useToDecrypt']))
    const world = worldOf('ya29.had-rights')
    await open(world)
    google.kms.callers.set('ya29.had-rights', new Set(['useToEncrypt']))
    expect(await event('rights removed', () => open(world))).toBe('ERR_ACCESS_DENIED')
    expect(await event('also: init without decrypt', () => Envelope.create(url, registry, world))).toBe(
      'ERR_ACCESS_DENIED',
    )
  })

  test('a token that nobody knows, and none', async () => {
    expect(await event('also: token unknown', () => open(worldOf('ya29.nobody')))).toBe('ERR_CREDENTIALS_INVALID')
    const nobody = { env: { METADATA_SERVER_DETECTION: 'none' } }
    expect(await event('also: no credentials', () => open(nobody))).toBe('ERR_CREDENTIALS_MISSING')
  })

  test('a server that is down', async () => {
    google.reach(1)
    expect(await event('service down', () => open())).toBe('ERR_UNAVAILABLE')
  })

  test('a quota that is used up, and then is not', async () => {
    const tooMany = refused(Status.RESOURCE_EXHAUSTED, 'Quota exceeded', errorInfo('RATE_LIMIT_EXCEEDED'))
    google.kms.override = () => tooMany
    expect(await event('also: throttled', () => open())).toBe('ERR_THROTTLED')
    let refusals = 0
    google.kms.override = () => (++refusals > 2 ? undefined : tooMany)
    expect(await event('throttled, then well', () => open())).toBe('done')
    expect(refusals).toBe(3)
  })

  test('a key that is disabled, and one whose end is near', async () => {
    google.kms.setState(`${PARENT}/app`, 1, 'DISABLED')
    expect(await event('key disabled', () => open())).toBe('ERR_KEY_DISABLED')
    google.kms.setState(`${PARENT}/app`, 1, 'DESTROY_SCHEDULED')
    expect(await event('also: key to be destroyed', () => open())).toBe('ERR_KEY_DISABLED')
    google.kms.setState(`${PARENT}/app`, 1, 'ENABLED')
    await open()
  })

  test('another key, and other additional data', async () => {
    expect(await event('wrong key', () => open(context, { ...sealedKey, url: urlOf('db') }))).toBe('ERR_WRONG_KEY')
    const bound = urlOf('app', '?additional_authenticated_data=YQ==')
    const outcome = await event('also: other additional data', () => open(context, { ...sealedKey, url: bound }))
    expect(outcome).toBe('ERR_WRONG_KEY')
  })

  test('a key that is not there, and one that can not seal', async () => {
    const lost = { ...sealedKey, url: urlOf('lost') }
    expect(await event('also: no such key', () => open(context, lost))).toBe('ERR_KEY_NOT_FOUND')
    google.kms.addKey(`${PARENT}/signs`, { purpose: 'ASYMMETRIC_SIGN' })
    const outcome = await event('also: key to sign with', () => Envelope.create(urlOf('signs'), registry, context))
    expect(outcome).toBe('ERR_KEY_NOT_USABLE')
  })

  test('a text that was tampered with', async () => {
    const bytes = Buffer.from(sealedKey.sealed, 'base64')
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    const tampered = { ...sealedKey, sealed: bytes.toString('base64') }
    expect(await event('tampered encryptedkey', () => open(context, tampered))).toBe('ERR_WRONG_KEY')
    const cut = { ...sealedKey, sealed: bytes.subarray(0, -3).toString('base64') }
    expect(await event('also: encryptedkey cut off', () => open(context, cut))).toBe('ERR_MALFORMED_SEALED_KEY')
  })

  test('an answer that does not come in time, of a service and of a server that is none', async () => {
    const silent: Server = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const bound = silent.address()
    const start = performance.now()
    google.kms.override = () => 'silence'
    expect(await event('time-out', () => open(inTime()))).toBe('ERR_TIMEOUT')
    google.reach(typeof bound === 'object' ? bound?.port : undefined)
    expect(await event('also: time-out of a connection', () => open(inTime()))).toBe('ERR_TIMEOUT')
    expect(performance.now() - start).toBeLessThan(3_000)
    silent.close()
  })
})

test('a person who signed in with gcloud opens, until the sign-in expires', async () => {
  let isExpired = false
  const tokens = createHttpsServer(testCertificate(), (_, response) => {
    response.statusCode = isExpired ? 400 : 200
    response.setHeader('content-type', 'application/json')
    const refusal = { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' }
    const token = { access_token: TOKENS.owner, expires_in: 3600, token_type: 'Bearer' }
    response.end(JSON.stringify(isExpired ? refusal : token))
  })
  await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve))
  const bound = tokens.address()
  mapHost('oauth2.googleapis.com:443', `127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`)
  const secrets = { client_secret: 'd-secret-of-the-client', refresh_token: '1//refresh-of-a-person' }
  const content = { type: 'authorized_user', client_id: 'a-client', ...secrets }
  const world = { env: { GOOGLE_CREDENTIALS: JSON.stringify(content) } }
  expect(await event('also: signed in as a person', () => open(world))).toBe('done')
  isExpired = true
  expect(await event('also: sign-in of a person expired', () => open(world))).toBe('ERR_CREDENTIALS_INVALID')
  tokens.closeAllConnections()
  tokens.close()
})

test('an unmodified program reaches the stand-in through the preload', async () => {
  const { GOOGLE_OAUTH_ACCESS_TOKEN: token, ...poison } = google.environment()
  const module = {
    url: fileUrl('../../../packages/provider-gcpkms/src/index.ts'),
    exportName: 'gcpKms',
    aliases: { '@stackseal/core': fileUrl('../../../packages/core/src/index.ts') },
    poison,
  }
  google.kms.requests.length = 0
  const key = { url: url.text, env: { GOOGLE_OAUTH_ACCESS_TOKEN: token } }
  const { result, output } = await nodeWorld().watchUse(module, key)
  expect({ result, output }).toEqual({ result: 'same key', output: '' })
  expect(google.kms.requests.map(({ method }) => method)).toEqual(['Encrypt', 'Decrypt'])
})
