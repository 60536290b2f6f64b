import { decodeBase64, Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { afterAll, describe, expect, test } from 'vitest'

import { cryptoKey } from '../src/crypto-key.ts'
import { FakeKms, PARENT, TOKENS } from './fake-kms.ts'
import { gcpKmsOnLoopback, PORT_VARIABLE } from './loopback.ts'
import { recordedCloudKeys, recordedKmsStacks } from './recorded-stacks.ts'

const stacks = recordedKmsStacks()
const fake = await FakeKms.start()
for (const { files, kmsKey } of stacks) {
  for (const { url } of files) fake.addKey(cryptoKey(parseKeyUrl(url)).name, { bare: kmsKey })
}
const context = { env: { [PORT_VARIABLE]: String(fake.port), GOOGLE_OAUTH_ACCESS_TOKEN: TOKENS.owner } }

afterAll(() => fake.stop())

describe.each(stacks)('the recorded stack $name', ({ files, dataKey }) => {
  test.each(files)('opens from $path', async ({ url, encryptedKey, secrets, shown }) => {
    fake.requests.length = 0
    const registry = new Registry([gcpKmsOnLoopback()])
    const envelope = await Envelope.open({ url: parseKeyUrl(url), sealed: encryptedKey }, registry, context)
    const values = await Promise.all(secrets.map((ciphertext) => envelope.decrypt(ciphertext)))
    expect(values.length).toBeGreaterThan(0)
    for (const value of values) expect(shown).toContain(value)
    expect(envelope.sealedKey).toMatchObject({ sealed: encryptedKey, url: { text: url } })
    expect(fake.requests.map(({ method }) => method)).toEqual(['Decrypt'])
    await registry.close()
  })

  test('has the data key that was recorded with it', async () => {
    const [first] = files
    if (first === undefined) throw new TypeError('the stack has no file')
    const provider = gcpKmsOnLoopback()
    const { dataKey: opened } = await provider.openKey(parseKeyUrl(first.url), first.encryptedKey, context)
    expect(Buffer.from(opened)).toEqual(dataKey)
    await provider.close?.()
  })
})

test('the recorded stacks are there', () => {
  expect(stacks.flatMap(({ files }) => files).length).toBeGreaterThan(1)
})

test.each(recordedCloudKeys())(
  'the recorded key of $secretsprovider goes to the service as it was stored',
  async (row) => {
    const { name } = cryptoKey(parseKeyUrl(row.secretsprovider))
    const stored = decodeBase64(row.encryptedkey)
    fake.requests.length = 0
    const provider = gcpKmsOnLoopback()
    // The key lies with the real service, so all that can be seen is what would be asked of it.
    await expect(provider.openKey(parseKeyUrl(row.secretsprovider), row.encryptedkey, context)).rejects.toMatchObject({
      code: 'ERR_KEY_NOT_FOUND',
    })
    const message = fake.requests.at(-1)?.message
    expect(message?.name).toBe(name)
    expect(
      'bytes' in stored && Buffer.from(Reflect.get(message ?? {}, 'ciphertext') as Uint8Array).equals(stored.bytes),
    ).toBe(true)
    await provider.close?.()
  },
)

test('what is newly sealed opens after a rotation of the key, and a re-wrap moves it to the new version', async () => {
  const url = parseKeyUrl(`gcpkms://${PARENT}/app`)
  const provider = gcpKmsOnLoopback()
  const { dataKey, sealed } = await provider.createKey(url, context)
  fake.rotate(`${PARENT}/app`)
  expect((await provider.openKey(url, sealed, context)).dataKey).toEqual(dataKey)
  const rewrapped = (await provider.sealKey?.(url, dataKey, context)) ?? ''
  fake.setState(`${PARENT}/app`, 1, 'DISABLED')
  await expect(provider.openKey(url, sealed, context)).rejects.toMatchObject({ code: 'ERR_KEY_DISABLED' })
  expect((await provider.openKey(url, rewrapped, context)).dataKey).toEqual(dataKey)
  await provider.close?.()
})
