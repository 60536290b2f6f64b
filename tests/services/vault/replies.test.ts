import { readFileSync } from 'node:fs'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { type ApiAnswer, type ApiOptions, OpenBao, openbao } from '../../../tools/services/openbao.ts'

interface RecordedReplies {
  readonly server: string
  readonly replies: readonly { readonly situation: string; readonly status: number; readonly errors: string[] }[]
}

const file = new URL('../../../vectors/openbao/replies.json', import.meta.url)
const recorded: RecordedReplies = JSON.parse(readFileSync(file, 'utf8'))

let bao: OpenBao
let sealed: string

const decrypt = (ciphertext: string, key = 'app', options: ApiOptions = {}): Promise<ApiAnswer> =>
  bao.tryApi('POST', `transit/decrypt/${key}`, { ciphertext }, options)
const encrypt = (key: string): Promise<string> =>
  bao.data('POST', `transit/encrypt/${key}`, 'ciphertext', { plaintext: btoa('0'.repeat(32)) })
const tampered = (ciphertext: string): string =>
  ciphertext.replace(/(?<=:v1:.{8})./, (one) => (one === 'A' ? 'B' : 'A'))

const STAGES: Readonly<Record<string, () => Promise<ApiAnswer>>> = {
  'no prefix': () => decrypt('x'),
  'no base64': () => decrypt('vault:v1:%%%'),
  'short ciphertext': () => decrypt('vault:v1:AAAA'),
  'wrong number of fields': () => decrypt('vault:v1'),
  'no version number': () => decrypt('vault:vx:AAAA'),
  'empty ciphertext': () => decrypt(''),
  'version too new': () => decrypt('vault:v9:AAAA'),
  tampered: () => decrypt(tampered(sealed)),
  'other key': () => decrypt(sealed, 'other'),
  'tampered, ChaCha20-Poly1305 key': async () => decrypt(tampered(await encrypt('chacha')), 'chacha'),
  'tampered, RSA key': async () => decrypt(tampered(await encrypt('rsa')), 'rsa'),
  async 'version below min_decryption_version'() {
    const old = await encrypt('versions')
    await bao.api('POST', 'transit/keys/versions/rotate', {})
    await bao.api('POST', 'transit/keys/versions/config', { min_decryption_version: 2 })
    return decrypt(old, 'versions')
  },
  async 'soft-deleted key'() {
    const text = await encrypt('deleted')
    await bao.api('DELETE', 'transit/keys/deleted/soft-delete')
    return decrypt(text, 'deleted')
  },
  'unknown key': () => decrypt(sealed, 'nobody'),
  'derived key': () => decrypt(sealed, 'derived'),
  'signing key': () => decrypt(sealed, 'signing'),
  'policy without decrypt': async () => decrypt(sealed, 'app', { token: await bao.tokenFor({}) }),
  'unknown token': () => decrypt(sealed, 'app', { token: 's.nobody' }),
  'no token': () => decrypt(sealed, 'app', { token: '' }),
  'unknown mount': () => bao.tryApi('POST', 'nowhere/decrypt/app', { ciphertext: sealed }),
  'key name with a slash': () => decrypt(sealed, 'a/b'),
  'unknown namespace': () => decrypt(sealed, 'app', { namespace: 'nowhere' }),
  async 'rate-limit quota'() {
    await bao.api('POST', 'sys/quotas/rate-limit/replies', { rate: 1, interval: '30s', path: 'transit/' })
    await decrypt(sealed)
    const answer = await decrypt(sealed)
    await bao.api('DELETE', 'sys/quotas/rate-limit/replies')
    return answer
  },
  async sealed() {
    const closed = await OpenBao.start()
    await closed.api('PUT', 'sys/seal')
    const answer = await closed.tryApi('POST', 'transit/decrypt/app', { ciphertext: sealed })
    await closed.stop()
    return answer
  },
}

beforeAll(async () => {
  bao = await OpenBao.start()
  const keys = {
    app: {},
    other: {},
    versions: {},
    deleted: {},
    derived: { derived: true },
    signing: { type: 'ed25519' },
  }
  const more = { chacha: { type: 'chacha20-poly1305' }, rsa: { type: 'rsa-2048' } }
  for (const [name, options] of Object.entries({ ...keys, ...more })) {
    await bao.api('POST', `transit/keys/${name}`, options)
  }
  sealed = await encrypt('app')
})
afterAll(() => bao.stop())

test('the recorded refusals are of the server that runs here', () => {
  expect(recorded.server).toBe(openbao.name)
  expect(recorded.replies.map(({ situation }) => situation).toSorted()).toEqual(Object.keys(STAGES).toSorted())
})

test.each(recorded.replies)('the server answers as recorded: $situation', async ({ situation, status, errors }) => {
  const answer = await STAGES[situation]?.()
  expect({ status: answer?.status, body: answer?.body }).toEqual({ status, body: { errors } })
})
