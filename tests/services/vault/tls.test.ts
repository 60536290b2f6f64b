import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { isStacksealError, parseKeyUrl, type ProviderContext } from '@stackseal/core'
import { vault } from '@stackseal/provider-vault'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { OpenBao } from '../../../tools/services/openbao.ts'

interface Issued {
  readonly certificate: string
  readonly private_key: string
  readonly issuing_ca: string
}

const url = parseKeyUrl('hashivault://app')
const folder = mkdtempSync(join(tmpdir(), 'stackseal-tls-'))
const files: Record<string, string> = {}

let secure: OpenBao
let plain: OpenBao
let strict: Server
let strictAddress: string

/** `done`, or the code with which making a key is refused. */
async function outcomeOf(env: ProviderContext['env']): Promise<string> {
  const provider = vault()
  try {
    await provider.createKey(url, { env })
    return 'done'
  } catch (error) {
    return isStacksealError(error) ? error.code : 'another error'
  } finally {
    await provider.close?.()
  }
}

function keep(name: string, text: string): void {
  files[name] = join(folder, name)
  writeFileSync(files[name], text)
}

async function issue(role: string, body: object): Promise<Issued> {
  const { body: answer } = await plain.api<{ readonly data: Issued }>('POST', `pki/issue/${role}`, body)
  return answer.data
}

beforeAll(async () => {
  secure = await OpenBao.start({ tls: true })
  plain = await OpenBao.start()
  for (const bao of [secure, plain]) await bao.api('POST', 'transit/keys/app', {})
  // Another authority: of the other server's PKI engine. It certifies a server and a caller.
  await plain.api('POST', 'sys/mounts/pki', { type: 'pki' })
  await plain.api('POST', 'pki/root/generate/internal', { common_name: 'authority of the tests', ttl: '24h' })
  await plain.api('POST', 'pki/roles/any', { allow_any_name: true, allow_ip_sans: true, enforce_hostnames: false })
  const server = await issue('any', { common_name: 'vault.internal', ip_sans: '127.0.0.2', ttl: '1h' })
  const caller = await issue('any', { common_name: 'caller', ttl: '1h' })
  keep('authority.pem', server.issuing_ca)
  keep('caller.pem', caller.certificate)
  keep('caller-key.pem', caller.private_key)
  const { certificate: cert, private_key: key, issuing_ca: ca } = server
  // A server that wants a certificate of its callers, and passes on to the plain one.
  strict = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, (incoming, outgoing) => {
    const { method, headers, url: path = '/' } = incoming
    incoming.pipe(
      request(`${plain.address}${path}`, { method, headers }, (reply) => {
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
        reply.pipe(outgoing)
      }),
    )
  })
  await new Promise<void>((resolve) => strict.listen(0, '127.0.0.1', resolve))
  const bound = strict.address()
  strictAddress = `https://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
})
afterAll(async () => {
  strict.closeAllConnections()
  strict.close()
  await secure.stop()
  await plain.stop()
  rmSync(folder, { recursive: true })
})

test('a server with an authority of its own is taken where VAULT_CACERT names that authority', async () => {
  const env = { VAULT_ADDR: secure.address, VAULT_TOKEN: secure.token }
  const caFile = secure.caFile ?? ''
  expect(await outcomeOf({ ...env, VAULT_CACERT: caFile })).toBe('done')
  expect(await outcomeOf({ ...env, VAULT_CACERT_BYTES: readFileSync(caFile, 'utf8') })).toBe('done')
  const authorities = mkdtempSync(join(folder, 'authorities-'))
  writeFileSync(join(authorities, 'one.pem'), readFileSync(caFile))
  expect(await outcomeOf({ ...env, VAULT_CAPATH: authorities })).toBe('done')
})

test.each([
  ['without an authority', {}, 'ERR_SERVER_NOT_PROVEN'],
  ['with another authority', { VAULT_CACERT: 'authority.pem' }, 'ERR_SERVER_NOT_PROVEN'],
  ['with VAULT_SKIP_VERIFY=false', { VAULT_SKIP_VERIFY: 'false' }, 'ERR_SERVER_NOT_PROVEN'],
  ['with VAULT_SKIP_VERIFY=0', { VAULT_SKIP_VERIFY: '0' }, 'ERR_SERVER_NOT_PROVEN'],
  ['with VAULT_SKIP_VERIFY=true', { VAULT_SKIP_VERIFY: 'true' }, 'done'],
])('a server with an authority of its own, %s: %s gives %s', async (_, more, outcome) => {
  const env = { VAULT_ADDR: secure.address, VAULT_TOKEN: secure.token }
  const given = Object.fromEntries(Object.entries(more).map(([name, value]) => [name, files[value] ?? value]))
  expect(await outcomeOf({ ...env, ...given })).toBe(outcome)
})

test.each([
  ['a certificate and the name', { CERT: true, NAME: 'vault.internal' }, 'done'],
  ['no certificate', { CERT: false, NAME: 'vault.internal' }, 'ERR_CREDENTIALS_INVALID'],
  ['a certificate and another name', { CERT: true, NAME: 'other.internal' }, 'ERR_SERVER_NOT_PROVEN'],
  ['a certificate and no name', { CERT: true, NAME: undefined }, 'ERR_SERVER_NOT_PROVEN'],
])('a server that asks who calls, with %s', async (_, { CERT, NAME }, outcome) => {
  const env = {
    VAULT_ADDR: strictAddress,
    VAULT_TOKEN: plain.token,
    VAULT_CACERT: files['authority.pem'],
    VAULT_TLS_SERVER_NAME: NAME,
    ...(CERT ? { VAULT_CLIENT_CERT: files['caller.pem'], VAULT_CLIENT_KEY: files['caller-key.pem'] } : {}),
  }
  expect(await outcomeOf(env)).toBe(outcome)
})

test('a server that speaks TLS refuses a plain call', async () => {
  const env = { VAULT_ADDR: secure.address.replace('https:', 'http:'), VAULT_TOKEN: secure.token }
  // The server says so and hangs up; which of the two the client sees first is a matter of luck.
  expect(['ERR_INVALID_REPLY', 'ERR_UNAVAILABLE']).toContain(await outcomeOf(env))
})
