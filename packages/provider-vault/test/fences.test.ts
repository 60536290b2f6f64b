import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { parseKeyUrl } from '@stackseal/core'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'

import { vault } from '../src/index.ts'
import { VERSION } from '../src/version.ts'
import { refusal, TOKENS, TransitServer } from './transit-server.ts'

const transit = await TransitServer.start()
const other = await TransitServer.start()
const url = parseKeyUrl('hashivault://app')
const env = { VAULT_ADDR: transit.origin, VAULT_TOKEN: TOKENS.owner }
const provider = vault()

// Said by Node's own documentation of http.Agent: proxyEnv came in 22.21 and 24.5.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const TAKES_PROXIES = (major === 22 && minor >= 21) || (major === 24 && minor >= 5) || major > 24

beforeEach(() => {
  transit.requests.length = 0
  other.requests.length = 0
})
afterEach(() => {
  transit.override = undefined
})
afterAll(async () => {
  await provider.close?.()
  await transit.close()
  await other.close()
})

describe('a redirect', () => {
  test.each([
    [301, () => other.origin],
    [302, () => other.origin],
    [303, () => other.origin],
    [307, () => other.origin],
    [308, () => other.origin],
    [307, () => `https://127.0.0.1:${transit.port}`],
    [307, () => `http://localhost:${transit.port}`],
    [307, () => `//127.0.0.1:${other.port}`],
    [307, () => transit.origin],
  ])('%i to another place is not followed: %s', async (status, origin) => {
    transit.override = ({ path }) => ({ status, headers: { location: `${origin()}${path}` } })
    await expect(provider.createKey(url, { env })).rejects.toMatchObject({ code: 'ERR_SERVER_NOT_ALLOWED' })
    expect(other.requests).toEqual([])
    expect(transit.requests).toHaveLength(1)
  })

  test('names the server in its message and in its hint', async () => {
    transit.override = ({ path }) => ({ status: 307, headers: { location: `${other.origin}${path}` } })
    await expect(provider.createKey(url, { env })).rejects.toMatchObject({
      message: expect.stringContaining(other.origin),
      hint: expect.stringContaining('VAULT_ADDR'),
    })
  })

  test('to nowhere is refused as well', async () => {
    transit.override = () => ({ status: 302 })
    await expect(provider.createKey(url, { env })).rejects.toMatchObject({ code: 'ERR_SERVER_NOT_ALLOWED' })
  })
})

describe('the environment of the process', () => {
  const poison = {
    VAULT_ADDR: 'http://127.0.0.1:1',
    VAULT_TOKEN: 's.token-of-the-process',
    VAULT_NAMESPACE: 'of-the-process',
    VAULT_PREFIX: '/of-the-process',
    VAULT_SKIP_VERIFY: 'true',
    HTTP_PROXY: 'http://127.0.0.1:1',
    http_proxy: 'http://127.0.0.1:1',
  }
  const before = { ...process.env }

  beforeEach(() => {
    Object.assign(process.env, poison)
  })
  afterEach(() => {
    for (const name of Object.keys(poison)) delete process.env[name]
    Object.assign(process.env, before)
  })

  test.each([
    ['a token', { VAULT_ADDR: transit.origin, VAULT_NAMESPACE: 'team' }, 'x-vault-token'],
    ['an empty token', { VAULT_ADDR: transit.origin, VAULT_TOKEN: '', VAULT_SERVER_TOKEN: '' }, 'x-vault-token'],
    ['a namespace', env, 'x-vault-namespace'],
    ['an empty namespace', { ...env, VAULT_NAMESPACE: '' }, 'x-vault-namespace'],
  ])('is not looked into for %s', async (_, given, header) => {
    await vault()
      .createKey(url, { env: given })
      .catch(() => undefined)
    expect(transit.requests.length).toBeGreaterThan(0)
    for (const { headers, path } of transit.requests) {
      expect(headers).not.toHaveProperty(header)
      expect(path).toBe('/v1/transit/encrypt/app')
    }
  })

  test('is not looked into for an address', async () => {
    const call = vault().createKey(url, { env: { VAULT_TOKEN: TOKENS.owner } })
    await expect(call).rejects.toMatchObject({ code: 'ERR_CREDENTIALS_MISSING' })
  })
})

describe('a way to the server', () => {
  test.each([
    ['VAULT_PROXY_ADDR', (proxy: string) => ({ VAULT_PROXY_ADDR: proxy })],
    ['VAULT_HTTP_PROXY', (proxy: string) => ({ VAULT_HTTP_PROXY: proxy })],
    ['HTTP_PROXY', (proxy: string) => ({ HTTP_PROXY: proxy })],
  ])('leads through the proxy that %s names, or says that this Node has no way through one', async (_, variable) => {
    // To a proxy the request names the whole address (RFC 9112 §3.2.2); this one answers it itself.
    other.override = ({ path }) => (path.startsWith('http://vault.invalid/') ? refusal(429, 'seen') : undefined)
    const given = { ...env, VAULT_ADDR: 'http://vault.invalid', ...variable(other.origin) }
    const call = vault().createKey(url, { env: given, signal: AbortSignal.timeout(5_000) })
    await expect(call).rejects.toMatchObject({ code: TAKES_PROXIES ? 'ERR_THROTTLED' : 'ERR_USAGE' })
    other.override = undefined
    expect(other.requests[0]?.path).toBe(TAKES_PROXIES ? 'http://vault.invalid/v1/transit/encrypt/app' : undefined)
  })

  test('leads past the proxy where NO_PROXY says so', async () => {
    const given = { ...env, HTTP_PROXY: 'http://127.0.0.1:1', NO_PROXY: '127.0.0.1' }
    await vault().createKey(url, { env: given })
    expect(transit.requests.length).toBeGreaterThan(0)
  })

  test('may be a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stackseal-vault-'))
    const path = join(folder, 'vault.sock')
    const passOn = createServer((incoming, outgoing) => {
      const { method, headers, url: target = '/' } = incoming
      incoming.pipe(
        httpRequest(`${transit.origin}${target}`, { method, headers }, (reply) => {
          outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
          reply.pipe(outgoing)
        }),
      )
    })
    await new Promise<void>((resolve) => passOn.listen(path, resolve))
    await vault().createKey(url, { env: { ...env, VAULT_ADDR: `unix://${path}` } })
    passOn.closeAllConnections()
    passOn.close()
    rmSync(folder, { recursive: true })
    expect(transit.requests.map((seen) => seen.path)).toContain('/v1/transit/encrypt/app')
  })
})

test('every request is made by node-vault, and by no other client', async () => {
  const makers: string[] = []
  const { stackTraceLimit } = Error
  const note = (): void => {
    Error.stackTraceLimit = 50
    makers.push(/node_modules\/(node-vault|axios)\//.exec(new Error('who').stack ?? '')?.[1] ?? 'nobody')
    Error.stackTraceLimit = stackTraceLimit
  }
  subscribe('http.client.request.created', note)
  const { sealed } = await provider.createKey(url, { env })
  await provider.openKey(url, sealed, { env })
  unsubscribe('http.client.request.created', note)
  expect(makers).toEqual(transit.requests.map(() => 'node-vault'))
})

describe('a request', () => {
  test('says who asks, for which namespace, and that it is meant for Vault', async () => {
    const headers = '{"X-Team":"infra"}'
    await vault().createKey(url, { env: { ...env, VAULT_NAMESPACE: 'team/a', VAULT_HEADERS: headers } })
    expect(transit.requests.at(-1)?.headers).toMatchObject({
      'user-agent': `stackseal/${VERSION}`,
      'x-vault-namespace': 'team/a',
      'x-vault-request': 'true',
      'x-vault-token': TOKENS.owner,
      'x-team': 'infra',
    })
  })

  test.each([
    ['hashivault://app?engine=team/transit', '', '/v1/team/transit/encrypt/app'],
    ['hashivault:///a%3Fb%23c%2520d', '', '/v1/transit/encrypt/a%3Fb%23c%2520d'],
    ['hashivault:///a/b', '', '/v1/transit/encrypt/a/b'],
    ['hashivault:///x&%23x2F;..', '', '/v1/transit/encrypt/x%26%23x2F%3B..'],
    ['hashivault://app', '/behind/a/proxy/', '/behind/a/proxy/v1/transit/encrypt/app'],
  ])('for %s at %j asks for %s', async (text, prefix, path) => {
    const given = { ...env, VAULT_ADDR: `${transit.origin}${prefix}` }
    await vault()
      .createKey(parseKeyUrl(text), { env: given })
      .catch(() => undefined)
    expect(transit.requests[0]).toMatchObject({ method: 'POST', path })
  })

  test('for an engine that is not transit carries no key: kv would keep it in clear', async () => {
    transit.override = () => ({ status: 204 })
    const dataKey = Uint8Array.from({ length: 32 }, (_, at) => at + 1)
    const call = vault().sealKey?.(parseKeyUrl('hashivault://app?engine=secret'), dataKey, { env })
    await expect(call).rejects.toMatchObject({ code: 'ERR_INVALID_REPLY' })
    expect(transit.requests.map(({ body }) => body)).toEqual([JSON.stringify({ plaintext: btoa('\0'.repeat(32)) })])
  })

  test('with a token that the server knows is followed by none to look at the token', async () => {
    const { sealed } = await provider.createKey(url, { env })
    transit.requests.length = 0
    await provider.openKey(url, sealed, { env })
    expect(transit.requests.map(({ path }) => path)).toEqual(['/v1/transit/decrypt/app'])
  })

  test('without a token may be answered: an agent adds its own', async () => {
    const { sealed } = await provider.createKey(url, { env })
    transit.override = (request) => {
      if (request.headers['x-vault-token'] !== undefined) return refusal(400, 'a token was sent')
      request.headers['x-vault-token'] = TOKENS.owner
      return undefined
    }
    const opened = await vault().openKey(url, sealed, { env: { VAULT_ADDR: transit.origin } })
    expect(opened.dataKey).toHaveLength(32)
  })
})
