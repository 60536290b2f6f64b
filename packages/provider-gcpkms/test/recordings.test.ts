import { isStacksealError, type KeyService, parseKeyUrl } from '@stackseal/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { classify } from '../src/classify.ts'
import { crc32c } from '../src/crc32c.ts'
import { connect } from '../src/gcp-kms.ts'
import { FakeKms, TOKENS } from './fake-kms.ts'
import { type KmsReply, type KmsRequest, KmsServer } from './kms-server.ts'
import { onLoopback, PORT_VARIABLE } from './loopback.ts'
import { type Exchange, recordedExchanges } from './recordings.ts'

const exchanges = recordedExchanges()
const base64 = (bytes: unknown): string => Buffer.from((bytes ?? []) as Uint8Array).toString('base64')

/** The recorded answer to a request. The recorder sent no checksums, so what is answered to ours is added. */
function recordedReply({ method, message }: KmsRequest): KmsReply {
  const field = method === 'Encrypt' ? 'plaintext' : 'ciphertext'
  const sent = base64(Reflect.get(message, field))
  const candidates = exchanges.filter(
    ({ method: recorded, request }) =>
      recorded === method &&
      request.name === message.name &&
      request[field] === sent &&
      (request.additionalAuthenticatedData ?? '') === base64(message.additionalAuthenticatedData),
  )
  const exchange = candidates.find((candidate) => candidate === current) ?? candidates[0]
  if (exchange === undefined) return { refusal: { code: 12, text: 'this was not recorded' } }
  const { code, message: text = '', details = [] } = exchange.response
  if (exchange.isError) {
    const anys = details.map((detail) => ({ type: detail['@type'], bytes: Buffer.from(detail.valueBase64, 'base64') }))
    return { refusal: { code: code ?? 0, text, details: anys } }
  }
  const { name, ciphertext, ciphertextCrc32c, plaintext, plaintextCrc32c, usedPrimary, protectionLevel } =
    exchange.response
  const isVerified =
    Number(message.additionalAuthenticatedDataCrc32c?.value ?? 0) ===
    crc32c(message.additionalAuthenticatedData as Uint8Array)
  return {
    answer:
      method === 'Encrypt'
        ? {
            name,
            ciphertext: Buffer.from(ciphertext ?? '', 'base64'),
            ciphertextCrc32c: { value: Number(ciphertextCrc32c) },
            verifiedPlaintextCrc32c: isSentChecksumRight(message, field),
            verifiedAdditionalAuthenticatedDataCrc32c: isVerified,
            protectionLevel,
          }
        : {
            plaintext: Buffer.from(plaintext ?? '', 'base64'),
            plaintextCrc32c: { value: Number(plaintextCrc32c) },
            usedPrimary: usedPrimary === 1,
            protectionLevel,
          },
  }
}

function isSentChecksumRight(message: KmsRequest['message'], field: 'plaintext' | 'ciphertext'): boolean {
  const checksum: unknown = Reflect.get(message, `${field}Crc32c`)
  const bytes = Reflect.get(message, field) as Uint8Array
  return typeof checksum === 'object' && checksum !== null && Number(Reflect.get(checksum, 'value')) === crc32c(bytes)
}

let current: Exchange | undefined

/** Makes one recorded call through the provider, and tells what came of it. */
async function call(service: KeyService, exchange: Exchange, bytes: Buffer): Promise<string> {
  current = exchange
  const { signal } = new AbortController()
  try {
    const answer =
      exchange.method === 'Encrypt' ? await service.wrap(bytes, signal) : await service.unwrap(bytes, signal)
    return base64(answer)
  } catch (error) {
    const { code } = isStacksealError(error) ? error : classify(error)
    return code
  }
}

function urlOf({ request }: Exchange): string {
  const { name, additionalAuthenticatedData: data } = request
  const parameter = (data ?? '').replaceAll('+', '-').replaceAll('/', '_')
  return `gcpkms://${name}${data === undefined ? '' : `?additional_authenticated_data=${parameter}`}`
}

// What the recorded refusals mean.
const MEANINGS: Readonly<Record<string, string>> = {
  'Decryption failed.': 'ERR_WRONG_KEY',
  'Decryption failed: the ciphertext is invalid.': 'ERR_MALFORMED_SEALED_KEY',
}

describe('every recorded call, made again through the provider', () => {
  let server: KmsServer
  beforeAll(async () => {
    server = await KmsServer.start(recordedReply)
  })
  afterAll(() => server.stop())

  test.each(exchanges)('$method $index of $recording', async (exchange) => {
    const { request, response, isError } = exchange
    const env = { [PORT_VARIABLE]: String(server.port), GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29.any' }
    const service = await connect(parseKeyUrl(urlOf(exchange)), { env }, onLoopback(env))
    const bytes = Buffer.from(request.plaintext ?? request.ciphertext ?? '', 'base64')
    const expected = isError ? MEANINGS[response.message ?? ''] : (response.ciphertext ?? response.plaintext)
    expect(expected).toBeDefined()
    expect(await call(service, exchange, bytes)).toBe(expected)
    const sent = server.requests.at(-1)?.message
    expect(sent?.name).toBe(request.name)
    expect(base64(sent?.additionalAuthenticatedData)).toBe(request.additionalAuthenticatedData ?? '')
    expect(
      sent !== undefined && isSentChecksumRight(sent, exchange.method === 'Encrypt' ? 'plaintext' : 'ciphertext'),
    ).toBe(true)
    await service.close?.()
  })
})

// The changes that the recorded suite makes to a ciphertext before it decrypts it.
const CHANGES: readonly ((bytes: Buffer) => Buffer)[] = [
  (bytes) => bytes,
  (bytes) => Buffer.concat([Buffer.from([(bytes[0] ?? 0) + 1]), bytes.subarray(1)]),
  (bytes) => Buffer.concat([bytes.subarray(0, 1), bytes.subarray(2)]),
  (bytes) => Buffer.concat([bytes.subarray(0, -2), Buffer.from([(bytes.at(-1) ?? 0) - 1])]),
]

describe('every recorded call, made of the stand-in', () => {
  const sealed = new Map<string, Buffer>()
  let fake: FakeKms
  beforeAll(async () => {
    fake = await FakeKms.start()
    for (const { request } of exchanges) fake.addKey(request.name)
  })
  afterAll(() => fake.stop())

  /** The stand-in's own ciphertext in place of a recorded one, changed as that one was. */
  function ownCiphertext(recorded: string): Buffer {
    for (const [text, own] of sealed) {
      const change = CHANGES.find((apply) => apply(Buffer.from(text, 'base64')).toString('base64') === recorded)
      if (change !== undefined) return change(own)
    }
    return Buffer.from(recorded, 'base64')
  }

  test.each(exchanges)('$method $index of $recording comes to the same', async (exchange) => {
    const { request, response, isError } = exchange
    const env = { [PORT_VARIABLE]: String(fake.port), GOOGLE_OAUTH_ACCESS_TOKEN: TOKENS.owner }
    const service = await connect(parseKeyUrl(urlOf(exchange)), { env }, onLoopback(env))
    const bytes =
      exchange.method === 'Encrypt'
        ? Buffer.from(request.plaintext ?? '', 'base64')
        : ownCiphertext(request.ciphertext ?? '')
    const outcome = await call(service, exchange, bytes)
    const own = Buffer.from(outcome, 'base64')
    if (exchange.method === 'Encrypt') sealed.set(response.ciphertext ?? '', own)
    // Two ciphertexts can't be the same; they begin with the same byte.
    const seen = exchange.method === 'Encrypt' ? own[0] : outcome
    const opened = isError ? MEANINGS[response.message ?? ''] : response.plaintext
    expect(seen).toBe(exchange.method === 'Encrypt' ? Buffer.from(response.ciphertext ?? '', 'base64')[0] : opened)
    await service.close?.()
  })

  test('the words and codes of its refusals are the recorded ones', async () => {
    const wrong = exchanges.filter(({ isError }) => isError).map(({ response }) => [response.code, response.message])
    expect(new Set(wrong.map(([code]) => code))).toEqual(new Set([3]))
    expect(new Set(wrong.map(([, text]) => text))).toEqual(new Set(Object.keys(MEANINGS)))
  })
})

test('the recordings are all there', () => {
  expect(new Set(exchanges.map(({ recording }) => recording)).size).toBe(7)
  expect(exchanges).toHaveLength(19)
})
