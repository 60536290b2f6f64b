import { Agent, request } from 'node:https'

import { parseKeyUrl } from '@stackseal/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

import { AzureFault } from '../src/azure-fault.ts'
import { azureKey } from '../src/azure-key.ts'
import { signInFor } from '../src/credential.ts'
import { type KeyClient, keyClient } from '../src/key-client.ts'
import { azureOnLoopback } from './azure-on-loopback.ts'
import type { Reply, SeenRequest } from './key-vault-server.ts'
import { type RecordedExchange, RECORDINGS } from './recordings.ts'
import { VaultKey } from './vault-keys.ts'

interface Call {
  readonly alg: string
  readonly value: string
}

const azure = await azureOnLoopback()
const { server } = azure
const env = server.signIn.add('recorder', 'secret~of-the.recorder-1', ['encrypt', 'decrypt'])
for (const name of ['test1', 'test2']) server.keys.set(`go-cdk.vault.azure.net/${name}`, VaultKey.make())
const agent = new Agent({ keepAlive: true })

const plainPath = (path: string): string => (path.split('?')[0] ?? '').replaceAll('//', '/')
const isChallenge = ({ reply }: RecordedExchange): boolean => reply.status === 401
const callOf = ({ body }: { readonly body: string }): Call => JSON.parse(body)

beforeEach(() => {
  server.override = undefined
})
afterAll(async () => {
  agent.destroy()
  await azure.stop()
})

test('the recordings are there', () => {
  expect(RECORDINGS.map(({ exchanges }) => exchanges.length).every((length) => length > 1)).toBe(true)
  expect(RECORDINGS.length).toBeGreaterThanOrEqual(6)
})

describe.each(RECORDINGS)('$name', ({ exchanges }) => {
  test('plays through the SDK: each request is one that was recorded, each answer is taken', async () => {
    const left = exchanges.filter((exchange) => !isChallenge(exchange))
    const challenge = exchanges.find(isChallenge)
    const asked = left.length
    const unknown: string[] = []
    server.signIn.addTenant(
      /microsoftonline\.com\/([\w-]+)/.exec(challenge?.reply.headers['www-authenticate'] ?? '')?.[1],
    )
    server.override = (seen) => {
      if (!seen.host.includes('.vault.')) return undefined
      if (seen.headers.authorization === undefined) return withoutLength(challenge?.reply)
      const at = left.findIndex((exchange) => isSame(exchange, seen))
      const [exchange] = at < 0 ? [] : left.splice(at, 1)
      if (exchange === undefined) unknown.push(`${seen.method} ${seen.path} ${seen.body}`)
      return withoutLength(exchange?.reply)
    }
    const clients = new Map<string, KeyClient>()
    const { signal } = new AbortController()
    for (const exchange of left.slice()) {
      const [, name = '', operation = ''] = /^\/keys\/([^/]+)\/(\w+)$/.exec(exchange.path) ?? []
      const client = clients.get(name) ?? (await clientOf(exchange.host, name))
      clients.set(name, client)
      const { value } = callOf(exchange)
      const bytes = Buffer.from(value, 'base64url')
      const answered = operation === 'encrypt' ? client.encrypt(bytes, signal) : client.decrypt(bytes, signal)
      const { status } = exchange.reply
      expect(await outcomeOf(answered)).toEqual(
        status === 200 ? { value: callOf(exchange.reply).value } : { status, code: 'BadParameter' },
      )
    }
    expect({ unknown, left, asked }).toEqual({ unknown: [], left: [], asked: exchanges.length - clients.size })
  })

  test('is answered by the vault of these tests in the same way', async () => {
    const token = await tokenFor()
    // What a real key sealed the key of these tests did not: its own ciphertext stands for it.
    const own = new Map<string, string>()
    for (const recorded of exchanges) {
      const isAnonymous = isChallenge(recorded)
      const call = isAnonymous ? undefined : callOf(recorded)
      const sent = call === undefined ? '' : JSON.stringify({ ...call, value: own.get(call.value) ?? call.value })
      const reply = await ask(recorded, sent, isAnonymous ? undefined : token)
      expect(shapeOf(reply)).toEqual(shapeOf(recorded.reply))
      if (call !== undefined && reply.status === 200) own.set(callOf(recorded.reply).value, callOf(reply).value)
    }
  })
})

async function outcomeOf(answer: Promise<Uint8Array | undefined>): Promise<object> {
  try {
    return { value: Buffer.from((await answer) ?? []).toString('base64url') }
  } catch (error) {
    if (!(error instanceof AzureFault)) throw error
    const { status, code } = error.failure
    return { status, code }
  }
}

/** Status, form of the headers that a client reads, and the body with what differs from key to key taken out. */
function shapeOf({
  status,
  headers,
  body,
}: {
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}): object {
  return {
    status,
    type: headers['content-type'],
    challenge: headers['www-authenticate']?.replace(/[\da-f-]{36}/, 'TENANT'),
    body: body
      .replace(/(\/keys\/\w+\/)[\da-f]{32}"/, '$1VERSION"')
      .replace(/"value":"([\w-]+)"/, (_, value: string) => `"value":${value.length} characters`),
  }
}

function isSame(exchange: RecordedExchange, seen: SeenRequest): boolean {
  const isOfPlace = exchange.method === seen.method && exchange.host === seen.host
  if (!isOfPlace || exchange.path !== plainPath(seen.path)) return false
  const [recorded, sent] = [callOf(exchange), callOf(seen)]
  return recorded.alg === sent.alg && recorded.value === sent.value && Object.keys(sent).length === 2
}

/** Node counts the bytes itself. */
function withoutLength(reply: RecordedExchange['reply'] | undefined): Reply {
  if (reply === undefined) return { status: 500, body: '' }
  const { 'content-length': _, ...headers } = reply.headers
  return { ...reply, headers }
}

async function clientOf(host: string, name: string): Promise<KeyClient> {
  const key = azureKey(parseKeyUrl(`azurekeyvault://${host}/keys/${name}`))
  const { newCredential } = await signInFor(host, { ...env, AZURE_ADDITIONALLY_ALLOWED_TENANTS: '*' }, agent)
  return keyClient(key, newCredential(), agent)
}

async function tokenFor(): Promise<string> {
  const { newCredential } = await signInFor('go-cdk.vault.azure.net', env, agent)
  const answer = await newCredential().getToken('https://vault.azure.net/.default')
  return answer?.token ?? ''
}

function ask(
  { method, host, path }: RecordedExchange,
  body: string,
  token: string | undefined,
): Promise<{ status: number; headers: Record<string, string>; body: string }> {
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, method, host, path: `${path}?api-version=2025-07-01`, headers }, (reply) => {
      let text = ''
      reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      reply.on('end', () =>
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers as Record<string, string>, body: text }),
      )
    })
    outgoing.on('error', reject).end(body)
  })
}
