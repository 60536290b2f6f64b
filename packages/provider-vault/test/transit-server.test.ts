import { readFileSync } from 'node:fs'

import { afterAll, expect, test } from 'vitest'

import { TOKENS, TransitServer } from './transit-server.ts'

interface RecordedReplies {
  readonly replies: readonly { readonly situation: string; readonly status: number; readonly errors: string[] }[]
}

const file = new URL('../../../vectors/openbao/replies.json', import.meta.url)
const recorded: RecordedReplies = JSON.parse(readFileSync(file, 'utf8'))
const transit = await TransitServer.start()

afterAll(() => transit.close())

async function ask(
  path: string,
  body: object,
  token: string = TOKENS.owner,
): Promise<{ status: number; body: unknown }> {
  const headers: Record<string, string> = token === '' ? {} : { 'x-vault-token': token }
  const reply = await fetch(`${transit.origin}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: reply.status, body: await reply.json() }
}
const decrypt = (ciphertext: string, key = 'app', token?: string): ReturnType<typeof ask> =>
  ask(`transit/decrypt/${key}`, { ciphertext }, token)

const sealed = await ask('transit/encrypt/app', { plaintext: btoa('0'.repeat(32)) })
const ciphertext = /vault:v1:[\w+/=]+/.exec(JSON.stringify(sealed.body))?.[0] ?? ''

// The situations that this stand-in knows; the rest of the recording is answered by tests word for word.
test.each<[string, () => ReturnType<typeof ask>]>([
  ['no prefix', () => decrypt('x')],
  ['no base64', () => decrypt('vault:v1:%%%')],
  ['short ciphertext', () => decrypt('vault:v1:AAAA')],
  ['version too new', () => decrypt('vault:v9:AAAA')],
  ['tampered', () => decrypt(ciphertext.replace(/(?<=:v1:.{8})./, (one) => (one === 'A' ? 'B' : 'A')))],
  ['other key', () => decrypt(ciphertext, 'db')],
  ['unknown key', () => decrypt(ciphertext, 'nobody')],
  ['policy without decrypt', () => decrypt(ciphertext, 'app', TOKENS.nobody)],
  ['unknown token', () => decrypt(ciphertext, 'app', 's.nobody')],
  ['no token', () => decrypt(ciphertext, 'app', '')],
  ['unknown mount', () => ask('nowhere/decrypt/app', { ciphertext })],
])('the stand-in for a server refuses as the real one: %s', async (situation, stage) => {
  const expected = recorded.replies.find((reply) => reply.situation === situation)
  expect(await stage()).toEqual({ status: expected?.status, body: { errors: expected?.errors } })
})
