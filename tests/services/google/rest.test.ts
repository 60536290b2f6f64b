import { parseKeyUrl, type ProviderV1 } from '@stackseal/core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { gcpKmsAt } from '../../../packages/provider-gcpkms/src/gcp-kms.ts'
import { Drongo, drongo } from '../../../tools/services/drongo.ts'
import { eventOf } from '../event-log.ts'

// A server that nobody here wrote. Its ciphertexts hold the plaintext, so nothing is searched for keys here.
let server: Drongo
let provider: ProviderV1

const RING = 'projects/p/locations/global/keyRings'
const env = { GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29.any' }
const urlOf = (key: string, parameters = ''): ReturnType<typeof parseKeyUrl> =>
  parseKeyUrl(`gcpkms://${RING}/r/cryptoKeys/${key}${parameters}`)

beforeAll(async () => {
  server = await Drongo.start()
  await server.post(`${RING}?keyRingId=r`, {})
  for (const key of ['app', 'db']) {
    await server.post(`${RING}/r/cryptoKeys?cryptoKeyId=${key}`, { purpose: 'ENCRYPT_DECRYPT' })
  }
  const { port } = server
  // Over REST the SDK lets its signer make the request.
  const authClient = { fetch, getRequestHeaders: async () => new Headers() }
  provider = gcpKmsAt(() => ({ apiEndpoint: '127.0.0.1', port, protocol: 'http', fallback: true, authClient }))
})
afterAll(async () => {
  await provider.close?.()
  await server.stop()
})

const event = (name: string, work: () => Promise<unknown>): Promise<string> =>
  eventOf('Google Cloud KMS', `also: ${name} over REST`, drongo.name, work)

test('a key is made and opened', async () => {
  const outcome = await event('init', async () => {
    const { dataKey, sealed } = await provider.createKey(urlOf('app'), { env })
    expect((await provider.openKey(urlOf('app'), sealed, { env })).dataKey).toEqual(dataKey)
  })
  expect(outcome).toBe('done')
})

test.each([
  ['another key', () => urlOf('db'), 'ERR_WRONG_KEY'],
  ['other additional data', () => urlOf('app', '?additional_authenticated_data=YQ=='), 'ERR_WRONG_KEY'],
  ['a key that is not there', () => urlOf('lost'), 'ERR_KEY_NOT_FOUND'],
] as const)('%s is refused', async (what, url, code) => {
  const { sealed } = await provider.createKey(urlOf('app'), { env })
  expect(await event(what, () => provider.openKey(url(), sealed, { env }))).toBe(code)
})

test('a text that was tampered with is refused', async () => {
  const { sealed } = await provider.createKey(urlOf('app'), { env })
  const tampered = sealed.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
  const outcome = await event('tampered encryptedkey', () => provider.openKey(urlOf('app'), tampered, { env }))
  expect(['ERR_WRONG_KEY', 'ERR_MALFORMED_SEALED_KEY']).toContain(outcome)
})
