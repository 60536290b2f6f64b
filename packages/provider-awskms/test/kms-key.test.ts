import { isStacksealError, parseKeyUrl } from '@stackseal/core'
import { expect, test } from 'vitest'

import { awsKms } from '../src/index.ts'
import { type KmsKey, kmsKey } from '../src/kms-key.ts'

const ID = '41c7ebf3-fc15-4ff3-bfdb-ffcf9277a9f6'
const ARN = `arn:aws:kms:eu-west-1:111122223333:key/${ID}`

const codeOf = (text: string): string => {
  try {
    kmsKey(parseKeyUrl(text))
    return 'accepted'
  } catch (error) {
    return isStacksealError(error) ? error.code : 'another error'
  }
}
const read = (text: string): KmsKey => kmsKey(parseKeyUrl(text))

test.each([
  ['awskms://alias/app', 'alias/app'],
  ['awskms:///alias/app', 'alias/app'],
  ['awskms:/alias/app', 'alias/app'],
  ['AWSKMS://alias/app', 'alias/app'],
  ['awskms:////alias//app/', 'alias/app'],
  ['awskms://alias/./x/../app', 'alias/app'],
  ['awskms://alias/a%20b', 'alias/a b'],
  ['awskms://alias/App_1-2', 'alias/App_1-2'],
  ['awskms://alias/app#fragment', 'alias/app'],
  ['awskms://alias:80/app', 'alias:80/app'],
  ['awskms://a/../b', 'b'],
  [`awskms://${ID}`, ID],
  [`awskms:///${ID}`, ID],
  ['awskms://mrk-1234abcd12ab34cd56ef1234567890ab', 'mrk-1234abcd12ab34cd56ef1234567890ab'],
  [`awskms:///${ARN}`, ARN],
  ['awskms:///arn:aws-cn:kms:cn-north-1:111122223333:alias/app', 'arn:aws-cn:kms:cn-north-1:111122223333:alias/app'],
  ['awskms:///arn:aws-us-gov:kms:us-gov-east-1:1:key/k', 'arn:aws-us-gov:kms:us-gov-east-1:1:key/k'],
])('%s names %s', (text, keyId) => {
  expect(read(text).keyId).toBe(keyId)
})

test.each([
  ['awskms://alias/app', true],
  ['awskms:///arn:aws:kms:eu-west-1:1:alias/app', true],
  [`awskms:///${ARN}`, false],
  [`awskms://${ID}`, false],
  ['awskms://aliases/app', false],
])('%s names an alias: %s', (text, isAlias) => {
  expect(read(text).isAlias).toBe(isAlias)
})

test.each<[query: string, expected: Partial<KmsKey>]>([
  ['region=us-west-2', { region: 'us-west-2' }],
  ['region=', { region: undefined }],
  ['region=us-west-2&region=us-east-1', { region: 'us-west-2' }],
  ['profile=dev', { profile: 'dev' }],
  ['profile=my+team', { profile: 'my team' }],
  ['endpoint=http%3A%2F%2F127.0.0.1%3A25001', { endpoint: 'http://127.0.0.1:25001' }],
  ['endpoint=http://127.0.0.1:25001', { endpoint: 'http://127.0.0.1:25001' }],
  ['endpoint=http://127.0.0.1:1&hostname_immutable=true', { endpoint: 'http://127.0.0.1:1' }],
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((value): [string, Partial<KmsKey>] => [
    `fips=${value}`,
    { fips: true },
  ]),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((value): [string, Partial<KmsKey>] => [
    `dualstack=${value}`,
    { dualstack: false },
  ]),
  ['anonymous=true', { anonymous: true }],
  ['role=arn:aws:iam::111122223333:role/deploy', { role: 'arn:aws:iam::111122223333:role/deploy' }],
  ['rate_limiter_capacity=500', {}],
  ['rate_limiter_capacity=-1', {}],
  ['rate_limiter_capacity=%2B2147483647', {}],
  ['rate_limiter_capacity=-2147483648', {}],
  ['awssdk=v1', {}],
  ['awssdk=v2&region=eu-west-1', { region: 'eu-west-1' }],
  ['awssdk=banana', {}],
  ['awssdk=', {}],
  ['request_checksum_calculation=when_required', {}],
  ['request_checksum_calculation=WHEN_SUPPORTED', {}],
  ['response_checksum_validation=When_Required', {}],
  ['context_a=b', { context: { a: 'b' } }],
  ['context_a=b&context_c=d+e', { context: { a: 'b', c: 'd e' } }],
  ['context_=b', { context: { '': 'b' } }],
  ['context_A=1&context_a=2', { context: { A: '1', a: '2' } }],
  ['context_a=', { context: { a: '' } }],
  ['context_context_x=1', { context: { context_x: '1' } }],
])('awskms://alias/app?%s is read', (query, expected) => {
  expect(read(`awskms://alias/app?${query}`)).toMatchObject(expected)
})

test('an entry of the encryption context may have any name', () => {
  const { context } = read('awskms://k?context___proto__=x')
  expect(Object.entries(context)).toEqual([['__proto__', 'x']])
})

test.each([
  'awskms:alias/app',
  'awskms:',
  'awskms://',
  'awskms:///',
  'awskms:///.',
  'awskms://alias/..',
  'awskms://arn:aws:kms:eu-west-1:111122223333:key/x',
  'awskms://my%20key',
  'awskms://user@alias/app',
  'awskms:///a%0ab',
  'awskms://alias/%zz',
  'awskms://k?bogus=1',
  'awskms://k?region=us-east-1&bogus=1',
  'awskms://k?Region=us-east-1',
  'awskms://k?disableSSL=true',
  'awskms://k?s3ForcePathStyle=true',
  'awskms://k?accelerate=true',
  'awskms://k?use_path_style=true',
  'awskms://k?context=a',
  'awskms://k?a;b=1',
  'awskms://k?fips=maybe',
  'awskms://k?fips=',
  'awskms://k?fips=tRUE',
  'awskms://k?dualstack=yes',
  'awskms://k?anonymous=2',
  'awskms://k?hostname_immutable=nope',
  'awskms://k?role=abc',
  'awskms://k?role=',
  'awskms://k?rate_limiter_capacity=ten',
  'awskms://k?rate_limiter_capacity=',
  'awskms://k?rate_limiter_capacity=1.5',
  'awskms://k?rate_limiter_capacity=2147483648',
  'awskms://k?rate_limiter_capacity=-2147483649',
  'awskms://k?request_checksum_calculation=x',
  'awskms://k?response_checksum_validation=',
  'awskms://k?context_a=1&context_a=2',
  'awskms://k?context_a=1&context_a=1',
  'awskms://k?region=evil.example%23',
  'awskms://k?region=evil.example',
])('%s is refused', (text) => {
  expect(codeOf(text)).toBe('ERR_INVALID_KEY_URL')
})

test('a refused key URL is refused before credentials are looked for', async () => {
  const call = awsKms().createKey(parseKeyUrl('awskms://k?bogus=1'), { env: {} })
  await expect(call).rejects.toMatchObject({ code: 'ERR_INVALID_KEY_URL' })
})

test.each([
  ['awskms://alias/app', { key: 'alias/app' }],
  ['awskms://alias/app?region=us-east-1', { key: 'alias/app', region: 'us-east-1' }],
  [`awskms:///${ARN}`, { key: ARN, region: 'eu-west-1', account: '111122223333' }],
  [
    `awskms:///${ARN}?region=us-east-1&context_stack=dev&context_team=infra&role=arn:aws:iam::1:role/r`,
    { key: ARN, region: 'us-east-1', account: '111122223333', role: 'arn:aws:iam::1:role/r', context: 'stack, team' },
  ],
])('describes %s', (text, facts) => {
  expect(awsKms().describe?.(parseKeyUrl(text), undefined)).toEqual(facts)
})
