import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, test } from 'vitest'

import { vaultSettings } from '../src/vault-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'stackseal-vault-'))
const file = (name: string, text: string): string => {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  return path
}
const ADDRESS = { VAULT_ADDR: 'https://vault.example.com:8200' }
const CERT = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const KEY = '-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n'

afterAll(() => rmSync(folder, { recursive: true }))

describe('the address', () => {
  test.each([
    [{ VAULT_SERVER_URL: 'http://one', VAULT_ADDR: 'http://two' }, 'http://one'],
    [{ VAULT_SERVER_URL: '', VAULT_ADDR: 'http://two' }, 'http://two'],
    [{ VAULT_ADDR: 'https://vault.example.com:8200/' }, 'https://vault.example.com:8200'],
    [{ VAULT_ADDR: 'https://proxy.example.com/vault/' }, 'https://proxy.example.com/vault'],
  ])('of %j is %s', async (env, address) => {
    expect(await vaultSettings(env)).toMatchObject({ address, socketPath: undefined })
  })

  test('may be a Unix socket', async () => {
    const settings = await vaultSettings({ VAULT_ADDR: 'unix:///run/vault.sock' })
    expect(settings).toMatchObject({ address: 'http://localhost', socketPath: '/run/vault.sock' })
  })

  test.each([
    [{}, 'ERR_CREDENTIALS_MISSING'],
    [{ VAULT_ADDR: '', VAULT_SERVER_URL: '' }, 'ERR_CREDENTIALS_MISSING'],
    [{ VAULT_ADDR: 'vault.example.com' }, 'ERR_USAGE'],
    [{ VAULT_ADDR: 'ftp://vault.example.com' }, 'ERR_USAGE'],
    [{ VAULT_ADDR: 'http://user:hunter2@vault.example.com' }, 'ERR_USAGE'],
    [{ VAULT_ADDR: 'http://vault.example.com/?a=b' }, 'ERR_USAGE'],
  ])('of %j is refused with %s', async (env, code) => {
    await expect(vaultSettings(env)).rejects.toMatchObject({ code })
  })
})

describe('the token', () => {
  const home = join(folder, 'home')
  const homeWithoutToken = join(folder, 'elsewhere')
  file('home/.vault-token', 's.from-the-file\n')

  test.each([
    [{ VAULT_SERVER_TOKEN: 's.one', VAULT_TOKEN: 's.two', HOME: home }, 's.one', 'VAULT_SERVER_TOKEN'],
    [{ VAULT_SERVER_TOKEN: '', VAULT_TOKEN: 's.two', HOME: home }, 's.two', 'VAULT_TOKEN'],
    [{ VAULT_TOKEN: '', HOME: home }, 's.from-the-file', '~/.vault-token'],
    [{ HOME: homeWithoutToken }, undefined, undefined],
    [{}, undefined, undefined],
  ])('of %j is %s', async (env, token, tokenFrom) => {
    expect(await vaultSettings({ ...ADDRESS, ...env })).toMatchObject({ token, tokenFrom })
  })

  test.each(['s.two\n', 's.two words', 's.zwei\u00a0', '"s.twö"'])(
    '%j is refused without being shown',
    async (token) => {
      const error: unknown = await vaultSettings({ ...ADDRESS, VAULT_TOKEN: token }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'ERR_CREDENTIALS_INVALID' })
      expect(JSON.stringify(error)).not.toContain('s.')
    },
  )
})

describe('TLS', () => {
  const ca = file('ca.pem', CERT)
  const certificate = file('cert.pem', CERT)
  const key = file('key.pem', KEY)
  file('authorities/one.pem', CERT)
  file('authorities/more/two.pem', `${CERT}${CERT}`)
  const noPem = file('empty.pem', 'nothing')

  test.each([
    [undefined, true],
    ['', true],
    ['false', true],
    ['0', true],
    ['F', true],
    ['FALSE', true],
    ['true', false],
    ['1', false],
    ['t', false],
    ['True', false],
  ])('VAULT_SKIP_VERIFY=%s leaves the check of certificates %s', async (VAULT_SKIP_VERIFY, rejectUnauthorized) => {
    const { tls } = await vaultSettings({ ...ADDRESS, VAULT_SKIP_VERIFY })
    expect(tls).toEqual({ rejectUnauthorized })
  })

  test.each([
    [{ VAULT_CACERT: ca, VAULT_CAPATH: join(folder, 'authorities') }, { ca: [CERT] }],
    [{ VAULT_CACERT_BYTES: CERT, VAULT_CAPATH: join(folder, 'authorities') }, { ca: [CERT] }],
    [
      { VAULT_CLIENT_CERT: certificate, VAULT_CLIENT_KEY: key },
      { cert: CERT, key: KEY },
    ],
    [{ VAULT_TLS_SERVER_NAME: 'vault.internal' }, { servername: 'vault.internal' }],
  ])('%j is read', async (env, tls) => {
    const settings = await vaultSettings({ ...ADDRESS, ...env })
    expect(settings.tls).toEqual({ rejectUnauthorized: true, ...tls })
  })

  test('VAULT_CAPATH takes every file in a folder', async () => {
    const { tls } = await vaultSettings({ ...ADDRESS, VAULT_CAPATH: join(folder, 'authorities') })
    expect(tls.ca?.toSorted()).toEqual([CERT, `${CERT}${CERT}`])
  })

  test.each([
    [{ VAULT_SKIP_VERIFY: 'yes' }, 'ERR_USAGE'],
    [{ VAULT_SKIP_VERIFY: 'tRUE' }, 'ERR_USAGE'],
    [{ VAULT_CACERT: join(folder, 'missing.pem') }, 'ERR_FILE_NOT_FOUND'],
    [{ VAULT_CACERT: noPem }, 'ERR_USAGE'],
    [{ VAULT_CACERT: key }, 'ERR_USAGE'],
    [{ VAULT_CAPATH: join(folder, 'missing') }, 'ERR_FILE_NOT_FOUND'],
    [{ VAULT_CLIENT_CERT: certificate }, 'ERR_USAGE'],
    [{ VAULT_CLIENT_KEY: key }, 'ERR_USAGE'],
    [{ VAULT_CLIENT_CERT: certificate, VAULT_CLIENT_KEY: certificate }, 'ERR_USAGE'],
  ])('%j is refused with %s', async (env, code) => {
    await expect(vaultSettings({ ...ADDRESS, ...env })).rejects.toMatchObject({ code })
  })
})

describe('the rest', () => {
  test.each([
    [{ VAULT_NAMESPACE: 'team/a' }, { namespace: 'team/a' }],
    [{ VAULT_NAMESPACE: '' }, { namespace: undefined }],
    [{ VAULT_HEADERS: '{"X-Team":"infra"}' }, { headers: { 'X-Team': 'infra' } }],
    [{ VAULT_HEADERS: '{}' }, { headers: {} }],
    [{ HTTPS_PROXY: 'http://a', NO_PROXY: 'b' }, { proxyEnv: { HTTPS_PROXY: 'http://a', NO_PROXY: 'b' } }],
    [{ HTTPS_PROXY: 'http://a', https_proxy: 'http://b' }, { proxyEnv: { HTTPS_PROXY: 'http://b' } }],
    [
      { VAULT_PROXY_ADDR: 'http://c', NO_PROXY: '*' },
      { proxyEnv: { HTTP_PROXY: 'http://c', HTTPS_PROXY: 'http://c' } },
    ],
  ])('%j is read', async (env, settings) => {
    expect(await vaultSettings({ ...ADDRESS, ...env })).toMatchObject(settings)
  })

  test.each([
    '[]',
    'x',
    '{"X-Team":1}',
    '{"X-Vault-Token":"s.x"}',
    '{"x-vault-namespace":"n"}',
    '{"a b":"c"}',
    '{"a":"b\\n"}',
  ])('VAULT_HEADERS=%s is refused', async (VAULT_HEADERS) => {
    await expect(vaultSettings({ ...ADDRESS, VAULT_HEADERS })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})
