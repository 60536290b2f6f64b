import { expect, test } from 'vitest'

import { everyText, holdsSecret } from '../src/secret-search.ts'

const TOKEN = 's.a-token/of+somebody'
const KEY = Uint8Array.from({ length: 32 }, (_, at) => (at * 29 + 200) & 0xff)
const base64 = (text: string): string => Buffer.from(text).toString('base64')

test.each([
  ['in clear', `token ${TOKEN}.`],
  ['percent-encoded', `?token=${encodeURIComponent(TOKEN)}`],
  ['in base64', base64(TOKEN)],
  ['in base64 of something longer', base64(`{"token":"${TOKEN}"}`)],
  ['in base64 of something longer, moved by one', base64(`{"tokens":"${TOKEN}"}`)],
  ['in base64 of something longer, moved by two', base64(`{"a token":"${TOKEN}"}`)],
  ['in base64url', Buffer.from(`{"token":"${TOKEN}"}`).toString('base64url')],
  ['in hexadecimal', Buffer.from(TOKEN).toString('hex').toUpperCase()],
])('a token is found %s', (_, text) => {
  expect(holdsSecret(text, [TOKEN])).toBe(true)
})

test.each([
  ['in base64', Buffer.from(KEY).toString('base64')],
  ['in base64url', Buffer.from(KEY).toString('base64url')],
  ['in hexadecimal', Buffer.from(KEY).toString('hex')],
  ['as a list of numbers', JSON.stringify([...KEY])],
  ['as bytes', everyText({ body: Buffer.from(KEY) })],
])('a key is found %s', (_, text) => {
  expect(holdsSecret(text, [KEY])).toBe(true)
})

test('a text without them is left in peace', () => {
  expect(holdsSecret('the token of VAULT_TOKEN is expired; transit/decrypt/app', [TOKEN, KEY])).toBe(false)
})

const hidden = new Error('outer', { cause: new AggregateError([new Error(`with ${TOKEN}`)], 'inner') })
const inField = Object.defineProperty(new Error('x'), 'request', { value: { headers: [['authorization', TOKEN]] } })

test.each([
  ['the cause of a cause', hidden],
  ['a field that is not listed', inField],
  ['a map', new Map([['headers', new Map([['x-vault-token', TOKEN]])]])],
  ['a field named by a symbol', { [Symbol('body')]: TOKEN }],
  ['a circle', Object.assign(hidden, { self: hidden })],
  ['the stack', Object.assign(new Error('x'), { stack: `Error: ${TOKEN}\n    at x` })],
])('every text of an error is looked at: %s', (_, error) => {
  expect(holdsSecret(everyText(error), [TOKEN])).toBe(true)
})
