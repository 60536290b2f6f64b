import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { isStacksealError, parseKeyUrl, type StacksealError } from '@stackseal/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

import { awsKms } from '../src/index.ts'
import { json, KmsServer } from './kms-server.ts'

type Env = Readonly<Record<string, string>>

const SEALED_FORM = json({ CiphertextBlob: 'AAAA' })
const folder = mkdtempSync(join(tmpdir(), 'stackseal-awskms-'))
const kms = await KmsServer.start()
kms.override = () => SEALED_FORM
const provider = awsKms()

/** An STS and a container's endpoint for credentials, which note what they were asked. */
const asked: string[] = []
let userAgent: string | undefined
let refuses: string | undefined
let raw: readonly [status: number, body: string] | undefined
const others = createServer((incoming, outgoing) => {
  let body = ''
  incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
  incoming.on('end', () => {
    const caller = /Credential=(\w+)/.exec(incoming.headers.authorization ?? '')?.[1] ?? 'nobody'
    const form = new URLSearchParams(body)
    const action = form.get('Action')
    if (action === null) {
      asked.push(`${incoming.url} ${incoming.headers.authorization ?? ''}`)
      const expires = new Date(Date.now() + 3_600_000).toISOString()
      outgoing.setHeader('content-type', 'application/json')
      outgoing.end(
        JSON.stringify({
          AccessKeyId: 'ASIACONTAINER',
          SecretAccessKey: 'xxxxxxxx',
          Token: 'token',
          Expiration: expires,
        }),
      )
      return
    }
    userAgent = incoming.headers['user-agent']
    asked.push(`${action} ${form.get('RoleArn')} by ${caller} as ${form.get('RoleSessionName')}`)
    if (raw !== undefined) {
      outgoing.writeHead(raw[0]).end(raw[1])
      return
    }
    outgoing.setHeader('content-type', 'text/xml')
    if (refuses !== undefined) {
      outgoing.writeHead(403)
      outgoing.end(
        `<ErrorResponse><Error><Type>Sender</Type><Code>${refuses}</Code><Message>no</Message></Error></ErrorResponse>`,
      )
      return
    }
    const fields =
      '<AccessKeyId>ASIAASSUMED</AccessKeyId><SecretAccessKey>assumed-secret</SecretAccessKey>' +
      `<SessionToken>assumed-token</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>`
    outgoing.end(
      `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>${fields}` +
        `</Credentials></${action}Result></${action}Response>`,
    )
  })
})
await new Promise<void>((resolve) => others.listen(0, '127.0.0.1', resolve))
const bound = others.address()
const origin = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`

const base: Env = { AWS_ENDPOINT_URL_KMS: kms.origin, AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true' }
const keys = (id: string): Env => ({ AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: `secret-of-${id}` })

/** Writes the two files of `aws configure` into a home of their own. */
function home(files: { readonly config?: string; readonly credentials?: string }): Env {
  const place = mkdtempSync(join(folder, 'home-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text)
  return { AWS_CONFIG_FILE: join(place, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(place, 'credentials') }
}

/** Who asked KMS, where, and with which session token. */
async function callerOf(env: Env, url = 'awskms://alias/app'): Promise<Readonly<Record<string, string | undefined>>> {
  kms.requests.length = 0
  await provider.createKey(parseKeyUrl(url), { env: { ...base, ...env } })
  const headers = kms.requests[0]?.headers ?? {}
  const [, id, region] = /Credential=([^/]+)\/\d+\/([^/]+)\/kms\//.exec(headers.authorization ?? '') ?? []
  const token = headers['x-amz-security-token']
  return { id, region, ...(typeof token === 'string' ? { token } : {}) }
}

async function errorOf(env: Env, url = 'awskms://alias/app'): Promise<StacksealError> {
  const error: unknown = await callerOf(env, url).catch((thrown: unknown) => thrown)
  if (isStacksealError(error)) return error
  throw new TypeError('the call was not refused with a StacksealError')
}

beforeEach(() => {
  asked.length = 0
  refuses = undefined
  raw = undefined
})
afterAll(async () => {
  await provider.close?.()
  await kms.close()
  others.closeAllConnections()
  others.close()
  rmSync(folder, { recursive: true })
})

describe('what stands in the environment', () => {
  test('keys, and a session token where there is one', async () => {
    expect(await callerOf(keys('AKIAONE'))).toEqual({ id: 'AKIAONE', region: 'eu-west-1' })
    expect(await callerOf({ ...keys('AKIAONE'), AWS_SESSION_TOKEN: 'tok' })).toMatchObject({ token: 'tok' })
    expect(await callerOf({ ...keys('AKIAONE'), AWS_SESSION_TOKEN: '' })).not.toHaveProperty('token')
    expect(await callerOf({ AWS_ACCESS_KEY: 'AKIAOLD', AWS_SECRET_KEY: 'x' })).toMatchObject({ id: 'AKIAOLD' })
  })

  test('two accounts at once, each with its own calls', async () => {
    const ids = ['AKIAONE', 'AKIATWO', 'AKIATHREE']
    kms.requests.length = 0
    await Promise.all(
      ids.map((id) => provider.createKey(parseKeyUrl('awskms://alias/app'), { env: { ...base, ...keys(id) } })),
    )
    const seen = kms.requests.map(({ headers }) => /Credential=(\w+)/.exec(headers.authorization ?? '')?.[1] ?? '')
    expect(seen.toSorted()).toEqual(ids.toSorted())
  })

  test('keys go before the profile that AWS_PROFILE names, as in the reference', async () => {
    const files = home({ credentials: '[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = x\n' })
    expect(await callerOf({ ...files, ...keys('AKIAENV'), AWS_PROFILE: 'dev' })).toMatchObject({ id: 'AKIAENV' })
  })

  test('a web identity', async () => {
    const token = join(folder, 'token')
    writeFileSync(token, 'ey.web.identity')
    const env = {
      AWS_WEB_IDENTITY_TOKEN_FILE: token,
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/web',
      AWS_ENDPOINT_URL_STS: origin,
    }
    expect(await callerOf(env)).toMatchObject({ id: 'ASIAASSUMED', token: 'assumed-token' })
    expect(asked).toEqual(['AssumeRoleWithWebIdentity arn:aws:iam::1:role/web by nobody as stackseal'])
    refuses = 'ExpiredTokenException'
    expect((await errorOf({ ...env, AWS_ROLE_SESSION_NAME: 'two' })).code).toBe('ERR_CREDENTIALS_INVALID')
    expect((await errorOf({ ...env, AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere' })).code).toBe('ERR_CREDENTIALS_MISSING')
  })

  test('a container', async () => {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/creds`, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'pod' }
    expect(await callerOf(env)).toMatchObject({ id: 'ASIACONTAINER', token: 'token' })
    expect(asked).toEqual(['/creds pod'])
  })

  test.each([
    ['AWS_ACCESS_KEY_ID', 'AKIA ONE'],
    ['AWS_SECRET_ACCESS_KEY', 'secret\n'],
    ['AWS_SESSION_TOKEN', '"token"\u00a0'],
  ])('%s with a character that keys do not have is refused by its name', async (variable, value) => {
    const error = await errorOf({ ...keys('AKIAONE'), [variable]: value })
    expect(error.code).toBe('ERR_CREDENTIALS_INVALID')
    expect(error.message).toContain(variable)
    expect(JSON.stringify(error)).not.toContain(value)
  })

  test('nothing', async () => {
    const error = await errorOf({})
    expect(error.code).toBe('ERR_CREDENTIALS_MISSING')
    expect(error.hint).toContain('AWS_PROFILE')
    expect(await errorOf({ AWS_ACCESS_KEY_ID: 'AKIAONLY' })).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING' })
  })
})

describe('profiles', () => {
  const files = home({
    config:
      '# of aws configure\n[default]\nregion = eu-central-1\n[profile dev]\nregion=us-west-2 # near\n[profile "my-team"]\n' +
      'region = ap-south-1\n[profile process]\n' +
      `credential_process = echo '{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"x"}'\n` +
      '[profile role]\nrole_arn = arn:aws:iam::1:role/of-profile\nsource_profile = dev\n' +
      '[profile sso]\nsso_session = stackseal-test\nsso_account_id = 1\nsso_role_name = r\n' +
      '[sso-session stackseal-test]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n' +
      '[profile mfa]\nrole_arn = arn:aws:iam::1:role/m\nsource_profile = dev\nmfa_serial = arn:aws:iam::1:mfa/m\n' +
      `[profile web]\nweb_identity_token_file = ${join(folder, 'token')}\nrole_arn = arn:aws:iam::1:role/web-profile\n` +
      `[profile local]\nservices = here\n[services here]\nkms =\n  endpoint_url = ${kms.origin}\n`,
    credentials:
      '[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = x\n' +
      '[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = x\naws_session_token = tok\n' +
      '[my-team]\naws_access_key_id = AKIATEAM\naws_secret_access_key = x\n' +
      '[local]\naws_access_key_id = AKIALOCAL\naws_secret_access_key = x\n',
  })
  const noRegion = { ...files, AWS_REGION: '' }

  test('the one called default', async () => {
    expect(await callerOf(noRegion)).toEqual({ id: 'AKIADEFAULT', region: 'eu-central-1' })
  })

  test.each(['AWS_PROFILE', 'AWS_DEFAULT_PROFILE'])('the one that %s names', async (variable) => {
    const caller = await callerOf({ ...noRegion, [variable]: 'dev' })
    expect(caller).toEqual({ id: 'AKIADEV', region: 'us-west-2', token: 'tok' })
  })

  test('the one that the key URL names goes before keys in the environment', async () => {
    const caller = await callerOf({ ...noRegion, ...keys('AKIAENV') }, 'awskms://alias/app?profile=my-team')
    expect(caller).toEqual({ id: 'AKIATEAM', region: 'ap-south-1' })
  })

  test('one that runs a program', async () => {
    expect(await callerOf({ ...files, AWS_PROFILE: 'process' })).toMatchObject({ id: 'AKIAPROCESS' })
  })

  test('one that assumes a role, by the STS of the environment', async () => {
    const env = { ...files, AWS_PROFILE: 'role', AWS_ENDPOINT_URL_STS: origin }
    expect(await callerOf(env)).toMatchObject({ id: 'ASIAASSUMED' })
    expect(asked[0]).toMatch(/^AssumeRole arn:aws:iam::1:role\/of-profile by AKIADEV as /)
    expect(userAgent).toMatch(/ stackseal\//)
    refuses = 'AccessDenied'
    const error = await errorOf({ ...env, AWS_PROFILE: 'role', AWS_DEFAULT_REGION: 'x' })
    expect(error.code).toBe('ERR_ACCESS_DENIED')
    expect(error.hint).toContain('sts:AssumeRole')
  })

  test('one that has a web identity', async () => {
    writeFileSync(join(folder, 'token'), 'ey.web.identity')
    const env = { ...files, AWS_PROFILE: 'web', AWS_ENDPOINT_URL: origin, AWS_ENDPOINT_URL_KMS: kms.origin }
    expect(await callerOf(env)).toMatchObject({ id: 'ASIAASSUMED' })
    expect(asked).toEqual(['AssumeRoleWithWebIdentity arn:aws:iam::1:role/web-profile by nobody as stackseal'])
  })

  test('one that gives KMS an endpoint', async () => {
    const caller = await callerOf({ ...files, AWS_ENDPOINT_URL_KMS: '', AWS_PROFILE: 'local' })
    expect(caller).toMatchObject({ id: 'AKIALOCAL' })
  })

  test.each([
    ['awskms://alias/app?profile=nosuch', {}, 'profile= in the key URL'],
    ['awskms://alias/app', { AWS_PROFILE: 'nosuch' }, 'AWS_PROFILE'],
  ])('%s with %o names one that is not there', async (url, env, from) => {
    const error = await errorOf({ ...files, ...env }, url)
    expect(error).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING', details: { profile: 'nosuch' } })
    expect(error.hint).toContain(from)
  })

  test('one that nobody has signed in to', async () => {
    const error = await errorOf({ ...files, AWS_PROFILE: 'sso' })
    expect(error.code).toBe('ERR_CREDENTIALS_MISSING')
    expect(error.hint).toBe('sign in first: aws sso login --profile sso')
  })

  test('one whose sign-in has expired', async () => {
    const place = mkdtempSync(join(folder, 'home-'))
    mkdirSync(join(place, '.aws/sso/cache'), { recursive: true })
    const token = {
      accessToken: 'sso-access-token',
      expiresAt: '2020-01-01T00:00:00Z',
      startUrl: 'https://x',
      region: 'eu-west-1',
    }
    const file = `${createHash('sha1').update('stackseal-test').digest('hex')}.json`
    writeFileSync(join(place, '.aws/sso/cache', file), JSON.stringify(token))
    // Only the SDK knows where sign-ins lie: in the home of the process.
    const before = process.env['HOME']
    process.env['HOME'] = place
    const error = await errorOf({ ...files, AWS_PROFILE: 'sso', HOME: place }).finally(() => {
      process.env['HOME'] = before
    })
    expect(error.code).toBe('ERR_CREDENTIALS_INVALID')
    expect(error.hint).toContain('aws sso login --profile sso')
    expect(JSON.stringify(error)).not.toContain('sso-access-token')
  })

  test('one that asks for a code', async () => {
    const error = await errorOf({ ...files, AWS_PROFILE: 'mfa' })
    expect(error.code).toBe('ERR_CREDENTIALS_MISSING')
    expect(error.hint).toContain('asks for a code')
  })
})

describe('a role of the key URL', () => {
  const url = 'awskms://alias/app?role=arn:aws:iam::111122223333:role/deploy'
  const env = { ...keys('AKIAONE'), AWS_ENDPOINT_URL_STS: origin }

  test('is assumed, and KMS is called as it', async () => {
    expect(await callerOf(env, url)).toEqual({ id: 'ASIAASSUMED', region: 'eu-west-1', token: 'assumed-token' })
    expect(asked).toEqual(['AssumeRole arn:aws:iam::111122223333:role/deploy by AKIAONE as stackseal'])
  })

  test('that may not be assumed is told with the role and the permission', async () => {
    refuses = 'AccessDenied'
    const error = await errorOf({ ...env, AWS_ROLE_SESSION_NAME: 'x' }, url)
    expect(error.code).toBe('ERR_ACCESS_DENIED')
    expect(error.hint).toContain('sts:AssumeRole on arn:aws:iam::111122223333:role/deploy')
  })

  test.each([
    ['ValidationError', 'ERR_INVALID_KEY_URL'],
    ['ExpiredToken', 'ERR_CREDENTIALS_INVALID'],
    ['InvalidClientTokenId', 'ERR_CREDENTIALS_INVALID'],
    ['SignatureDoesNotMatch', 'ERR_CREDENTIALS_INVALID'],
    ['RegionDisabledException', 'ERR_ACCESS_DENIED'],
    ['Throttling', 'ERR_THROTTLED'],
  ])('that STS refuses with %s is %s', async (name, code) => {
    refuses = name
    expect((await errorOf({ ...env, AWS_ROLE_SESSION_NAME: name }, url)).code).toBe(code)
  })

  test.each([
    [200, '<html>', 'ERR_INVALID_REPLY'],
    [200, '<html></html>', 'ERR_INVALID_REPLY'],
    [200, '', 'ERR_INVALID_REPLY'],
    [200, '{}', 'ERR_INVALID_REPLY'],
    [403, '<html></html>', 'ERR_INVALID_REPLY'],
    [403, 'no', 'ERR_INVALID_REPLY'],
    [503, '<html></html>', 'ERR_UNAVAILABLE'],
  ])('that something else than STS answers with %i %j is %s', async (status, body, code) => {
    raw = [status, body]
    expect((await errorOf({ ...env, AWS_ROLE_SESSION_NAME: `${status}${body.length}` }, url)).code).toBe(code)
  })

  test('does not hide that there are no credentials to assume it with', async () => {
    const error = await errorOf({ AWS_ENDPOINT_URL_STS: origin }, url)
    expect(error.code).toBe('ERR_CREDENTIALS_MISSING')
    expect(asked).toEqual([])
  })
})

test('anonymous requests have no signature', async () => {
  expect(await callerOf({}, 'awskms://alias/app?anonymous=true')).toEqual({ id: undefined, region: undefined })
  expect(kms.requests[0]?.headers.authorization).toBeUndefined()
})

test('every request names Stackseal and its version, those to STS too', async () => {
  const form = / stackseal\/\d+\.\d+\.\d+/
  await callerOf({ ...keys('AKIAUA'), AWS_ENDPOINT_URL_STS: origin }, 'awskms://alias/app?role=arn:aws:iam::1:role/ua')
  expect(kms.requests[0]?.headers['user-agent']).toMatch(form)
  expect(userAgent).toMatch(form)
})
