import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { parseKeyUrl, type ProviderContext } from '@stackseal/core'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

import { readCredentials } from '../src/credentials.ts'
import { FakeKms, PARENT, TOKENS } from './fake-kms.ts'
import { gcpKmsOnLoopback, PORT_VARIABLE } from './loopback.ts'

type Env = ProviderContext['env']

const folder = mkdtempSync(join(tmpdir(), 'stackseal-gcpkms-'))
const file = (name: string, content: string | object): string => {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const account = (name: string): object => ({
  type: 'service_account',
  project_id: 'p',
  private_key_id: 'id',
  private_key: PEM,
  client_email: `${name}@p.iam.example.com`,
  token_uri: 'http://127.0.0.1:1/token',
})
const user = (more: object = {}): object => ({
  type: 'authorized_user',
  client_id: 'a client',
  client_secret: 'the secret of a client',
  refresh_token: '1//refresh',
  ...more,
})
const nowhere: Env = { METADATA_SERVER_DETECTION: 'none' }
const inContent = JSON.stringify(account('content'))
const named = file('named.json', account('named'))
const config = join(file('config/application_default_credentials.json', user()), '..')
const home = join(file('home/.config/gcloud/application_default_credentials.json', user()), '../../..')
const appData = join(file('AppData/gcloud/application_default_credentials.json', user()), '../..')

afterAll(() => rmSync(folder, { recursive: true }))

describe('the credentials', () => {
  test.each<[string, Env, string, string]>([
    [
      'a content and a token',
      { GOOGLE_CREDENTIALS: inContent, GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29.t' },
      'file',
      'GOOGLE_CREDENTIALS',
    ],
    [
      'an empty content and a token',
      { GOOGLE_CREDENTIALS: '', GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29.t' },
      'token',
      'GOOGLE_OAUTH_ACCESS_TOKEN',
    ],
    [
      'a token and a file',
      { GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29.t', GOOGLE_APPLICATION_CREDENTIALS: named },
      'token',
      'GOOGLE_OAUTH_ACCESS_TOKEN',
    ],
    [
      'a file, and one of gcloud',
      { GOOGLE_APPLICATION_CREDENTIALS: named, HOME: home },
      'file',
      'GOOGLE_APPLICATION_CREDENTIALS',
    ],
    [
      'an empty path, and a file of gcloud',
      { GOOGLE_APPLICATION_CREDENTIALS: '', HOME: home },
      'file',
      'gcloud auth application-default login',
    ],
    [
      'a folder of gcloud that is named',
      { CLOUDSDK_CONFIG: config, HOME: '/nowhere' },
      'file',
      'gcloud auth application-default login',
    ],
    [
      'a folder of gcloud as on Windows',
      { APPDATA: appData, HOME: '/nowhere' },
      'file',
      'gcloud auth application-default login',
    ],
    [
      'a machine that has an account',
      { METADATA_SERVER_DETECTION: 'assume-present' },
      'machine',
      'the service account of this machine',
    ],
  ])('with %s are found', async (_, env, kind, from) => {
    expect(await readCredentials({ ...nowhere, ...env }, undefined)).toMatchObject({ kind, from })
  })

  test.each<[string, Env, string]>([
    ['nothing', {}, 'ERR_CREDENTIALS_MISSING'],
    ['a home without a file', { HOME: folder }, 'ERR_CREDENTIALS_MISSING'],
    ['empty variables', { GOOGLE_CREDENTIALS: '', GOOGLE_OAUTH_ACCESS_TOKEN: '', HOME: '' }, 'ERR_CREDENTIALS_MISSING'],
    ['a path in place of content', { GOOGLE_CREDENTIALS: named }, 'ERR_CREDENTIALS_INVALID'],
    ['a list', { GOOGLE_CREDENTIALS: '[]' }, 'ERR_CREDENTIALS_INVALID'],
    ['content that ends too soon', { GOOGLE_CREDENTIALS: inContent.slice(0, -1) }, 'ERR_CREDENTIALS_INVALID'],
    [
      'an account without an address',
      { GOOGLE_CREDENTIALS: '{"type":"service_account","private_key":"hunter2"}' },
      'ERR_CREDENTIALS_INVALID',
    ],
    [
      'content without a type',
      { GOOGLE_CREDENTIALS: '{"client_email":"a","private_key":"hunter2"}' },
      'ERR_CREDENTIALS_INVALID',
    ],
    [
      'a refresh token that is a number',
      { GOOGLE_CREDENTIALS: JSON.stringify(user({ refresh_token: 7 })) },
      'ERR_CREDENTIALS_INVALID',
    ],
    ['a type that nobody knows', { GOOGLE_CREDENTIALS: '{"type":"banana"}' }, 'ERR_CREDENTIALS_INVALID'],
    ['a token with a space', { GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29 token' }, 'ERR_CREDENTIALS_INVALID'],
    ['a token with a line end', { GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29.token\n' }, 'ERR_CREDENTIALS_INVALID'],
    [
      'a path that leads nowhere',
      { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/at.json', HOME: home },
      'ERR_FILE_NOT_FOUND',
    ],
    ['a path of a folder', { GOOGLE_APPLICATION_CREDENTIALS: folder }, 'ERR_IO'],
    [
      'a file that is not JSON',
      { GOOGLE_APPLICATION_CREDENTIALS: file('broken.json', `{"private_key": ${PEM}`) },
      'ERR_CREDENTIALS_INVALID',
    ],
  ])('with %s are refused', async (_, env, code) => {
    const error: unknown = await readCredentials({ ...nowhere, ...env }, undefined).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/\S/) })
    for (const secret of ['hunter2', 'ya29', '1//refresh', PEM.slice(40, 60)]) {
      expect(`${JSON.stringify(error)}${String((error as Error).stack)}`).not.toContain(secret)
    }
  })

  test('of a machine without an account are looked for at most so long', async () => {
    const silent = createServer(() => undefined)
    const origin = await listen(silent)
    const start = performance.now()
    const call = readCredentials({ GCE_METADATA_HOST: origin.slice('http://'.length) }, undefined)
    await expect(call).rejects.toMatchObject({ code: 'ERR_CREDENTIALS_MISSING' })
    expect(performance.now() - start).toBeLessThan(2_000)
    silent.closeAllConnections()
    silent.close()
  })

  test.each([
    ['Google', 'machine'],
    ['Other', 'ERR_CREDENTIALS_MISSING'],
  ])('of a machine whose metadata server says %s are %s', async (flavor, outcome) => {
    const server = createServer((_, response) => response.setHeader('metadata-flavor', flavor).end('x'))
    const origin = await listen(server)
    const found = await readCredentials({ GCE_METADATA_HOST: origin.slice('http://'.length) }, undefined).then(
      ({ kind }) => kind,
      (error: unknown) => (error as { code: string }).code,
    )
    server.closeAllConnections()
    server.close()
    expect(found).toBe(outcome)
  })
})

describe('signing in', () => {
  const url = parseKeyUrl(`gcpkms://${PARENT}/app`)
  let fake: FakeKms
  let tokens: Server
  let tokenOrigin: string
  let answer: { status: number; body: object | string }
  const asked: IncomingMessage[] = []

  beforeAll(async () => {
    fake = await FakeKms.start()
    fake.accounts.set('content@p.iam.example.com', publicKey.export({ type: 'spki', format: 'pem' }).toString())
    fake.accounts.set('named@p.iam.example.com', publicKey.export({ type: 'spki', format: 'pem' }).toString())
    fake.callers.set('content@p.iam.example.com', new Set(['useToEncrypt', 'useToDecrypt']))
    fake.callers.set('named@p.iam.example.com', new Set(['useToEncrypt']))
    tokens = createServer((request, response) => {
      asked.push(request)
      const { status, body } = answer
      response.writeHead(status, { 'content-type': 'application/json', 'metadata-flavor': 'Google' })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
    tokenOrigin = await listen(tokens)
  })
  afterEach(() => {
    asked.length = 0
  })
  afterAll(() => {
    fake.stop()
    tokens.closeAllConnections()
    tokens.close()
  })

  async function open(env: Env): Promise<string> {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const provider = gcpKmsOnLoopback()
    const world = { env: { ...nowhere, ...env, [PORT_VARIABLE]: String(fake.port) } }
    const error: unknown = await provider
      .createKey(url, world)
      .then(({ sealed }) => provider.openKey(url, sealed, world))
      .catch((thrown: unknown) => thrown)
    await provider.close?.()
    expect(warned.mock.calls).toEqual([])
    warned.mockRestore()
    if (!(error instanceof Error)) return 'done'
    expect(JSON.stringify(error)).not.toMatch(/1..refresh|secret of|PRIVATE|ya29/)
    expect((error as { hint?: string }).hint).toMatch(/\S/)
    return (error as unknown as { code: string }).code
  }

  test('a service account signs for itself, with the scope of Cloud KMS', async () => {
    expect(await open({ GOOGLE_CREDENTIALS: inContent })).toBe('done')
    expect(asked).toHaveLength(0)
  })

  test('a service account of a file has its own rights', async () => {
    expect(await open({ GOOGLE_APPLICATION_CREDENTIALS: named })).toBe('ERR_ACCESS_DENIED')
  })

  test('a service account that nobody knows is refused', async () => {
    expect(await open({ GOOGLE_CREDENTIALS: JSON.stringify(account('nobody')) })).toBe('ERR_CREDENTIALS_INVALID')
  })

  test('a private key that is none is told before anything is sent', async () => {
    const content = JSON.stringify({ ...account('content'), private_key: '-----BEGIN PRIVATE KEY-----\nAAAA\n' })
    fake.requests.length = 0
    expect(await open({ GOOGLE_CREDENTIALS: content })).toBe('ERR_CREDENTIALS_INVALID')
    expect(fake.requests).toHaveLength(0)
  })

  test('credentials of another universe are told', async () => {
    const content = JSON.stringify({ ...account('content'), universe_domain: 'example.com' })
    expect(await open({ GOOGLE_CREDENTIALS: content })).toBe('ERR_CREDENTIALS_INVALID')
  })

  // The account that another one stands in for: the one kind of file whose servers a test may choose.
  const external = (): string =>
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/other',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${tokenOrigin}/v1/token`,
      credential_source: { file: file('subject-token', 'a token of another cloud') },
    })

  test('a token of another cloud is exchanged for one of Google’s', async () => {
    const token = { access_token: TOKENS.owner, token_type: 'Bearer', expires_in: 3600, issued_token_type: 'x' }
    answer = { status: 200, body: token }
    expect(await open({ GOOGLE_CREDENTIALS: external() })).toBe('done')
    expect(asked.map(({ url: path }) => path)).toEqual(['/v1/token'])
  })

  test.each([
    [
      400,
      { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
      'ERR_CREDENTIALS_INVALID',
    ],
    [401, { error: 'invalid_client' }, 'ERR_CREDENTIALS_INVALID'],
    [400, { error: 'unauthorized_client' }, 'ERR_CREDENTIALS_INVALID'],
    [400, { error: 'invalid_scope' }, 'ERR_CREDENTIALS_INVALID'],
    [403, { error: { code: 403, status: 'PERMISSION_DENIED', message: 'no' } }, 'ERR_ACCESS_DENIED'],
    [404, '<html>', 'ERR_CREDENTIALS_INVALID'],
  ])('a server for tokens that answers %i %j is %s', async (status, body, code) => {
    answer = { status, body }
    expect(await open({ GOOGLE_CREDENTIALS: external() })).toBe(code)
  })

  test('an account that another one acts as needs that other one', async () => {
    answer = { status: 400, body: { error: 'invalid_grant' } }
    const content = JSON.stringify({
      type: 'impersonated_service_account',
      service_account_impersonation_url:
        'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:generateAccessToken',
      source_credentials: JSON.parse(external()) as unknown,
    })
    expect(await open({ GOOGLE_CREDENTIALS: content })).toBe('ERR_CREDENTIALS_INVALID')
  })

  test('a server for tokens that can not be reached is ERR_UNAVAILABLE', async () => {
    const content = external().replace(tokenOrigin, 'http://127.0.0.1:1')
    expect(await open({ GOOGLE_CREDENTIALS: content })).toBe('ERR_UNAVAILABLE')
  })

  test('the account of a machine signs in with the token that its metadata server gives', async () => {
    answer = { status: 200, body: { access_token: TOKENS.owner, expires_in: 3600, token_type: 'Bearer' } }
    const host = tokenOrigin.slice('http://'.length)
    const before = { ...process.env }
    // What only Google's library finds it reads from the process.
    Object.assign(process.env, { GCE_METADATA_HOST: host, METADATA_SERVER_DETECTION: 'assume-present' })
    try {
      const outcome = await open({ METADATA_SERVER_DETECTION: undefined, GCE_METADATA_HOST: host })
      expect(outcome).toBe('done')
      expect(asked.some(({ url: path }) => path?.includes('/service-accounts/default/token'))).toBe(true)
    } finally {
      for (const name of Object.keys(process.env)) delete process.env[name]
      Object.assign(process.env, before)
    }
  })
})

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('the server does not listen on a port')
  return `http://127.0.0.1:${bound.port}`
}
