import { isStacksealError, parseKeyUrl } from '@stackseal/core'
import { describe, expect, test } from 'vitest'

import { type AzureKey, azureKey } from '../src/azure-key.ts'
import { checkServer } from '../src/clouds.ts'
import { azureKeyVault } from '../src/index.ts'

const host = 'mykeyvault.vault.azure.net'
const key = (more: Partial<AzureKey> = {}): AzureKey => ({
  host,
  name: 'mykey',
  version: undefined,
  algorithm: 'RSA-OAEP-256',
  ...more,
})

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'done'
  } catch (error) {
    return isStacksealError(error) ? error.code : 'another error'
  }
}

// The tables of the Go CDK's own tests, and what its rules make of other forms.
const ACCEPTED: readonly (readonly [url: string, key: AzureKey])[] = [
  ['//go-cdk.vault.azure.net/keys/test1', key({ host: 'go-cdk.vault.azure.net', name: 'test1' })],
  ['//mykeyvault.vault.azure.net/keys/mykey', key()],
  ['//mykeyvault.vault.azure.net/keys/mykey/myversion', key({ version: 'myversion' })],
  [
    '//mykeyvault.vault.usgovcloudapi.net/keys/mykey/myversion',
    key({ host: 'mykeyvault.vault.usgovcloudapi.net', version: 'myversion' }),
  ],
  [
    '//mykeyvault.vault.region01.external.com/keys/mykey/myversion',
    key({ host: 'mykeyvault.vault.region01.external.com', version: 'myversion' }),
  ],
  ['//mykeyvault.vault.azure.cn/keys/mykey', key({ host: 'mykeyvault.vault.azure.cn' })],
  ['//mykeyvault.vault.microsoftazure.de/keys/mykey', key({ host: 'mykeyvault.vault.microsoftazure.de' })],
  ['//V.vault.azure.net/keys/mykey', key({ host: 'V.vault.azure.net' })],
  ['//mykeyvault.vault.azure.net/keys/mykey/ver/extra', key({ version: 'ver/extra' })],
  ['//mykeyvault.vault.azure.net/keys/mykey/', key()],
  ['//mykeyvault.vault.azure.net//keys///mykey//v', key({ version: 'v' })],
  ['//mykeyvault.vault.azure.net/secrets/../keys/./mykey', key()],
  ['//mykeyvault.vault.azure.net/keys/my%20key', key({ name: 'my key' })],
  ['//mykeyvault.vault.azure.net/keys/mykey#part', key()],
  ['//mykeyvault.vault.azure.net/keys/mykey?', key()],
  [
    '//mykeyvault.vault.azure.net/keys/mykey/myversion?algorithm=RSA-OAEP',
    key({ version: 'myversion', algorithm: 'RSA-OAEP' }),
  ],
  ['//mykeyvault.vault.azure.net/keys/mykey?algorithm=A256GCM', key({ algorithm: 'A256GCM' })],
  ['//mykeyvault.vault.azure.net/keys/mykey?algorithm=RSA1_5&algorithm=RSA-OAEP', key({ algorithm: 'RSA1_5' })],
]

const REFUSED: readonly string[] = [
  '///vault.azure.net/keys/mykey/myversion',
  '///mykeyvault.vault.azure.net/keys/mykey',
  '//mykeyvault.vault.azure.net/mykey/myversion',
  '//mykeyvault.vault.azure.net/keys/mykey/myversion?param=value',
  '//mykeyvault.vault.azure.net/keys/mykey?algorithm=',
  '//mykeyvault.vault.azure.net/keys/mykey?algorithm',
  '//mykeyvault.vault.azure.net/keys/mykey?algorithm=&algorithm=RSA-OAEP',
  '//mykeyvault.vault.azure.net/keys/mykey?api-version=7.4',
  '//mykeyvault.vault.azure.net/keys/mykey?Algorithm=RSA-OAEP',
  '//mykeyvault.vault.azure.net/keys/',
  '//mykeyvault.vault.azure.net/keys',
  '//mykeyvault.vault.azure.net/',
  '//mykeyvault.vault.azure.net',
  '//mykeyvault.vault.azure.net/Keys/mykey',
  '//mykeyvault.vault.azure.net/secrets/mykey',
  '//mykeyvault.vault.azure.net:443/keys/mykey',
  '//mykeyvault.vault.azure.net:/keys/mykey',
  '//V.VAULT.azure.net/keys/mykey',
  '//v.vault.Azure.net/keys/mykey',
  '//mykeyvault.managedhsm.azure.net/keys/mykey',
  '//mykeyvault.privatelink.vaultcore.azure.net/keys/mykey',
  '//vault.azure.net/keys/mykey',
  '//keys/mykey',
  'mykeyvault.vault.azure.net/keys/mykey',
  '/mykeyvault.vault.azure.net/keys/mykey',
  // Passes the reference's pattern, whose dot stands for a slash too, and would go to another server than it reads like.
  '//evil.example/x.vault.azure.net/keys/mykey',
  '//my_vault.vault.azure.net/keys/mykey',
  '//évil.vault.azure.net/keys/mykey',
  '//-a.vault.azure.net/keys/mykey',
  '//mykeyvault.vault.azure.net/keys/my%0Akey',
]

describe('a key URL of Key Vault', () => {
  test.each(ACCEPTED)('azurekeyvault:%s is read', (url, expected) => {
    expect(azureKey(parseKeyUrl(`azurekeyvault:${url}`))).toEqual(expected)
    expect(azureKey(parseKeyUrl(`AzureKeyVault:${url}`))).toEqual(expected)
  })

  test.each(REFUSED)('azurekeyvault:%s is refused', async (url) => {
    const text = `azurekeyvault:${url}`
    expect(codeOf(() => azureKey(parseKeyUrl(text)))).toBe('ERR_INVALID_KEY_URL')
    // Also by a provider, which must not have tried anything before.
    const made = azureKeyVault().createKey(parseKeyUrl(text), { env: {} })
    await expect(made).rejects.toMatchObject({ code: 'ERR_INVALID_KEY_URL', details: { scheme: 'azurekeyvault' } })
  })

  test('with a user name is refused, which the reference would pass over', () => {
    expect(codeOf(() => parseKeyUrl(`azurekeyvault://user@${host}/keys/k`))).toBe('ERR_INVALID_KEY_URL')
  })

  test('tells about itself without a call', () => {
    const provider = azureKeyVault()
    const algorithm = 'RSA-OAEP-256'
    expect(provider.describe?.(parseKeyUrl(`azurekeyvault://${host}/keys/k`), undefined)).toEqual({
      vault: host,
      key: 'k',
      algorithm,
    })
    expect(provider.describe?.(parseKeyUrl(`azurekeyvault://${host}/keys/k/0123?algorithm=RSA1_5`), 'AAAA')).toEqual({
      vault: host,
      key: 'k',
      version: '0123',
      algorithm: 'RSA1_5',
    })
  })
})

describe('the server that a key URL names', () => {
  test.each([
    ['app.vault.azure.net', '', 'done'],
    ['APP.vault.azure.net', '', 'done'],
    ['app.vault.azure.cn', '', 'done'],
    ['app.vault.usgovcloudapi.net', '', 'done'],
    ['app.vault.microsoftazure.de', '', 'done'],
    ['app.privatelink.vault.azure.net', '', 'done'],
    ['app.vault.region01.external.com', '', 'ERR_SERVER_NOT_ALLOWED'],
    ['app.vault.region01.external.com', 'other.example, app.vault.region01.external.com', 'done'],
    ['App.vault.region01.external.com', 'app.VAULT.region01.external.com', 'done'],
    ['app.vault.region01.external.com', 'vault.region01.external.com', 'ERR_SERVER_NOT_ALLOWED'],
    ['app.vault.azure.net.evil.example', '', 'ERR_SERVER_NOT_ALLOWED'],
    ['app.vault.azure.network', '', 'ERR_SERVER_NOT_ALLOWED'],
    ['app.vault.evil.example', '*', 'ERR_SERVER_NOT_ALLOWED'],
  ])('%s, with STACKSEAL_ALLOW_ENDPOINTS=%s: %s', (name, allowed, outcome) => {
    const named = azureKey(parseKeyUrl(`azurekeyvault://${name}/keys/k`))
    expect(codeOf(() => checkServer(named, { STACKSEAL_ALLOW_ENDPOINTS: allowed }))).toBe(outcome)
  })

  test('is looked at after the path was cleaned, as the reference cleans it', () => {
    const url = parseKeyUrl('azurekeyvault://app.vault.azure.net/../app.vault.evil.example/keys/k')
    expect(codeOf(() => checkServer(azureKey(url), {}))).toBe('ERR_SERVER_NOT_ALLOWED')
  })

  test('is refused before anything is loaded or asked', async () => {
    const made = azureKeyVault().createKey(parseKeyUrl('azurekeyvault://a.vault.evil.example/keys/k'), { env: {} })
    await expect(made).rejects.toMatchObject({
      code: 'ERR_SERVER_NOT_ALLOWED',
      hint: expect.stringContaining('STACKSEAL_ALLOW_ENDPOINTS'),
      details: { host: 'a.vault.evil.example' },
    })
  })
})

test.each(['keys/my%20key', 'keys/k/ver/extra', 'keys/k%2Fv%3F'])(
  'a name that no vault can have is not asked for: %s',
  async (path) => {
    const made = azureKeyVault().createKey(parseKeyUrl(`azurekeyvault://${host}/${path}`), { env: {} })
    await expect(made).rejects.toMatchObject({ code: 'ERR_KEY_NOT_FOUND' })
  },
)

test('an algorithm of symmetric keys is refused: it gives more than one text can keep', async () => {
  const url = parseKeyUrl(`azurekeyvault://${host}/keys/k?algorithm=A256GCM`)
  await expect(azureKeyVault().createKey(url, { env: {} })).rejects.toMatchObject({ code: 'ERR_KEY_NOT_USABLE' })
})
