import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { isStacksealError, parseKeyUrl } from '@stackseal/core'
import { nodeWorld } from '@stackseal/provider-testkit'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

import { azureKeyVault } from '../src/index.ts'
import { azureOnLoopback } from './azure-on-loopback.ts'
import { certificateFor } from './certificate.ts'
import { ConnectProxy } from './connect-proxy.ts'
import { refusal } from './key-vault-server.ts'
import { VaultKey } from './vault-keys.ts'

type Env = Readonly<Record<string, string | undefined>>

const azure = await azureOnLoopback(async () => ({ 'login.down.example': 1 }))
const { server } = azure
const { signIn } = server
const folder = mkdtempSync(join(tmpdir(), 'stackseal-credentials-'))
const HOSTS = [
  'one.vault.azure.net',
  'one.vault.azure.cn',
  'one.vault.usgovcloudapi.net',
  'one.vault.region01.external.com',
]
const key = VaultKey.make()
for (const host of HOSTS) server.keys.set(`${host}/app`, key)
const env = signIn.add('owner', 'secret~of-the.owner-0001', ['encrypt', 'decrypt'])
const identity = { ...env, AZURE_CLIENT_SECRET: undefined }

const keep = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** `done`, or the code with which making a key is refused, and the hint. */
async function outcomeOf(environment: Env, host = 'one.vault.azure.net', signal?: AbortSignal): Promise<string> {
  const provider = azureKeyVault()
  const context = { env: environment, ...(signal === undefined ? {} : { signal }) }
  try {
    await provider.createKey(parseKeyUrl(`azurekeyvault://${host}/keys/app`), context)
    return 'done'
  } catch (error) {
    return isStacksealError(error) ? `${error.code}: ${error.hint}` : 'another error'
  } finally {
    await provider.close?.()
  }
}

// Said by Node's own documentation of http.Agent: proxyEnv came in 22.21 and 24.5.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const TAKES_PROXIES = (major === 22 && minor >= 21) || (major === 24 && minor >= 5) || major > 24

/** Runs with variables of the process, where the vendor's chain finds what it finds. */
async function withProcess<T>(variables: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, variables)
  try {
    return await work()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

const signInHosts = (): string[] => [
  ...new Set(server.requests.map(({ host }) => host).filter((host) => !host.includes('.vault.'))),
]

beforeEach(() => {
  server.requests.length = 0
  server.override = undefined
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await azure.stop()
})

describe('a service principal from the context', () => {
  test('signs in with a secret, and every request says who asks', async () => {
    expect(await outcomeOf(env)).toBe('done')
    expect(server.requests.length).toBeGreaterThan(2)
    for (const { headers } of server.requests) expect(headers['user-agent']).toMatch(/^stackseal\/\d+\.\d+\.\d+ /)
  })

  test('gets a new token where one ended before its time, and one time only', async () => {
    const provider = azureKeyVault()
    const url = parseKeyUrl('azurekeyvault://one.vault.azure.net/keys/app')
    const { dataKey, sealed } = await provider.createKey(url, { env })
    signIn.expireTokens()
    server.requests.length = 0
    expect((await provider.openKey(url, sealed, { env })).dataKey).toEqual(dataKey)
    expect(server.requests.filter(({ path }) => path.includes('/oauth2/'))).toHaveLength(1)
    server.override = ({ headers }) =>
      headers.authorization === undefined ? undefined : refusal(401, 'Unauthorized', 'AKV10032: Invalid issuer.')
    server.requests.length = 0
    await expect(provider.openKey(url, sealed, { env })).rejects.toMatchObject({ code: 'ERR_CREDENTIALS_INVALID' })
    expect(server.requests.filter(({ path }) => path.includes('/oauth2/'))).toHaveLength(1)
    await provider.close?.()
  })

  test('signs in with a certificate', async () => {
    const { cert, key: privateKey, publicKey } = certificateFor(['caller'], 'rsa')
    const certified = signIn.add('certified', 'unused~secret-0000000001', ['encrypt'])
    signIn.certify('certified', publicKey)
    const { AZURE_CLIENT_SECRET: secret, ...own } = certified
    const path = keep('caller.pem', `${privateKey}${cert}`)
    expect(await outcomeOf({ ...own, AZURE_CLIENT_CERTIFICATE_PATH: path })).toBe('done')
    const other = certificateFor(['caller'], 'rsa')
    const otherPath = keep('other.pem', `${other.key}${other.cert}`)
    expect(await outcomeOf({ ...own, AZURE_CLIENT_CERTIFICATE_PATH: otherPath })).toMatch(
      /^ERR_CREDENTIALS_INVALID: .*AZURE_CLIENT_CERTIFICATE_PATH/,
    )
    expect(await outcomeOf({ ...certified, AZURE_CLIENT_SECRET: secret })).toMatch(/^ERR_CREDENTIALS_INVALID/)
  })

  test.each([
    ['is not there', undefined],
    ['is empty', ''],
    ['holds something else', 'hello'],
  ])('is told when the certificate %s', async (_, text) => {
    const path = text === undefined ? join(folder, 'nowhere.pem') : keep('broken.pem', text)
    const outcome = await outcomeOf({ ...identity, AZURE_CLIENT_CERTIFICATE_PATH: path })
    expect(outcome).toMatch(/^ERR_CREDENTIALS_INVALID: the file that AZURE_CLIENT_CERTIFICATE_PATH names/)
  })

  test('signs in with a federated token, as in a workload of Kubernetes or a CI', async () => {
    const federated = signIn.add('federated', 'federated.token.of-the-issuer', ['encrypt'])
    const { AZURE_CLIENT_SECRET: token = '', ...own } = federated
    expect(await outcomeOf({ ...own, AZURE_FEDERATED_TOKEN_FILE: keep('token', token) })).toBe('done')
    expect(await outcomeOf({ ...own, AZURE_FEDERATED_TOKEN_FILE: join(folder, 'nowhere') })).toMatch(
      /^ERR_CREDENTIALS_INVALID: the file that AZURE_FEDERATED_TOKEN_FILE names/,
    )
  })

  test('is not used where AZURE_TOKEN_CREDENTIALS leaves it out', async () => {
    const outcome = await withProcess({ AZURE_TOKEN_CREDENTIALS: 'WorkloadIdentityCredential' }, () =>
      outcomeOf({ ...env, AZURE_TOKEN_CREDENTIALS: 'WorkloadIdentityCredential' }),
    )
    expect(outcome).toMatch(/^ERR_CREDENTIALS_MISSING/)
    expect(await outcomeOf({ ...env, AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential' })).toBe('done')
    expect(await outcomeOf({ ...env, AZURE_TOKEN_CREDENTIALS: 'any' })).toMatch(/^ERR_USAGE: .*AzureCliCredential/)
  })

  test.each([
    ['AZURE_TENANT_ID', 'tenant id'],
    ['AZURE_CLIENT_ID', 'owner\n'],
  ])('with a character too many in %s is refused before it is sent', async (name, value) => {
    expect(await outcomeOf({ ...env, [name]: value })).toContain(`ERR_CREDENTIALS_INVALID: set ${name} again`)
    expect(server.requests).toEqual([])
  })

  test('that is not whole is told what is missing', async () => {
    const partial = { ...env, AZURE_TENANT_ID: '' }
    const outcome = await withProcess({ AZURE_TOKEN_CREDENTIALS: 'prod' }, () => outcomeOf(partial))
    expect(outcome).toMatch(/^ERR_CREDENTIALS_MISSING: AZURE_TENANT_ID is not set/)
  })
})

describe('where one signs in', () => {
  test.each([
    ['one.vault.azure.net', 'login.microsoftonline.com'],
    ['one.vault.azure.cn', 'login.partner.microsoftonline.cn'],
    ['one.vault.usgovcloudapi.net', 'login.microsoftonline.us'],
  ])('for %s it is %s', async (host, signInHost) => {
    expect(await outcomeOf(env, host)).toBe('done')
    expect(signInHosts()).toEqual([signInHost])
  })

  test('AZURE_AUTHORITY_HOST says it for every vault', async () => {
    const elsewhere = { ...env, AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us/' }
    expect(await outcomeOf(elsewhere)).toBe('done')
    expect(signInHosts()).toEqual(['login.microsoftonline.us'])
  })

  test('a vault of an own cloud that was allowed is asked, with the sign-in of that cloud alone', async () => {
    const host = 'one.vault.region01.external.com'
    const own = { ...env, AZURE_AUTHORITY_HOST: 'https://login.vault.region01.external.com' }
    expect(await outcomeOf(own, host)).toMatch(/^ERR_SERVER_NOT_ALLOWED/)
    expect(server.requests).toEqual([])
    server.override = (seen) => (seen.host.startsWith('login.') ? signIn.answer(seen) : undefined)
    expect(await outcomeOf({ ...own, STACKSEAL_ALLOW_ENDPOINTS: host }, host)).toBe('done')
    expect(new Set(server.requests.map((seen) => seen.host))).toEqual(
      new Set([host, 'login.vault.region01.external.com']),
    )
  })

  test.each(['http://login.microsoftonline.com', 'login.microsoftonline.com', 'nowhere'])(
    'AZURE_AUTHORITY_HOST=%s is refused',
    async (AZURE_AUTHORITY_HOST) => {
      expect(await outcomeOf({ ...env, AZURE_AUTHORITY_HOST })).toMatch(/^ERR_USAGE: .*https:/)
      expect(server.requests).toEqual([])
    },
  )

  test('a sign-in that is down, or not the one that it says, is told from a vault', async () => {
    expect(await outcomeOf({ ...env, AZURE_AUTHORITY_HOST: 'https://login.down.example' })).toBe(
      'ERR_UNAVAILABLE: the sign-in can not be reached: check the network, the proxy and AZURE_AUTHORITY_HOST',
    )
    const deep = { ...env, AZURE_AUTHORITY_HOST: 'https://login.deep.vault.azure.net' }
    expect(await outcomeOf(deep)).toMatch(/^ERR_SERVER_NOT_PROVEN: the certificate of the sign-in/)
  })

  test('a vault of another tenant is asked where that tenant is allowed', async () => {
    const tenant = '99999999-2222-3333-4444-555555555555'
    signIn.addTenant(tenant)
    server.override = ({ host, headers }) =>
      host.includes('.vault.') && headers.authorization === undefined
        ? {
            status: 401,
            headers: {
              'www-authenticate': `Bearer authorization="https://login.microsoftonline.com/${tenant}", resource="https://vault.azure.net"`,
            },
            body: '{"error":{"code":"Unauthorized","message":"AKV10000: Request is missing a Bearer or PoP token."}}',
          }
        : undefined
    expect(await outcomeOf(env)).toMatch(/^ERR_CREDENTIALS_INVALID: .*AZURE_ADDITIONALLY_ALLOWED_TENANTS/)
    expect(await outcomeOf({ ...env, AZURE_ADDITIONALLY_ALLOWED_TENANTS: `other; ${tenant}` })).toBe('done')
  })
})

describe('what the vendor finds in the process', () => {
  // In a process of its own: the SDK remembers for good where it has found a managed identity, or none.
  test('a managed identity', async () => {
    signIn.add('machine', 'header~of-the.machine-01', ['encrypt', 'decrypt'])
    const module = {
      url: new URL('../src/index.ts', import.meta.url).href,
      exportName: 'azureKeyVault',
      aliases: { '@stackseal/core': new URL('../../core/src/index.ts', import.meta.url).href },
      poison: {
        ...azure.processEnv,
        IDENTITY_ENDPOINT: 'https://login.microsoftonline.com/msi/token',
        IDENTITY_HEADER: 'header~of-the.machine-01',
      },
    }
    const url = 'azurekeyvault://one.vault.azure.net/keys/app'
    const report = await nodeWorld().watchUse(module, { url, env: {} })
    expect(report).toMatchObject({ result: 'same key', output: '' })
    expect(server.requests.some(({ path }) => path.startsWith('/msi/token?'))).toBe(true)
  })

  test('nobody', async () => {
    const outcome = await withProcess({ AZURE_TOKEN_CREDENTIALS: 'prod' }, () => outcomeOf({}))
    expect(outcome).toMatch(/^ERR_CREDENTIALS_MISSING: .*AZURE_CLIENT_SECRET, or sign in with az login/)
  })
})

test('a sign-in that hangs ends with its caller, and so does its request', async () => {
  const controller = new AbortController()
  let start = Number.NaN
  const ended = new Promise<void>((resolve) => {
    server.override = ({ path, ended: end }) => {
      if (!path.includes('/oauth2/')) return undefined
      void end.then(resolve)
      // Not before: a caller who ends sooner has asked nobody.
      start = performance.now()
      setTimeout(() => controller.abort(), 100)
      return 'never'
    }
  })
  const provider = azureKeyVault()
  const url = parseKeyUrl('azurekeyvault://one.vault.azure.net/keys/app')
  const made = provider.createKey(url, { env, signal: controller.signal })
  await expect(made).rejects.toMatchObject({ code: 'ERR_INTERRUPTED' })
  await ended
  expect(performance.now() - start).toBeLessThan(3_000)
  await provider.close?.()
})

test('a proxy of the context is used for vault and sign-in, and one of the process is not', async () => {
  const proxy = await ConnectProxy.start(server.port)
  const { address, asked } = proxy
  await withProcess({ HTTPS_PROXY: address }, async () => {
    expect(await outcomeOf(env)).toBe('done')
    expect(asked).toEqual([])
    const outcome = await outcomeOf({ ...env, HTTPS_PROXY: address })
    const throughProxy = ['one.vault.azure.net:443', 'login.microsoftonline.com:443']
    // What this Node would leave out is refused, and nothing goes past the proxy.
    expect(outcome).toMatch(TAKES_PROXIES ? /^done$/ : /^ERR_USAGE: .*22\.21/)
    expect(new Set(asked)).toEqual(new Set(TAKES_PROXIES ? throughProxy : []))
    asked.length = 0
    expect(await outcomeOf({ ...env, HTTPS_PROXY: address, NO_PROXY: '*' })).toBe('done')
    expect(asked).toEqual([])
  })
  await proxy.stop()
})
