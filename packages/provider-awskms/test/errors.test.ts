import { createServer, type Socket } from 'node:net'

import { type ErrorCode, isStacksealError, parseKeyUrl, type StacksealError } from '@stackseal/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

import { classify } from '../src/classify.ts'
import { awsKms } from '../src/index.ts'
import { connect } from '../src/kms-service.ts'
import { SERVICE_ERRORS } from '../src/service-errors.ts'
import { CALLERS, json, KmsServer, refusal, REGION, type Reply } from './kms-server.ts'

const kms = await KmsServer.start()
const key = kms.createKey('app')
const URL_TEXT = 'awskms://alias/app?context_stack=dev'
const env = {
  AWS_ENDPOINT_URL_KMS: kms.origin,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: CALLERS.owner.id,
  AWS_SECRET_ACCESS_KEY: CALLERS.owner.secret,
}
const provider = awsKms()
const service = await connect(parseKeyUrl(URL_TEXT), { env })
const never = new AbortController().signal
const { sealed, dataKey } = await provider.createKey(parseKeyUrl(URL_TEXT), { env })

// Said by Node's own documentation of http.Agent: proxyEnv came in 22.21 and 24.5.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const TAKES_PROXIES = (major === 22 && minor >= 21) || (major === 24 && minor >= 5) || major > 24

async function errorOf(work: Promise<unknown>): Promise<StacksealError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  if (isStacksealError(error)) return error
  throw new TypeError('the call was not refused with a StacksealError')
}

function openUnder(reply: Reply, url = URL_TEXT): Promise<StacksealError> {
  kms.override = () => reply
  return errorOf(provider.openKey(parseKeyUrl(url), sealed, { env }))
}

const plain = (plaintext: unknown): Reply =>
  json({ Plaintext: plaintext, KeyId: `arn:aws:kms:eu-west-1:1:key/${key.id}` })

beforeEach(() => {
  kms.override = undefined
  kms.requests.length = 0
  key.state = 'Enabled'
})
afterAll(async () => {
  await service.close?.()
  await provider.close?.()
  await kms.close()
})

// The names of the documentation of Encrypt, Decrypt and the errors common to all calls, with the status given there.
const DOCUMENTED: readonly (readonly [name: string, status: number, code: ErrorCode, hint: string])[] = [
  ['DependencyTimeoutException', 500, 'ERR_TIMEOUT', '--timeout'],
  ['DisabledException', 400, 'ERR_KEY_DISABLED', 'enable-key --key-id alias/app --region eu-west-1'],
  ['IncorrectKeyException', 400, 'ERR_WRONG_KEY', '--any-key'],
  ['InvalidCiphertextException', 400, 'ERR_WRONG_KEY', 'context_stack'],
  ['InvalidGrantTokenException', 400, 'ERR_ACCESS_DENIED', 'kms:Decrypt'],
  ['InvalidKeyUsageException', 400, 'ERR_KEY_NOT_USABLE', 'SYMMETRIC_DEFAULT'],
  ['KeyUnavailableException', 500, 'ERR_UNAVAILABLE', 'try again'],
  ['KMSInternalException', 500, 'ERR_UNAVAILABLE', 'try again'],
  ['KMSInvalidStateException', 400, 'ERR_KEY_DISABLED', 'cancel-key-deletion'],
  ['NotFoundException', 400, 'ERR_KEY_NOT_FOUND', 'alias/app in eu-west-1 (from AWS_REGION)'],
  ['InvalidArnException', 400, 'ERR_KEY_NOT_FOUND', 'alias/app'],
  ['LimitExceededException', 400, 'ERR_THROTTLED', 'alias/app'],
  ['UnsupportedOperationException', 400, 'ERR_KEY_NOT_USABLE', 'alias/app'],
  ['AccessDeniedException', 400, 'ERR_ACCESS_DENIED', 'kms:Decrypt on alias/app in eu-west-1'],
  ['ExpiredTokenException', 400, 'ERR_CREDENTIALS_INVALID', 'aws sso login'],
  ['IncompleteSignature', 400, 'ERR_CREDENTIALS_INVALID', 'AWS_SECRET_ACCESS_KEY'],
  ['InternalFailure', 500, 'ERR_UNAVAILABLE', 'try again'],
  ['MalformedHttpRequestException', 400, 'ERR_INVALID_REPLY', 'endpoint='],
  ['NotAuthorized', 401, 'ERR_ACCESS_DENIED', 'kms:Decrypt'],
  ['OptInRequired', 403, 'ERR_ACCESS_DENIED', 'eu-west-1'],
  ['RequestAbortedException', 400, 'ERR_UNAVAILABLE', 'try again'],
  ['RequestExpired', 400, 'ERR_CREDENTIALS_INVALID', 'sign in again'],
  ['RequestTimeoutException', 408, 'ERR_TIMEOUT', '--timeout'],
  ['ServiceUnavailable', 503, 'ERR_UNAVAILABLE', 'try again'],
  ['ThrottlingException', 400, 'ERR_THROTTLED', 'quota'],
  ['UnknownOperationException', 404, 'ERR_INVALID_REPLY', 'not AWS KMS'],
  ['UnrecognizedClientException', 403, 'ERR_CREDENTIALS_INVALID', 'AWS_ACCESS_KEY_ID'],
  ['ValidationException', 400, 'ERR_INVALID_KEY_URL', 'alias/app'],
  ['ValidationError', 400, 'ERR_INVALID_KEY_URL', 'alias/app'],
  ['InvalidSignatureException', 403, 'ERR_CREDENTIALS_INVALID', 'secret key'],
  ['SignatureDoesNotMatch', 403, 'ERR_CREDENTIALS_INVALID', 'secret key'],
  ['InvalidClientTokenId', 403, 'ERR_CREDENTIALS_INVALID', 'AWS_ACCESS_KEY_ID'],
  ['MissingAuthenticationToken', 403, 'ERR_CREDENTIALS_MISSING', 'AWS_PROFILE'],
  ['MissingAuthenticationTokenException', 403, 'ERR_CREDENTIALS_MISSING', 'AWS_PROFILE'],
  ['Throttling', 400, 'ERR_THROTTLED', 'quota'],
  ['ThrottledException', 400, 'ERR_THROTTLED', 'quota'],
  ['RequestThrottledException', 400, 'ERR_THROTTLED', 'quota'],
  ['RequestLimitExceeded', 400, 'ERR_THROTTLED', 'quota'],
  ['TooManyRequestsException', 400, 'ERR_THROTTLED', 'quota'],
  ['SlowDown', 503, 'ERR_THROTTLED', 'quota'],
  ['TokenRefreshRequired', 400, 'ERR_CREDENTIALS_INVALID', 'sign in again'],
  ['SubscriptionRequiredException', 400, 'ERR_ACCESS_DENIED', 'opted in'],
]

describe('what AWS documents', () => {
  // Through the SDK, but without core, which would wait before it repeats what may be repeated.
  test.each(DOCUMENTED)('%s (%i) is %s', async (name, status, code, hint) => {
    kms.override = () => refusal(`com.amazonaws.kms#${name}`, 'text of the vendor about alias/app', status)
    const error: unknown = await service.unwrap(new Uint8Array(9), never).catch((thrown: unknown) => thrown)
    const meaning = classify(error)
    expect(meaning.code).toBe(code)
    expect(meaning.hint).toContain(hint)
    expect(meaning.details).toMatchObject({ key: 'alias/app', region: REGION, error: name })
    expect(JSON.stringify(meaning)).not.toContain('text of the vendor')
  })

  test('of an error of AWS nothing is kept that AWS wrote', async () => {
    const error = await openUnder(refusal('AccessDeniedException', 'User: arn:aws:iam::1:user/x is not authorized'))
    expect(JSON.stringify(error)).not.toContain('arn:aws:iam')
    expect(error.cause).toBeUndefined()
  })

  test('each name of the table stands in one row, or in rows that differ by step or text', () => {
    const wholly = SERVICE_ERRORS.filter(({ steps, text }) => steps === undefined && text === undefined)
    const names = wholly.flatMap((row) => row.names ?? [])
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })

  test('a name that nobody knows is a fault of this provider, and its text is not kept', async () => {
    const error = await openUnder(refusal('BrandNewException', 'something new about AKIA'))
    expect(error.code).toBe('ERR_PROVIDER_FAILED')
    expect(JSON.stringify(error)).not.toMatch(/something new|BrandNew/)
  })
})

describe('one name with several meanings', () => {
  test.each([
    [
      'KMSInvalidStateException',
      'arn:aws:kms:eu-west-1:1:key/x is pending deletion.',
      'ERR_KEY_DISABLED',
      'cancel-key',
    ],
    ['KMSInvalidStateException', 'arn:aws:kms:eu-west-1:1:key/x is pending import.', 'ERR_KEY_DISABLED', 'import it'],
    ['KMSInvalidStateException', 'arn:aws:kms:eu-west-1:1:key/x is unavailable.', 'ERR_UNAVAILABLE', 'key store'],
    [
      'InvalidSignatureException',
      'Signature expired: 20260101 is now earlier than',
      'ERR_CREDENTIALS_INVALID',
      'clock',
    ],
    ['InvalidSignatureException', 'Signature not yet current: x', 'ERR_CREDENTIALS_INVALID', 'clock'],
    [
      'ValidationException',
      "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint",
      'ERR_MALFORMED_SEALED_KEY',
      'encryptedkey',
    ],
  ] as const)('%s: %s', async (name, text, code, hint) => {
    const error = await openUnder(refusal(name, text))
    expect(error.code).toBe(code)
    expect(error.hint).toContain(hint)
  })

  test('a missing permission to seal is told as such', async () => {
    kms.override = () => refusal('AccessDeniedException')
    const error = await errorOf(provider.createKey(parseKeyUrl(URL_TEXT), { env }))
    expect(error.hint).toContain('kms:Encrypt on alias/app')
  })

  test('a key of another region than the one that is asked is told with both', async () => {
    const error = await openUnder(refusal('NotFoundException'), 'awskms:///arn:aws:kms:us-east-1:1:key/k')
    expect(error.hint).toBe('arn:aws:kms:us-east-1:1:key/k is a key of us-east-1, and AWS_REGION says eu-west-1')
  })
})

describe('answers that KMS does not give', () => {
  test.each<[string, Reply, ErrorCode]>([
    ['a page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }, 'ERR_INVALID_REPLY'],
    [
      'a page that refuses',
      { status: 403, headers: { 'content-type': 'text/html' }, body: '<html>' },
      'ERR_INVALID_REPLY',
    ],
    ['XML that refuses', { status: 403, body: '<ErrorResponse><Code>x</Code></ErrorResponse>' }, 'ERR_INVALID_REPLY'],
    [
      'a proxy that fails',
      { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' },
      'ERR_UNAVAILABLE',
    ],
    ['a proxy that throttles', { status: 429, body: '<html>' }, 'ERR_THROTTLED'],
    ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, 'ERR_INVALID_REPLY'],
    ['nothing', { status: 204 }, 'ERR_INVALID_REPLY'],
    ['an empty body', { status: 200, body: '' }, 'ERR_INVALID_REPLY'],
    ['JSON null', { status: 200, body: 'null' }, 'ERR_INVALID_REPLY'],
    ['a list', { status: 200, body: '[]' }, 'ERR_INVALID_REPLY'],
    ['no plaintext', json({}), 'ERR_INVALID_REPLY'],
    ['a plaintext that is a number', plain(7), 'ERR_INVALID_REPLY'],
    ['a plaintext that is a list', plain([1, 2]), 'ERR_INVALID_REPLY'],
    ['an empty plaintext', plain(''), 'ERR_INVALID_REPLY'],
    ['a refusal without a name', { status: 400, body: '{}' }, 'ERR_INVALID_REPLY'],
    ['a refusal that is empty', { status: 400 }, 'ERR_INVALID_REPLY'],
    ['a plaintext of 16 bytes', plain(btoa('0123456789abcdef')), 'ERR_MALFORMED_SEALED_KEY'],
    ['a plaintext of 33 bytes', plain(btoa('0'.repeat(33))), 'ERR_MALFORMED_SEALED_KEY'],
    ['two megabytes', plain('A'.repeat(2_000_000)), 'ERR_MALFORMED_SEALED_KEY'],
  ])('%s', async (_, reply, code) => {
    const error = await openUnder(reply)
    expect(error.code).toBe(code)
    expect(error.hint).toMatch(/\w/)
  })

  test('a ciphertext that is empty is not stored', async () => {
    kms.override = () => json({ CiphertextBlob: '', KeyId: 'x' })
    expect((await errorOf(provider.createKey(parseKeyUrl(URL_TEXT), { env }))).code).toBe('ERR_INVALID_REPLY')
  })

  test('a sealed key that is longer than KMS takes is not sent', async () => {
    const error = await errorOf(provider.openKey(parseKeyUrl(URL_TEXT), btoa('x'.repeat(6_145)), { env }))
    expect(error.code).toBe('ERR_MALFORMED_SEALED_KEY')
    expect(kms.requests).toEqual([])
  })
})

describe('the network', () => {
  test('a port where nobody listens is ERR_UNAVAILABLE, and names the address', async () => {
    const error = await errorOf(
      provider.openKey(parseKeyUrl(URL_TEXT), sealed, { env: { ...env, AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1' } }),
    )
    expect(error).toMatchObject({ code: 'ERR_UNAVAILABLE', details: { network: 'ECONNREFUSED', attempts: 3 } })
    expect(error.hint).toContain('http://127.0.0.1:1')
  })

  test('a proxy of the environment is gone through, or said to be out of reach of this Node; NO_PROXY leads past it', async () => {
    kms.override = () => refusal('DisabledException')
    const world = { ...env, AWS_ENDPOINT_URL_KMS: 'http://kms.invalid', HTTP_PROXY: kms.origin }
    const call = provider.openKey(parseKeyUrl(URL_TEXT), sealed, { env: world })
    expect((await errorOf(call)).code).toBe(TAKES_PROXIES ? 'ERR_KEY_DISABLED' : 'ERR_USAGE')
    const past = provider.openKey(parseKeyUrl(URL_TEXT), sealed, { env: { ...world, NO_PROXY: '.invalid' } })
    expect((await errorOf(past)).code).toBe('ERR_UNAVAILABLE')
  })

  test('a proxy that is no address is told', async () => {
    const world = { ...env, AWS_ENDPOINT_URL_KMS: 'http://kms.invalid', HTTP_PROXY: 'http://[' }
    expect((await errorOf(provider.openKey(parseKeyUrl(URL_TEXT), sealed, { env: world }))).code).toBe('ERR_USAGE')
  })

  test('a name that is nobody’s', async () => {
    const world = { env: { ...env, AWS_ENDPOINT_URL_KMS: 'http://kms.invalid' } }
    expect((await errorOf(provider.openKey(parseKeyUrl(URL_TEXT), sealed, world))).code).toBe('ERR_UNAVAILABLE')
  })

  test.each([
    ['is cut', (socket: Socket) => socket.resetAndDestroy(), 'http:', 'ERR_UNAVAILABLE'],
    ['ends without an answer', (socket: Socket) => socket.end(), 'http:', 'ERR_UNAVAILABLE'],
    ['speaks another protocol', (socket: Socket) => socket.end('220 ready\r\n'), 'http:', 'ERR_INVALID_REPLY'],
    ['knows no TLS', (socket: Socket) => socket.end('HTTP/1.0 400 Bad\r\n\r\n'), 'https:', 'ERR_INVALID_REPLY'],
  ] as const)('a connection that %s', async (_, treat, scheme, code) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => treat(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const bound = server.address()
    const port = typeof bound === 'object' ? bound?.port : undefined
    const world = { env: { ...env, AWS_ENDPOINT_URL_KMS: `${scheme}//127.0.0.1:${port}` } }
    const error = await errorOf(provider.openKey(parseKeyUrl(URL_TEXT), sealed, world))
    await new Promise((resolve) => server.close(resolve))
    expect(error.code).toBe(code)
  })

  test.each([
    [{ 'retry-after': '1' }, 950],
    [{ 'x-amz-retry-after': '600' }, 550],
  ])('a throttled call waits as long as %o says', async (headers, atLeastMs) => {
    let refused = 0
    kms.override = () => (++refused > 1 ? undefined : { ...refusal('ThrottlingException'), headers })
    const start = performance.now()
    expect((await provider.openKey(parseKeyUrl(URL_TEXT), sealed, { env })).dataKey).toEqual(dataKey)
    expect(performance.now() - start).toBeGreaterThan(atLeastMs)
    expect(kms.requests.length).toBe(2)
  })

  test('a server that says to come back in an hour is not waited for', async () => {
    const error = await openUnder({ ...refusal('ThrottlingException'), headers: { 'retry-after': '3600' } })
    expect(error).toMatchObject({ code: 'ERR_THROTTLED', details: { attempts: 1 } })
  })

  test('a clock that is an hour off is put right from the refusal, by one more call', async () => {
    const anHour = 3_600_000
    const date = new Date(Date.now() + anHour).toUTCString()
    const times: string[] = []
    kms.override = ({ headers }) => {
      const time = headers['x-amz-date']
      times.push(typeof time === 'string' ? time : '')
      if (times.length > 1) return undefined
      return { ...refusal('InvalidSignatureException', 'Signature expired: x'), headers: { date } }
    }
    const fresh = awsKms()
    expect((await fresh.openKey(parseKeyUrl(URL_TEXT), sealed, { env })).dataKey).toEqual(dataKey)
    const [first = 0, second = 0] = times.map((time) =>
      Date.parse(time.replace(/(....)(..)(..T..)(..)(..)/, '$1-$2-$3:$4:$5')),
    )
    expect((second - first) / anHour).toBeCloseTo(1, 2)
    expect(times.length).toBe(2)
    await fresh.close?.()
  })
})

describe('the encryption context', () => {
  test('goes with both calls, and another one does not open', async () => {
    await provider.openKey(parseKeyUrl(URL_TEXT), sealed, { env })
    expect(kms.requests[0]?.body['EncryptionContext']).toEqual({ stack: 'dev' })
    for (const [url, hint] of [
      ['awskms://alias/app?context_stack=prod', 'context_stack'],
      ['awskms://alias/app', 'gives none'],
    ] as const) {
      const error = await errorOf(provider.openKey(parseKeyUrl(url), sealed, { env }))
      expect(error.code).toBe('ERR_WRONG_KEY')
      expect(error.hint).toContain(hint)
    }
  })

  test('is left out of the request where there is none', async () => {
    await provider.createKey(parseKeyUrl('awskms://alias/app'), { env })
    expect(Object.keys(kms.requests[0]?.body ?? {}).toSorted()).toEqual(['KeyId', 'Plaintext'])
  })
})

describe('an alias that was pointed at another key', () => {
  test('does not open, and says how it does', async () => {
    const url = parseKeyUrl('awskms://alias/moved')
    kms.createKey('moved')
    const made = await provider.createKey(url, { env })
    kms.pointAlias('moved', kms.createKey())
    const error = await errorOf(provider.openKey(url, made.sealed, { env }))
    expect(error).toMatchObject({ code: 'ERR_WRONG_KEY' })
    expect(error.hint).toContain('--any-key')
  })

  test('opens with any key, says so, and suggests a re-wrap', async () => {
    const url = parseKeyUrl('awskms://alias/moved-again')
    const old = kms.createKey('moved-again')
    const made = await provider.createKey(url, { env })
    kms.pointAlias('moved-again', kms.createKey())
    const told: string[] = []
    const world = { env: { ...env, STACKSEAL_ANY_KEY: '1' }, tell: (text: string) => void told.push(text) }
    kms.requests.length = 0
    expect((await provider.openKey(url, made.sealed, world)).dataKey).toEqual(made.dataKey)
    expect(kms.requests.map(({ body }) => body['KeyId'])).toEqual(['alias/moved-again', undefined])
    expect(told.join()).toContain(`key/${old.id}`)
    expect(told.join()).toContain('stackseal stack rewrap')
  })

  test('any key makes no second call where the first one opens', async () => {
    const told: string[] = []
    const world = { env: { ...env, STACKSEAL_ANY_KEY: 'true' }, tell: (text: string) => void told.push(text) }
    await provider.openKey(parseKeyUrl(URL_TEXT), sealed, world)
    expect(kms.requests.length).toBe(1)
    expect(told).toEqual([])
  })
})

test.each([
  ['PendingDeletion', 'ERR_KEY_DISABLED'],
  ['PendingImport', 'ERR_KEY_DISABLED'],
  ['Disabled', 'ERR_KEY_DISABLED'],
  ['Unavailable', 'ERR_UNAVAILABLE'],
] as const)('a key in the state %s is %s', async (state, code) => {
  key.state = state
  expect((await errorOf(provider.openKey(parseKeyUrl(URL_TEXT), sealed, { env }))).code).toBe(code)
})
