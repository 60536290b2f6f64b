import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { isStacksealError, parseKeyUrl } from '@stackseal/core'
import { afterAll, describe, expect, test } from 'vitest'

import { kmsKey } from '../src/kms-key.ts'
import { type KmsSettings, kmsSettings } from '../src/kms-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'stackseal-awskms-'))
afterAll(() => rmSync(folder, { recursive: true }))

const read = (query: string, env: Readonly<Record<string, string>> = {}, key = 'alias/app'): Promise<KmsSettings> =>
  kmsSettings(kmsKey(parseKeyUrl(`awskms:///${key}?${query}`)), { AWS_REGION: 'eu-west-1', ...env })

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'accepted'
  } catch (error) {
    return isStacksealError(error) ? error.code : 'another error'
  }
}

describe('the region', () => {
  const ARN = 'arn:aws:kms:ca-central-1:1:key/k'

  test.each([
    ['region=us-west-2', { AWS_REGION: 'us-east-1' }, 'alias/app', 'us-west-2'],
    ['', { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-2' }, 'alias/app', 'us-east-1'],
    ['region=', { AWS_REGION: '', AWS_DEFAULT_REGION: 'us-east-2' }, 'alias/app', 'us-east-2'],
    ['', { AWS_REGION: '' }, ARN, 'ca-central-1'],
    ['', { AWS_REGION: 'us-east-1' }, ARN, 'us-east-1'],
    ['region=us-west-2', { AWS_REGION: '' }, ARN, 'us-west-2'],
  ])('of ?%s with %o and the key %s', async (query, env, key, region) => {
    expect((await read(query, env, key)).region).toBe(region)
  })

  test('has to be named somewhere', async () => {
    expect(await codeOf(read('', { AWS_REGION: '' }))).toBe('ERR_USAGE')
    expect(await codeOf(read('', { AWS_REGION: 'evil.example/' }))).toBe('ERR_USAGE')
  })
})

describe('a server that the key URL names', () => {
  test.each([
    ['http://127.0.0.1:25001', {}],
    ['http://127.9.9.9', {}],
    ['http://localhost:4566/', {}],
    ['https://localhost', {}],
    ['http://[::1]:25001', {}],
    ['https://kms.eu-west-1.amazonaws.com', {}],
    ['https://kms.eu-west-1.amazonaws.com/', {}],
    ['https://KMS.eu-west-1.amazonaws.com', {}],
    ['https://kms-fips.us-gov-west-1.amazonaws.com', {}],
    ['https://kms.cn-north-1.amazonaws.com.cn', {}],
    ['https://kms.eu-west-1.api.aws', {}],
    ['https://vpce-0a1b2c-d3e4.kms.eu-west-1.vpce.amazonaws.com', {}],
    ['https://kms.example.com', { STACKSEAL_ALLOW_ENDPOINTS: 'other.example.com, KMS.example.com' }],
    ['https://kms.example.com:8443', { STACKSEAL_ALLOW_ENDPOINTS: 'kms.example.com' }],
    ['https://kms.example.com:8443', { STACKSEAL_ALLOW_ENDPOINTS: 'kms.example.com:8443' }],
    ['https://kms.example.com', { AWS_ENDPOINT_URL: 'https://kms.example.com/' }],
    ['https://kms.example.com', { AWS_ENDPOINT_URL_KMS: 'https://kms.example.com' }],
  ])('%s is called with %o', async (endpoint, env) => {
    expect((await read(`endpoint=${encodeURIComponent(endpoint)}`, env)).endpoint).toBe(endpoint)
  })

  test.each([
    ['https://kms.example.com', {}],
    ['http://10.0.0.1', {}],
    ['http://169.254.169.254', {}],
    ['http://127.0.0.1.example.com', {}],
    ['http://localhost.localstack.cloud', {}],
    ['https://kms.eu-west-1.amazonaws.com.example.com', {}],
    ['https://example.com/kms.eu-west-1.amazonaws.com', {}],
    ['https://kms.eu-west-1.amazonaws.com:8443', {}],
    // Servers of anybody under an AWS domain.
    ['https://evil.execute-api.eu-west-1.amazonaws.com', {}],
    ['https://kms.s3.eu-west-1.amazonaws.com', {}],
    ['https://ec2-203-0-113-7.eu-west-1.compute.amazonaws.com', {}],
    // Without TLS only on this machine, whoever allows it.
    ['http://kms.eu-west-1.amazonaws.com', {}],
    ['http://kms.example.com', { STACKSEAL_ALLOW_ENDPOINTS: 'kms.example.com' }],
    ['https://kms.example.com', { STACKSEAL_ALLOW_ENDPOINTS: 'example.com' }],
    ['https://kms.example.com:8443', { STACKSEAL_ALLOW_ENDPOINTS: 'kms.example.com:8444' }],
    ['https://kms.example.com', { AWS_ENDPOINT_URL_KMS: 'https://other.example.com' }],
    ['https://kms.example.com', { AWS_ENDPOINT_URL: 'https://other.example.com' }],
  ])('%s is refused with %o', async (endpoint, env) => {
    expect(await codeOf(read(`endpoint=${encodeURIComponent(endpoint)}`, env))).toBe('ERR_SERVER_NOT_ALLOWED')
  })

  test.each([
    'kms.eu-west-1.amazonaws.com',
    'ftp://127.0.0.1',
    'https://',
    'https://x@127.0.0.1',
    'http://127.0.0.1/?a=1',
  ])('%s is no address', async (endpoint) => {
    expect(await codeOf(read(`endpoint=${encodeURIComponent(endpoint)}`))).toBe('ERR_INVALID_KEY_URL')
  })
})

describe('a server that the environment names', () => {
  const all = {
    AWS_ENDPOINT_URL: 'http://all:1',
    AWS_ENDPOINT_URL_KMS: 'http://kms:1',
    AWS_ENDPOINT_URL_STS: 'http://sts:1',
  }

  test('is called, the one for KMS before the one for all', async () => {
    expect(await read('', all)).toMatchObject({ endpoint: 'http://kms:1', stsEndpoint: 'http://sts:1' })
    expect(await read('', { AWS_ENDPOINT_URL: 'http://all:1' })).toMatchObject({
      endpoint: 'http://all:1',
      stsEndpoint: 'http://all:1',
    })
  })

  test('is not called where the key URL names one, or where it is to be ignored', async () => {
    expect((await read('endpoint=http://127.0.0.1:2', all)).endpoint).toBe('http://127.0.0.1:2')
    const settings = await read('', { ...all, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' })
    expect(settings).toMatchObject({ endpoint: undefined, stsEndpoint: undefined })
  })

  test('has to have the form of an address', async () => {
    for (const AWS_ENDPOINT_URL of ['kms:1', 'kms', 'https://user:pass@kms.example.com']) {
      expect(await codeOf(read('', { AWS_ENDPOINT_URL }))).toBe('ERR_USAGE')
    }
  })
})

test('FIPS and dual-stack come from the key URL or the environment, and choose no server beside a named one', async () => {
  expect(await read('fips=true')).toMatchObject({ fips: true, dualstack: false })
  expect(await read('', { AWS_USE_DUALSTACK_ENDPOINT: 'true' })).toMatchObject({ fips: false, dualstack: true })
  expect(await codeOf(read('fips=true&endpoint=http://127.0.0.1:1'))).toBe('ERR_USAGE')
})

test('AWS_CA_BUNDLE is a file of certificates', async () => {
  const path = join(folder, 'ca.pem')
  writeFileSync(path, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  expect((await read('', { AWS_CA_BUNDLE: path })).ca).toContain('BEGIN CERTIFICATE')
  expect(await codeOf(read('', { AWS_CA_BUNDLE: join(folder, 'none') }))).toBe('ERR_FILE_NOT_FOUND')
  writeFileSync(path, 'no certificate')
  expect(await codeOf(read('', { AWS_CA_BUNDLE: path }))).toBe('ERR_USAGE')
})

test('a file of aws configure that can not be read is told, not passed over', async () => {
  expect(await codeOf(read('', { AWS_CONFIG_FILE: folder }))).toBe('ERR_IO')
})
