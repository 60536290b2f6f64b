import { readFileSync } from 'node:fs'

import { Envelope, isStacksealError, parseKeyUrl, Registry } from '@stackseal/core'
import { afterAll, beforeEach, expect, test } from 'vitest'

import { awsKms } from '../src/index.ts'
import { kmsKey } from '../src/kms-key.ts'
import { CALLERS, json, KmsServer, refusal } from './kms-server.ts'
import { recordedKmsFiles } from './recorded-stacks.ts'

interface Tables {
  readonly cloudKeys: readonly { readonly secretsprovider?: string; readonly encryptedkey?: string }[]
  readonly cloudErrors: readonly { readonly secretsprovider: string; readonly error: string }[]
  readonly secretsProviderFlag: readonly { readonly value: string; readonly valid: boolean }[]
}

const tablesFile = new URL('../../../vectors/pulumi/tables.json', import.meta.url)
const tables = JSON.parse(readFileSync(tablesFile, 'utf8')) as Tables
const files = recordedKmsFiles()
const kms = await KmsServer.start()
const env = {
  AWS_ENDPOINT_URL_KMS: kms.origin,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: CALLERS.owner.id,
  AWS_SECRET_ACCESS_KEY: CALLERS.owner.secret,
}
/** The recorded endpoint is a port that was free that day; the fake of this run is asked in its place. */
const here = (url: string): string =>
  url
    .replace('http://127.0.0.1:25001', kms.origin)
    .replace('http%3A%2F%2F127.0.0.1%3A25001', encodeURIComponent(kms.origin))

beforeEach(() => {
  kms.requests.length = 0
  // What the recorded server opened, given again.
  kms.override = ({ body }) => {
    const found = files.find(({ encryptedKey }) => encryptedKey === body['CiphertextBlob'])
    if (found?.dataKey === undefined) return refusal('InvalidCiphertextException')
    return json({ Plaintext: found.dataKey.toString('base64'), KeyId: found.keyArn })
  }
})
afterAll(() => kms.close())

test('the recorded stacks are there, most with their data key', () => {
  expect(files.length).toBeGreaterThan(6)
  expect(files.filter(({ dataKey }) => dataKey !== undefined).length).toBeGreaterThan(4)
})

test.each(files)('$path has a key URL and a sealed key that are kept byte for byte', ({ url }) => {
  expect(parseKeyUrl(url).toString()).toBe(url)
  expect(kmsKey(parseKeyUrl(url)).keyId).toMatch(/^(?:alias\/vecs|(?:arn:aws:kms:us-east-1:\d+:key\/)?[\da-f-]{36})$/)
})

test.each(files.filter(({ dataKey }) => dataKey !== undefined))(
  '$path opens with its recorded data key to what the reference printed',
  async ({ url, encryptedKey, secrets, shown }) => {
    const registry = new Registry([awsKms()])
    const sealedKey = { url: parseKeyUrl(here(url)), sealed: encryptedKey }
    const envelope = await Envelope.open(sealedKey, registry, { env })
    expect(envelope.sealedKey.sealed).toBe(encryptedKey)
    const values = await Promise.all(secrets.map((ciphertext) => envelope.decrypt(ciphertext)))
    expect(values.length).toBeGreaterThan(0)
    for (const value of values) expect(shown).toContain(value)
    expect(kms.requests.map(({ operation, body }) => [operation, body['CiphertextBlob']])).toEqual([
      ['Decrypt', encryptedKey],
    ])
    await registry.close()
  },
)

test.each(tables.cloudKeys.filter(({ secretsprovider }) => secretsprovider?.startsWith('awskms:')))(
  'the key of $secretsprovider in the tables is asked for with its exact bytes',
  async ({ secretsprovider = '', encryptedkey = '' }) => {
    const url = parseKeyUrl(secretsprovider)
    expect(url.toString()).toBe(secretsprovider)
    const call = awsKms().openKey(url, encryptedkey, { env })
    await expect(call).rejects.toMatchObject({ code: 'ERR_WRONG_KEY' })
    expect(kms.requests[0]?.body).toEqual({ CiphertextBlob: encryptedkey, KeyId: kmsKey(url).keyId })
  },
)

test.each(tables.cloudErrors.filter(({ secretsprovider }) => secretsprovider.startsWith('awskms:')))(
  '$secretsprovider is refused, as in the reference',
  async ({ secretsprovider, error }) => {
    const refused: unknown = await awsKms()
      .createKey(parseKeyUrl(secretsprovider), { env })
      .catch((thrown: unknown) => thrown)
    if (!isStacksealError(refused)) throw new TypeError('it was not refused with a StacksealError')
    expect(refused.code).toBe('ERR_INVALID_KEY_URL')
    const parameter = /unknown query parameter "(\w+)"/.exec(error)?.[1] ?? ''
    expect(refused.message).toContain(parameter)
    expect(kms.requests).toEqual([])
  },
)

test.each(tables.secretsProviderFlag.filter(({ value }) => /^awskms:/i.test(value)))('$value', async ({ value }) => {
  // The reference's command line takes the scheme in lower case alone; the URL itself has no case there.
  expect(kmsKey(parseKeyUrl(value)).keyId).toBe('x')
})
