import { describe, expect, test } from 'vitest'

import { isStacksealError } from '../src/errors.ts'
import { type KeyUrl, parseKeyUrl } from '../src/key-url.ts'
import { readVectors } from './vectors.ts'

interface Row {
  readonly url: string
  readonly error?: string
  readonly queryError?: string
  readonly scheme?: string
  readonly host?: string
  readonly path?: string
  readonly opaque?: string
  readonly query?: [string, string][]
  readonly omitHost?: boolean
  /** The authority holds user information. */
  readonly user?: boolean
  /** A decoded part is not UTF-8. */
  readonly bytes?: boolean
}

function refusal(text: string): { code: string; text: string } {
  try {
    parseKeyUrl(text)
  } catch (error) {
    if (isStacksealError(error))
      return { code: error.code, text: `${error.message} ${error.hint} ${JSON.stringify(error)}` }
    throw error
  }
  throw new Error(`accepted: ${text}`)
}

describe('a key URL', () => {
  const rows = readVectors('go/key-urls.json') as Row[]

  // What Go accepts and a key URL does not, each for a reason of its own.
  const refusedOnPurpose = new Map<string, (row: Row) => boolean>([
    ['holds no scheme, so that it names no provider', (row) => row.scheme === undefined],
    ['holds a credential', (row) => row.user === true],
    ['decodes to bytes that are not text', (row) => row.bytes === true],
    ['has a parameter that Go passes over in silence', (row) => row.queryError !== undefined],
    [
      'is an address with a zone, which no key service has',
      (row) => row.host?.startsWith('[') === true && row.host.includes('%'),
    ],
  ])

  const reads = rows.filter((row) => row.error === undefined && ![...refusedOnPurpose.values()].some((is) => is(row)))

  test('is read part by part as Go reads it', () => {
    expect(reads.length).toBeGreaterThan(80)
    const read = reads.map(({ url }) => ({ ...parseKeyUrl(url), toString: undefined }))
    const expected = reads.map((row) => ({
      text: row.url,
      scheme: row.scheme,
      host: /^[^:]*:\/\//.test(row.url) ? (row.host ?? '') : undefined,
      path: row.path ?? '',
      opaque: /^[^:]*:\//.test(row.url) ? undefined : (row.opaque ?? ''),
      query: row.query ?? [],
      toString: undefined,
    }))
    expect(read).toEqual(expected)
  })

  test('is refused where Go refuses it', () => {
    const refused = rows.filter((row) => row.error !== undefined)
    expect(refused.length).toBeGreaterThan(35)
    expect(refused.map((row) => refusal(row.url).code)).toEqual(refused.map(() => 'ERR_INVALID_KEY_URL'))
  })

  for (const [reason, is] of refusedOnPurpose) {
    test(`is refused where it ${reason}`, () => {
      const refused = rows.filter((row) => row.error === undefined && is(row))
      expect(refused.length).toBeGreaterThan(0)
      expect(refused.map((row) => refusal(row.url).code)).toEqual(refused.map(() => 'ERR_INVALID_KEY_URL'))
    })
  }

  const forms: [url: string, parts: Partial<KeyUrl>][] = [
    ['awskms://1234abcd-12ab-34cd-56ef-1234567890ab', { host: '1234abcd-12ab-34cd-56ef-1234567890ab', path: '' }],
    ['awskms://alias/app', { host: 'alias', path: '/app' }],
    ['awskms:///alias/app', { host: '', path: '/alias/app' }],
    [
      'awskms:///arn:aws:kms:us-east-1:1:key/x?region=r',
      { host: '', path: '/arn:aws:kms:us-east-1:1:key/x', query: [['region', 'r']] },
    ],
    ['azurekeyvault://v.vault.azure.net/keys/k/1', { host: 'v.vault.azure.net', path: '/keys/k/1' }],
    [
      'gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k',
      { host: 'projects', path: '/p/locations/l/keyRings/r/cryptoKeys/k' },
    ],
    ['hashivault://my-key?engine=a%2Fb', { host: 'my-key', path: '', query: [['engine', 'a/b']] }],
    [
      'age:?recipient=age1a&recipient=age1b',
      {
        opaque: '',
        query: [
          ['recipient', 'age1a'],
          ['recipient', 'age1b'],
        ],
      },
    ],
    ['a:?x+y=1+2', { query: [['x y', '1 2']] }],
    ['passphrase:', { scheme: 'passphrase', host: undefined, opaque: '', path: '', query: [] }],
  ]
  test.each(forms)('%s is read as documented', (url, parts) => {
    expect(parseKeyUrl(url)).toMatchObject(parts)
  })

  test('prints back byte for byte, whatever case or escapes it has', () => {
    for (const text of ['AwsKms://Alias/%41?B=%20+#x', 'a:', 'a:%zz', 'gcpkms://projects/%C3%A9?']) {
      expect(String(parseKeyUrl(text))).toBe(text)
      expect(parseKeyUrl(text).text).toBe(text)
    }
  })

  test('keeps a prefix of its scheme, which only the lookup of the provider takes away', () => {
    expect(parseKeyUrl('Secrets+Keeper+awskms://alias/app').scheme).toBe('secrets+keeper+awskms')
  })

  test.each([
    'a://u:hunter2@h',
    'a://hunter2@h/p',
    'hunter2',
    'a://h?x=%zz&token=hunter2',
    'a://hunter2 /p',
    'a://[hunter2]',
    'a://h:hunter2',
    'a:/%zzhunter2',
    'a:\nhunter2',
  ])('refused shows nothing of its text but the scheme (row %#)', (url) => {
    expect(refusal(url).text).not.toContain('hunter2')
  })

  test('refused says for which scheme, where it has one', () => {
    expect(() => parseKeyUrl('AwsKms://a b')).toThrow('the awskms key URL is not usable: its host has a character')
    expect(() => parseKeyUrl('AwsKms://a b')).toThrow(expect.objectContaining({ details: { scheme: 'awskms' } }))
    expect(() => parseKeyUrl('a b')).toThrow('the key URL is not usable: it has no scheme')
    expect(refusal('a b').text).toMatch(/"details":\{\}/)
  })

  test('with a credential says where that belongs', () => {
    expect(refusal('awskms://user:hunter2@alias/app').text).toContain('the way your cloud does')
  })

  test('with an ARN after two slashes says that it takes three', () => {
    expect(refusal('awskms://arn:aws:kms:us-east-1:1:key/x').text).toContain('three slashes')
  })

  test.each(['a://h/\u0000', 'a://h#\u0007', '\ta://h', 'a://h\r\n', 'a:\u007f'])(
    'with a control character anywhere is refused (row %#)',
    (url) => {
      expect(refusal(url).code).toBe('ERR_INVALID_KEY_URL')
    },
  )

  test('with half of a surrogate pair is refused', () => {
    expect(refusal('a://h/\ud800').code).toBe('ERR_INVALID_KEY_URL')
  })
})
