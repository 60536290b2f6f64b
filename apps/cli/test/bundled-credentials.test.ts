import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { CALLERS, KmsServer } from '../../../packages/provider-awskms/test/kms-server.ts'
import { project } from './support/project.ts'
import { folder, stackseal } from './support/stackseal.ts'

// The build leaves the SDK's own chain of credentials out of the bundle; these are the ways that the provider goes
// itself, each through what is published.

const ROLE = 'arn:aws:iam::111122223333:role/deploy'
const URL_TEXT = 'awskms://alias/app?region=eu-west-1'
const { id: AccessKeyId, secret: SecretAccessKey } = CALLERS.owner
/** Only the stand-ins give session tokens, each its own: the one that KMS is shown tells which way was gone. */
const SESSION = {
  sts: 'session-of-sts',
  web: 'session-of-web',
  container: 'session-of-container',
  sso: 'session-of-sso',
}

const kms = await KmsServer.start()
/** What STS, a container's endpoint and SSO were asked, with what showed that the caller may ask. */
const asked: string[] = []
const others = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => answer(incoming, Buffer.concat(chunks).toString(), outgoing))
})
let origin: string

beforeAll(async () => {
  kms.createKey('app')
  await new Promise<void>((resolve) => others.listen(0, '127.0.0.1', resolve))
  const bound = others.address()
  origin = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
})
beforeEach(() => {
  asked.length = 0
  kms.requests.length = 0
})
afterAll(async () => {
  others.closeAllConnections()
  others.close()
  await kms.close()
})

function answer({ headers, url = '' }: IncomingMessage, body: string, outgoing: ServerResponse): void {
  const { pathname, searchParams } = new URL(url, origin)
  const form = new URLSearchParams(body)
  const action = form.get('Action')
  const expiresMs = Date.now() + 3_600_000
  const expires = new Date(expiresMs).toISOString()
  const json = (value: object): void => {
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
  if (pathname === '/creds') {
    asked.push(`container ${headers.authorization}`)
    json({ AccessKeyId, SecretAccessKey, Token: SESSION.container, Expiration: expires })
  } else if (pathname === '/federation/credentials') {
    const token = headers['x-amz-sso_bearer_token']
    asked.push(`sso ${searchParams.get('account_id')} ${searchParams.get('role_name')} ${String(token)}`)
    const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey }
    json({ roleCredentials: { ...keys, sessionToken: SESSION.sso, expiration: expiresMs } })
  } else if (action !== null) {
    const caller = /Credential=(\w+)\/\d+\/[\w-]+\/sts\/aws4_request/.exec(headers.authorization ?? '')?.[1]
    asked.push(`${action} ${form.get('RoleArn')} by ${caller ?? form.get('WebIdentityToken')}`)
    const token = action === 'AssumeRole' ? SESSION.sts : SESSION.web
    outgoing
      .writeHead(200, { 'content-type': 'text/xml' })
      .end(
        `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>` +
          `<AccessKeyId>${AccessKeyId}</AccessKeyId><SecretAccessKey>${SecretAccessKey}</SecretAccessKey>` +
          `<SessionToken>${token}</SessionToken><Expiration>${expires}</Expiration>` +
          `</Credentials></${action}Result></${action}Response>`,
      )
  } else outgoing.writeHead(404).end()
}

/** Makes a stack, sets a secret and reads it, each by a process; nothing but these variables says who asks. */
async function useStack(
  env: Readonly<Record<string, string>>,
  url = URL_TEXT,
): Promise<readonly (string | undefined)[]> {
  const on = project('')
  rmSync(on.file)
  const world = {
    HOME: folder('home'),
    AWS_ENDPOINT_URL_KMS: kms.origin,
    AWS_EC2_METADATA_DISABLED: 'true',
    PULUMI_STACK: 'dev',
    ...env,
  }
  for (const [line, stdout] of [
    [['stack', 'init', 'dev', '--secrets-provider', url], expect.any(String)],
    [['config', 'set', '--secret', 'token', 'hunter2'], ''],
    [['config', 'get', 'token'], 'hunter2\n'],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await stackseal(line, { cwd: on.folder, env: world })).toMatchObject({ exit: 0, stdout })
  }
  return kms.requests.map(({ headers }) => String(headers['x-amz-security-token'] ?? 'no session'))
}

/** A home with the files of `aws configure`. */
function home(config: string): string {
  const place = folder('home')
  mkdirSync(join(place, '.aws'))
  writeFileSync(join(place, '.aws/config'), config)
  return place
}

const keys = { AWS_ACCESS_KEY_ID: AccessKeyId, AWS_SECRET_ACCESS_KEY: SecretAccessKey }

test('a web identity is exchanged at STS', async () => {
  const file = join(folder('token'), 'token')
  writeFileSync(file, 'ey.web.identity')
  const sessions = await useStack({
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
    AWS_ROLE_ARN: ROLE,
    AWS_ENDPOINT_URL_STS: origin,
  })
  expect(new Set(sessions)).toEqual(new Set([SESSION.web]))
  expect(new Set(asked)).toEqual(new Set([`AssumeRoleWithWebIdentity ${ROLE} by ey.web.identity`]))
})

test('a container is asked for its credentials, with its token', async () => {
  const sessions = await useStack({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/creds`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 'pod',
  })
  expect(new Set(sessions)).toEqual(new Set([SESSION.container]))
  expect(new Set(asked)).toEqual(new Set(['container pod']))
})

test.each([
  [
    'by name',
    '[profile sso]\nsso_session = team\nsso_account_id = 111122223333\nsso_role_name = Deploy\n' +
      '[sso-session team]\nsso_start_url = https://team.awsapps.com/start\nsso_region = eu-west-1\n',
    'team',
  ],
  [
    'in the old form',
    '[profile sso]\nsso_start_url = https://team.awsapps.com/start\nsso_region = eu-west-1\n' +
      'sso_account_id = 111122223333\nsso_role_name = Deploy\n',
    'https://team.awsapps.com/start',
  ],
])('a sign-in of SSO, %s, is exchanged at SSO', async (_, config, cached) => {
  const HOME = home(config)
  const cache = join(HOME, '.aws/sso/cache')
  mkdirSync(cache, { recursive: true })
  const token = {
    accessToken: 'sso-access-token',
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    startUrl: 'https://team.awsapps.com/start',
    region: 'eu-west-1',
  }
  writeFileSync(join(cache, `${createHash('sha1').update(cached).digest('hex')}.json`), JSON.stringify(token))
  const sessions = await useStack({ HOME, AWS_PROFILE: 'sso', AWS_ENDPOINT_URL_SSO: origin })
  expect(new Set(sessions)).toEqual(new Set([SESSION.sso]))
  expect(new Set(asked)).toEqual(new Set(['sso 111122223333 Deploy sso-access-token']))
})

test('a profile that assumes a role asks STS as its source', async () => {
  const HOME = home(
    `[profile source]\naws_access_key_id = AKIASOURCE\naws_secret_access_key = x\n` +
      `[profile role]\nrole_arn = ${ROLE}\nsource_profile = source\n`,
  )
  const sessions = await useStack({ HOME, AWS_PROFILE: 'role', AWS_ENDPOINT_URL_STS: origin })
  expect(new Set(sessions)).toEqual(new Set([SESSION.sts]))
  expect(new Set(asked)).toEqual(new Set([`AssumeRole ${ROLE} by AKIASOURCE`]))
})

test('a role of the key URL is assumed', async () => {
  const sessions = await useStack({ ...keys, AWS_ENDPOINT_URL_STS: origin }, `${URL_TEXT}&role=${ROLE}`)
  expect(new Set(sessions)).toEqual(new Set([SESSION.sts]))
  expect(new Set(asked)).toEqual(new Set([`AssumeRole ${ROLE} by ${AccessKeyId}`]))
})

test('a program of a profile gives credentials', async () => {
  const program = join(folder('program'), 'give-credentials')
  const given = { Version: 1, AccessKeyId, SecretAccessKey, SessionToken: 'session-of-program' }
  writeFileSync(program, `#!/bin/sh\necho '${JSON.stringify(given)}'\n`)
  chmodSync(program, 0o700)
  const HOME = home(`[profile process]\ncredential_process = ${program}\n`)
  expect(new Set(await useStack({ HOME, AWS_PROFILE: 'process' }))).toEqual(new Set(['session-of-program']))
})

test('keys in the environment need nobody else', async () => {
  expect(new Set(await useStack(keys))).toEqual(new Set(['no session']))
  expect(asked).toEqual([])
})
