import { inspect } from 'node:util'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  Envelope,
  isStacksealError,
  type Provider,
  type ProviderContext,
  parseKeyUrl,
  Registry,
  type StacksealError,
  wrappingProvider,
} from '../src/index.ts'
import { classifyVendorError, FakeKeyService, VendorError } from './fake-key-service.ts'
import { anyCharacter } from '../../../tools/any-character.ts'

const url = parseKeyUrl('fake://key')
const context: ProviderContext = { env: {} }

function fakeProvider(service: FakeKeyService): Provider {
  return wrappingProvider({
    name: 'Fake KMS',
    schemes: ['fake'],
    connect: async () => service,
    classify: classifyVendorError,
  })
}

function envelopeOf(fill: number): Envelope {
  return Envelope.fromDataKey(new Uint8Array(32).fill(fill), { url, sealed: 'c2VhbGVk' })
}

async function refusal(run: () => unknown): Promise<StacksealError> {
  try {
    await run()
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

function throwAtOnce(): never {
  throw new VendorError('denied')
}

function never(): Promise<never> {
  return new Promise(() => undefined)
}

const text = fc.string({ unit: anyCharacter, maxLength: 40 }).filter((value) => value.isWellFormed())

describe('an envelope', () => {
  test('is created, and opens again from its sealed key alone through another registry', async () => {
    const service = new FakeKeyService()
    const created = await Envelope.create(url, new Registry([fakeProvider(service)]), context)
    expect(service.calls, 'a new key is opened once before it is used').toEqual(['wrap', 'unwrap'])
    const ciphertexts = await created.encryptAll(['one', 'two', ''])
    const opened = await Envelope.open(created.sealedKey, new Registry([fakeProvider(service)]), context)
    expect(await opened.decryptAll(ciphertexts)).toEqual([
      { plaintext: 'one' },
      { plaintext: 'two' },
      { plaintext: '' },
    ])
    expect(service.calls, 'one call opens any number of values').toEqual(['wrap', 'unwrap', 'unwrap'])
  })

  test('is not created by an identity that may encrypt and not decrypt', async () => {
    const service = new FakeKeyService()
    const unwrap = service.unwrap.bind(service)
    service.unwrap = () => Promise.reject(new VendorError('denied'))
    const error = await refusal(() => Envelope.create(url, new Registry([fakeProvider(service)]), context))
    expect([error.code, error.kind]).toEqual(['ERR_ACCESS_DENIED', 'access'])
    service.unwrap = unwrap
    await Envelope.create(url, new Registry([fakeProvider(service)]), context)
  })

  test('is not created by a provider that opens another key than it made', async () => {
    const service = new FakeKeyService()
    const inconsistent = { ...fakeProvider(service), openKey: async () => ({ dataKey: new Uint8Array(32).fill(7) }) }
    const error = await refusal(() => Envelope.create(url, new Registry([inconsistent]), context))
    expect([error.code, error.message]).toEqual([
      'ERR_PROVIDER_INVALID',
      'the provider of fake: opened another key than it made',
    ])
  })

  test('is created with a provider that was not used before, where there can be one', async () => {
    const service = new FakeKeyService()
    let loads = 0
    // Remembers the key it made, and so opens what it made itself, but nothing else could.
    const load = async (): Promise<Provider> => {
      loads++
      let kept: Uint8Array | undefined
      return {
        ...fakeProvider(service),
        createKey: async () => ({
          dataKey: new Uint8Array((kept = new Uint8Array(32).fill(1))),
          sealed: 'bm90aGluZw==',
        }),
        openKey: async () => ({ dataKey: kept ?? new Uint8Array(32).fill(2) }),
      }
    }
    const error = await refusal(() => Envelope.create(url, new Registry([{ schemes: ['fake'], load }]), context))
    expect([error.code, loads]).toEqual(['ERR_PROVIDER_INVALID', 2])
  })

  const answers: [what: string, answer: unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a text', 'key'],
    ['no data key', { sealed: 'eA==' }],
    ['31 bytes', { dataKey: new Uint8Array(31), sealed: 'eA==' }],
    ['33 bytes', { dataKey: new Uint8Array(33), sealed: 'eA==' }],
    ['no bytes', { dataKey: new Uint8Array(0), sealed: 'eA==' }],
    ['numbers instead of bytes', { dataKey: Array.from({ length: 32 }, () => 1), sealed: 'eA==' }],
  ]
  test.each(answers)('is neither created nor opened from a provider that answers with %s', async (_, answer) => {
    const bad = {
      ...fakeProvider(new FakeKeyService()),
      createKey: async () => answer,
      openKey: async () => answer,
    } as Provider
    const registry = new Registry([bad])
    const creating = await refusal(() => Envelope.create(url, registry, context))
    const opening = await refusal(() => Envelope.open({ url, sealed: 'eA==' }, registry, context))
    expect([creating.code, opening.code]).toEqual(['ERR_PROVIDER_INVALID', 'ERR_PROVIDER_INVALID'])
    expect(creating.message).toMatch(/^the provider of fake: gave (?:no data key|a data key that is not 32 bytes)$/)
    expect(opening.details['scheme']).toBe('fake')
  })

  test.each([
    [new Uint8Array(31), 31],
    ['a text', -1],
  ])('says how long a data key is that is none (row %#)', async (dataKey, length) => {
    const error = await refusal(() => Envelope.fromDataKey(dataKey as never, { url, sealed: '' }))
    expect(error.details).toEqual({ length, expected: 32, scheme: 'fake' })
  })

  test.each([undefined, '', 5])('is not created where there would be nothing to store (%j)', async (sealed) => {
    const createKey = async () => ({ dataKey: new Uint8Array(32), sealed }) as never
    const registry = new Registry([{ ...fakeProvider(new FakeKeyService()), createKey }])
    expect((await refusal(() => Envelope.create(url, registry, context))).code).toBe('ERR_PROVIDER_INVALID')
  })

  test('keeps nothing of what a provider throws that is not an error of ours', async () => {
    const registry = new Registry([{ ...fakeProvider(new FakeKeyService()), openKey: throwAtOnce }])
    const error = await refusal(() => Envelope.open({ url, sealed: 'eA==' }, registry, context))
    expect([error.code, error.cause, error.details]).toEqual(['ERR_PROVIDER_FAILED', undefined, { scheme: 'fake' }])
    expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/vendor-token|VendorError/)
  })

  test('stops waiting for a provider that hangs when it is cancelled', async () => {
    const registry = new Registry([{ ...fakeProvider(new FakeKeyService()), openKey: never, createKey: never }])
    const stop = AbortSignal.timeout(20)
    const error = await refusal(() => Envelope.open({ url, sealed: 'eA==' }, registry, { ...context, signal: stop }))
    expect(error.code).toBe('ERR_TIMEOUT')
    const cancel = new AbortController()
    const creating = refusal(() => Envelope.create(url, registry, { ...context, signal: cancel.signal }))
    cancel.abort()
    expect((await creating).code).toBe('ERR_INTERRUPTED')
  })

  test('takes over the better text that a provider gives for its sealed key', async () => {
    const good = fakeProvider(new FakeKeyService())
    const { sealed } = await good.createKey(url, context)
    const repairing = { ...good, openKey: async () => ({ ...(await good.openKey(url, sealed, context)), sealed }) }
    const opened = await Envelope.open({ url, sealed: 'old' }, new Registry([repairing]), context)
    expect(opened.sealedKey).toEqual({ url, sealed })
  })

  test('wipes the bytes of the data key that it takes over, also those of a wrong length', async () => {
    for (const length of [32, 31]) {
      const dataKey = new Uint8Array(length).fill(9)
      if (length === 32) Envelope.fromDataKey(dataKey, { url, sealed: 'eA==' })
      else await refusal(() => Envelope.fromDataKey(dataKey, { url, sealed: 'eA==' }))
      expect(dataKey).toEqual(new Uint8Array(length))
    }
  })

  test('decrypts what it encrypted, alone and in a batch, in order', async () => {
    const same = fc.asyncProperty(fc.array(text, { maxLength: 20 }), async (plaintexts) => {
      const envelope = envelopeOf(1)
      const ciphertexts = await envelope.encryptAll(plaintexts)
      expect(await envelope.decryptAll(ciphertexts)).toEqual(plaintexts.map((plaintext) => ({ plaintext })))
      expect(await Promise.all(ciphertexts.map((ciphertext) => envelope.decrypt(ciphertext)))).toEqual(plaintexts)
      const single = await Promise.all(plaintexts.map((plaintext) => envelope.encrypt(plaintext)))
      expect(await envelope.decryptAll(single)).toEqual(plaintexts.map((plaintext) => ({ plaintext })))
    })
    await fc.assert(same)
  })

  test('gives the values that open beside the errors of those that do not', async () => {
    const envelope = envelopeOf(1)
    const good = await envelope.encrypt('good')
    const foreign = await envelopeOf(2).encrypt('foreign')
    const bytes = await envelope.encrypt(Uint8Array.of(0xff))
    const all = await envelope.decryptAll([good, foreign, 'garbage', bytes, good])
    expect(all.map((one) => ('plaintext' in one ? one.plaintext : one.error.code))).toEqual([
      'good',
      'ERR_DECRYPT_FAILED',
      'ERR_MALFORMED_CIPHERTEXT',
      'ERR_SECRET_NOT_TEXT',
      'good',
    ])
    expect(await envelope.decryptBytes(bytes)).toEqual(Uint8Array.of(0xff))
  })

  test('does not take a mistake of the program for a value that does not open', async () => {
    await expect(envelopeOf(1).decryptAll([undefined as never])).rejects.toThrow(TypeError)
  })

  test('prints its key URL and nothing of its key', () => {
    const dataKey = new TextEncoder().encode('32 bytes of a key that is secret')
    const envelope = Envelope.fromDataKey(dataKey, { url, sealed: 'c2VhbGVk' })
    expect(JSON.stringify({ envelope })).toBe('{"envelope":{"sealedKey":{"url":"fake://key"}}}')
    const printed = inspect(envelope, { depth: null, showHidden: true, customInspect: false, getters: true })
    expect(printed).toContain('fake://key')
    expect(printed).not.toMatch(/that is secret|33\s*,\s*32|KeyObject/)
  })
})
