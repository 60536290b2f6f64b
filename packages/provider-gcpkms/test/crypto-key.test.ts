import { parseKeyUrl } from '@stackseal/core'
import { expect, test } from 'vitest'

import { cryptoKey } from '../src/crypto-key.ts'
import { gcpKms } from '../src/index.ts'
import { thrownBy } from './thrown-by.ts'

const NAME = 'projects/MYPROJECT/locations/MYLOCATION/keyRings/MYKEYRING/cryptoKeys/MYKEY'
const AAD = 'additional_authenticated_data'
const dataOf = (text: string): string | undefined => {
  const { additionalData } = cryptoKey(parseKeyUrl(text))
  return additionalData === undefined ? undefined : Buffer.from(additionalData).toString()
}

test.each([
  [`gcpkms://${NAME}`, NAME],
  [`GCPKMS://${NAME}`, NAME],
  [`gcpkms://${NAME}/`, NAME],
  [`gcpkms://${NAME}#fragment`, NAME],
  ['gcpkms://projects//p/locations/l/keyRings/./r/cryptoKeys/k', 'projects/p/locations/l/keyRings/r/cryptoKeys/k'],
  ['gcpkms://projects/a/../p/locations/l/keyRings/r/cryptoKeys/k', 'projects/p/locations/l/keyRings/r/cryptoKeys/k'],
  ['gcpkms://x/../projects/p/locations/l/keyRings/r/cryptoKeys/k', 'projects/p/locations/l/keyRings/r/cryptoKeys/k'],
  ['gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k%31', 'projects/p/locations/l/keyRings/r/cryptoKeys/k1'],
  [
    'gcpkms://projects/example.com:p-1/locations/eu-west1/keyRings/R_1/cryptoKeys/k-2',
    'projects/example.com:p-1/locations/eu-west1/keyRings/R_1/cryptoKeys/k-2',
  ],
])('%s names %s', (text, name) => {
  expect(cryptoKey(parseKeyUrl(text)).name).toBe(name)
})

test.each([
  [`gcpkms://${NAME}`, undefined],
  [`gcpkms://${NAME}?${AAD}=`, undefined],
  [`gcpkms://${NAME}?${AAD}=SGVsbG8sIOS4lueVjA==`, 'Hello, 世界'],
  [`gcpkms://${NAME}?${AAD}=SGVsbG8sIOS4lueVjA%3D%3D`, 'Hello, 世界'],
  [`gcpkms://${NAME}?${AAD}=YQ==&${AAD}=Yg==`, 'a'],
  [`gcpkms://${NAME}?${AAD}=Pj4-Pz8_`, '>>>???'],
])('%s binds to %j', (text, data) => {
  expect(dataOf(text)).toBe(data)
})

test.each([
  `gcpkms:${NAME}`,
  'gcpkms://',
  'gcpkms://projects',
  'gcpkms://key',
  `gcpkms:///${NAME}`,
  `gcpkms://${NAME}/cryptoKeyVersions/1`,
  `gcpkms://${NAME}/cryptoKeyVersions/1/extra`,
  `gcpkms://${NAME}/..`,
  'gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/../../../../../../../k',
  'gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys',
  'gcpkms://projects/p/locations/l/keyrings/r/cryptokeys/k',
  'gcpkms://PROJECTS/p/locations/l/keyRings/r/cryptoKeys/k',
  'gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/a%20b',
  'gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/a%0ab',
  'gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/a%2fb',
  `gcpkms://${NAME}?param=value`,
  `gcpkms://${NAME}?Additional_Authenticated_Data=YQ==`,
  `gcpkms://${NAME}?${AAD}=22`,
  `gcpkms://${NAME}?${AAD}=YQ`,
  `gcpkms://${NAME}?${AAD}=Pj4+Pz8/`,
  `gcpkms://${NAME}?${AAD}=Pj4%2BPz8%2F`,
  `gcpkms://${NAME}?${AAD}=****`,
])('%s is refused', (text) => {
  expect(thrownBy(() => cryptoKey(parseKeyUrl(text)))).toMatchObject({
    code: 'ERR_INVALID_KEY_URL',
    hint: expect.stringMatching(/\S/),
  })
})

test('a version of a key is refused with the name to take', () => {
  const error = thrownBy(() => cryptoKey(parseKeyUrl(`gcpkms://${NAME}/cryptoKeyVersions/7`)))
  expect(error).toMatchObject({ hint: expect.stringContaining(`${NAME} `) })
})

test('a refused key URL is refused before credentials are looked for', async () => {
  const call = gcpKms().createKey(parseKeyUrl('gcpkms://key'), { env: {} })
  await expect(call).rejects.toMatchObject({ code: 'ERR_INVALID_KEY_URL' })
})

test('describes project, location, key ring and key', () => {
  const url = parseKeyUrl(`gcpkms://${NAME}`)
  const facts = { project: 'MYPROJECT', location: 'MYLOCATION', keyRing: 'MYKEYRING', key: 'MYKEY' }
  expect(gcpKms().describe?.(url, undefined)).toEqual(facts)
  expect(gcpKms().describe?.(url, btoa('\n'))).toEqual(facts)
})
