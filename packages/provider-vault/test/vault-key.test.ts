import { isStacksealError, parseKeyUrl } from '@stackseal/core'
import { expect, test } from 'vitest'

import { vault } from '../src/index.ts'
import { vaultKey } from '../src/vault-key.ts'

const codeOf = (text: string): string => {
  try {
    vaultKey(parseKeyUrl(text))
    return 'accepted'
  } catch (error) {
    return isStacksealError(error) ? error.code : 'another error'
  }
}

test.each([
  ['hashivault://vecs', 'transit', 'vecs'],
  ['hashivault:///vecs', 'transit', 'vecs'],
  ['hashivault:/vecs', 'transit', 'vecs'],
  ['HASHIVAULT://vecs', 'transit', 'vecs'],
  ['hashivault://My_Key', 'transit', 'My_Key'],
  ['hashivault://a/b/c', 'transit', 'a/b/c'],
  ['hashivault://a//b/', 'transit', 'a/b'],
  ['hashivault://a/./b', 'transit', 'a/b'],
  ['hashivault://tenant-a/../tenant-b', 'transit', 'tenant-b'],
  ['hashivault:///../vecs', 'transit', 'vecs'],
  ['hashivault:///my%20key', 'transit', 'my key'],
  ['hashivault://vecs#fragment', 'transit', 'vecs'],
  ['hashivault://vecs?engine=', 'transit', 'vecs'],
  ['hashivault://vecs?engine=foo', 'foo', 'vecs'],
  ['hashivault://vecs?engine=foo/bar', 'foo/bar', 'vecs'],
  ['hashivault://vecs?engine=foo%2Fbar', 'foo/bar', 'vecs'],
  ['hashivault://vecs?engine=foo/', 'foo', 'vecs'],
  ['hashivault://vecs?engine=/foo', 'foo', 'vecs'],
  ['hashivault://vecs?engine=one&engine=two', 'one', 'vecs'],
])('%s names a key of %s called %s', (text, engine, key) => {
  expect(vaultKey(parseKeyUrl(text))).toEqual({ engine, key })
})

test.each([
  'hashivault:vecs',
  'hashivault://',
  'hashivault:///',
  'hashivault://.',
  'hashivault://..',
  'hashivault://../../sys/health',
  'hashivault://a/../../../auth/token/create',
  'hashivault://../decrypt-sibling',
  'hashivault:///a%0ab',
  'hashivault://vecs?region=eu-west-1',
  'hashivault://vecs?engine=foo&Engine=bar',
  'hashivault://vecs?engine=..',
  'hashivault://vecs?engine=foo/../sys',
  'hashivault://vecs?engine=foo//bar',
])('%s is refused', (text) => {
  expect(codeOf(text)).toBe('ERR_INVALID_KEY_URL')
})

test('a refused key URL is refused before a server is looked for', async () => {
  const call = vault().createKey(parseKeyUrl('hashivault://..'), { env: {} })
  await expect(call).rejects.toMatchObject({ code: 'ERR_INVALID_KEY_URL' })
})

test('describes key, engine and the version of the key that sealed', () => {
  const url = parseKeyUrl('hashivault://vecs?engine=team/transit')
  const sealed = btoa('vault:v12:AAAA')
  expect(vault().describe?.(url, sealed)).toEqual({ key: 'vecs', engine: 'team/transit', version: '12' })
  expect(vault().describe?.(url, undefined)).toEqual({ key: 'vecs', engine: 'team/transit' })
})
