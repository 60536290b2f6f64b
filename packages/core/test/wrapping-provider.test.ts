import { getEventListeners } from 'node:events'
import { inspect } from 'node:util'

import { describe, expect, test, vi } from 'vitest'

import {
  encodeBase64,
  isStacksealError,
  type KeyService,
  type ProviderContext,
  parseKeyUrl,
  StacksealError,
  wrappingProvider,
  type WrappingProviderOptions,
} from '../src/index.ts'
import { classifyVendorError, FakeKeyService, VendorError } from './fake-key-service.ts'

const url = parseKeyUrl('fake://key')
const context: ProviderContext = { env: {} }

function provide(service: KeyService, more: Partial<WrappingProviderOptions> = {}) {
  return wrappingProvider({
    name: 'Fake KMS',
    schemes: ['fake'],
    connect: async () => service,
    classify: classifyVendorError,
    bounds: { tryMs: 50, firstDelayMs: 1 },
    ...more,
  })
}

async function refusal(run: Promise<unknown>): Promise<StacksealError> {
  try {
    await run
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

async function milliseconds(run: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  await run()
  return performance.now() - before
}

function listen(_: Uint8Array, signal: AbortSignal): Promise<never> {
  return new Promise((__, reject) => signal.addEventListener('abort', () => reject(new VendorError('aborted'))))
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

describe('a wrapping provider', () => {
  test('makes 32 random bytes, and opens them again from standard base64', async () => {
    const service = new FakeKeyService()
    const { dataKey, sealed } = await provide(service).createKey(url, context)
    const { dataKey: another } = await provide(service).createKey(url, context)
    expect(dataKey).toHaveLength(32)
    expect(another).not.toEqual(dataKey)
    expect(sealed).toBe(Buffer.from(sealed, 'base64').toString('base64'))
    expect((await provide(service).openKey(url, sealed, context)).dataKey).toEqual(Buffer.from(dataKey))
  })

  test('keeps the contract, and describes itself where it was told how', () => {
    const provider = provide(new FakeKeyService(), { describe: (to) => ({ key: to.host ?? '' }) })
    expect([provider.contract, provider.name, provider.schemes]).toEqual([1, 'Fake KMS', ['fake']])
    expect(provider.describe?.(url, undefined)).toEqual({ key: 'key' })
    expect('describe' in provide(new FakeKeyService())).toBe(false)
  })

  test('wipes a new key that could not be sealed', async () => {
    let dataKey: Uint8Array | undefined
    const wrap = (given: Uint8Array): Promise<never> => {
      dataKey = given
      expect(given).not.toEqual(new Uint8Array(32))
      return Promise.reject(new VendorError('denied'))
    }
    await refusal(provide({ wrap, unwrap: wrap }).createKey(url, context))
    expect(dataKey).toEqual(new Uint8Array(32))
  })

  test('leaves no timer and no listener behind', async () => {
    const service = new FakeKeyService()
    service.troubles.push(new VendorError('throttled'))
    const { signal } = new AbortController()
    const before = timers()
    const provider = provide(service, { bounds: {} })
    await provider.createKey(url, { ...context, signal })
    await provider.close?.()
    expect(timers()).toBe(before)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('seals an existing key for a re-wrap', async () => {
    const service = new FakeKeyService()
    const dataKey = new Uint8Array(32).fill(5)
    const sealed = await provide(service).sealKey?.(url, dataKey, context)
    expect((await provide(service).openKey(url, sealed ?? '', context)).dataKey).toEqual(Buffer.from(dataKey))
  })

  test('refuses what is not base64 or is empty before it connects', async () => {
    let connects = 0
    const provider = provide(new FakeKeyService(), { connect: async () => (connects++, new FakeKeyService()) })
    for (const [sealed, at] of [
      ['AAA', 0],
      ['AAAA*', 4],
      ['', undefined],
      ['\n', undefined],
    ] as const) {
      const error = await refusal(provider.openKey(url, sealed, context))
      expect([error.code, error.details['at']]).toEqual(['ERR_MALFORMED_SEALED_KEY', at])
      expect(error.hint).toContain('earlier version')
    }
    expect(connects).toBe(0)
  })

  test('uses the encoding of a vendor with an odd one, and passes on a repaired text', async () => {
    const service = new FakeKeyService()
    const encoding = {
      encode: (wrapped: Uint8Array) => `odd ${encodeBase64(wrapped)}`,
      decode: (sealed: string) => ({
        wrapped: Buffer.from(sealed.replace(/^\w+ /, ''), 'base64'),
        ...(sealed.startsWith('old') ? { sealed: sealed.replace('old', 'odd') } : {}),
      }),
    }
    const provider = provide(service, { encoding })
    const { sealed } = await provider.createKey(url, context)
    expect(sealed).toMatch(/^odd /)
    expect(await provider.openKey(url, sealed, context)).not.toHaveProperty('sealed')
    expect(await provider.openKey(url, sealed.replace('odd', 'old'), context)).toMatchObject({ sealed })
  })

  test.each(['throttled', 'unavailable'])('tries again when the service is %s, and then succeeds', async (status) => {
    const service = new FakeKeyService()
    service.troubles.push(new VendorError(status), new VendorError(status))
    await provide(service).createKey(url, context)
    expect(service.calls).toEqual(['wrap', 'wrap', 'wrap'])
  })

  test('gives up after three tries, and says how many there were', async () => {
    const service = new FakeKeyService()
    service.troubles.push(...Array.from({ length: 9 }, () => new VendorError('unavailable')))
    const error = await refusal(provide(service).createKey(url, context))
    expect([error.code, error.kind, error.details]).toEqual([
      'ERR_UNAVAILABLE',
      'retry',
      { scheme: 'fake', attempts: 3 },
    ])
    expect(service.calls).toHaveLength(3)
  })

  test.each([
    ['denied', 'ERR_ACCESS_DENIED'],
    ['unknown key', 'ERR_KEY_NOT_FOUND'],
    ['something new', 'ERR_PROVIDER_FAILED'],
  ])('does not try again when the answer is: %s', async (status, code) => {
    const service = new FakeKeyService()
    service.troubles.push(new VendorError(status))
    const error = await refusal(provide(service).openKey(url, 'AAAA', context))
    expect([error.code, service.calls.length]).toEqual([code, 1])
    expect(error.message).toMatch(/^Fake KMS did not open the data key: [a-z].*[^.]$/)
  })

  test('waits 200 ms before the second try and 400 before the third, unless the service says how long', async () => {
    vi.useFakeTimers()
    try {
      const service = new FakeKeyService()
      service.troubles.push(
        new VendorError('unavailable'),
        new VendorError('unavailable'),
        new VendorError('throttled'),
      )
      const provider = provide(service, { bounds: {} })
      const failing = refusal(provider.createKey(url, context))
      const tries: number[] = []
      for (const wait of [199, 1, 399, 1]) {
        await vi.advanceTimersByTimeAsync(wait)
        tries.push(service.calls.length)
      }
      expect(tries).toEqual([1, 2, 2, 3])
      expect((await failing).code).toBe('ERR_THROTTLED')
      service.troubles.push(new VendorError('throttled'))
      const again = provider.createKey(url, context)
      await vi.advanceTimersByTimeAsync(1)
      expect(await again).toHaveProperty('sealed')
    } finally {
      vi.useRealTimers()
    }
  })

  test('hands on whatever is base64, also a single byte: what it is, only the service can say', async () => {
    const service = new FakeKeyService()
    expect((await refusal(provide(service).openKey(url, 'AA==', context))).code).toBe('ERR_PROVIDER_FAILED')
    expect(service.calls).toEqual(['unwrap'])
  })

  test('keeps the hint and the details of a classified error', async () => {
    const service = new FakeKeyService()
    service.troubles.push(new VendorError('denied'), new VendorError('unknown key'))
    const provider = provide(service)
    expect((await refusal(provider.createKey(url, context))).hint).toBe('the caller needs the permission to decrypt')
    expect((await refusal(provider.createKey(url, context))).details).toEqual({
      scheme: 'fake',
      attempts: 1,
      key: 'app',
    })
  })

  test('does not wait for a service that asks to come back much later', async () => {
    const service = new FakeKeyService()
    service.troubles.push(new VendorError('come back tomorrow'))
    const error = await refusal(provide(service).createKey(url, context))
    expect([error.code, error.details['attempts']]).toEqual(['ERR_THROTTLED', 1])
  })

  test('waits ten seconds where the service asks for them, and for no more', async () => {
    vi.useFakeTimers()
    try {
      for (const [retryAfterMs, calls] of [
        [10_000, 2],
        [10_001, 1],
      ] as const) {
        const service = new FakeKeyService()
        service.troubles.push(new VendorError('throttled'))
        const classify = () => ({ code: 'ERR_THROTTLED', retryAfterMs }) as const
        const made = provide(service, { classify })
          .createKey(url, context)
          .catch(() => undefined)
        await vi.advanceTimersByTimeAsync(20_000)
        await made
        expect(service.calls).toHaveLength(calls)
      }
    } finally {
      vi.useRealTimers()
    }
  })

  test('passes on an error of a newer version of this package, whose code it does not know', async () => {
    const newer = Object.assign(new StacksealError('ERR_IO', 'something new'), { code: 'ERR_OF_TOMORROW' })
    const provider = provide(new FakeKeyService(), { connect: () => Promise.reject(newer) })
    const error = await refusal(provider.createKey(url, context))
    expect([error.code, error.message]).toEqual(['ERR_OF_TOMORROW', 'something new'])
  })

  const vendorErrors: [when: string, options: Partial<WrappingProviderOptions>, trouble?: string][] = [
    ['a call fails and is classified', {}, 'denied'],
    ['a call fails and is unknown', {}, 'something new'],
    ['retries run out', {}, 'unavailable'],
    ['connecting fails', { connect: () => Promise.reject(new VendorError('denied')) }],
    ['connecting throws at once', { connect: () => { throw new VendorError('denied') } }], // prettier-ignore
    ['classify throws what it was given', { classify: (error) => { throw error } }, 'denied'], // prettier-ignore
    ['classify gives nothing', { classify: () => undefined as never }, 'denied'],
    [
      'classify gives a code that does not exist',
      { classify: (error) => ({ code: (error as Error).message as never }) },
      'denied',
    ],
    [
      'a provider keeps it as the cause of its own error',
      {
        connect: () =>
          Promise.reject(
            new StacksealError('ERR_CREDENTIALS_INVALID', 'refused', { cause: new VendorError('denied') }),
          ),
      },
    ],
  ]
  test.each(vendorErrors)('keeps no object or text of the vendor when %s', async (_, options, trouble) => {
    const service = new FakeKeyService()
    if (trouble !== undefined) service.troubles.push(...Array.from({ length: 3 }, () => new VendorError(trouble)))
    const error = await refusal(provide(service, options).createKey(url, context))
    expect('cause' in error).toBe(false)
    expect(error.code).not.toBe('ERR_INTERNAL')
    expect(inspect(error, { depth: null, showHidden: true, getters: true })).not.toMatch(
      /vendor-token|VendorError|authorization/,
    )
  })

  test("passes a provider's own error on as it is, and retries it where its kind says so", async () => {
    const connect = (): Promise<KeyService> => {
      connects++
      return Promise.reject(
        new StacksealError(code, 'no credentials at all', { hint: 'sign in', details: { profile: 'p' } }),
      )
    }
    let connects = 0
    let code: 'ERR_CREDENTIALS_MISSING' | 'ERR_UNAVAILABLE' = 'ERR_CREDENTIALS_MISSING'
    const provider = provide(new FakeKeyService(), { connect })
    const error = await refusal(provider.createKey(url, context))
    expect(error).toMatchObject({ code, message: 'no credentials at all', hint: 'sign in', details: { profile: 'p' } })
    expect(connects).toBe(1)
    code = 'ERR_UNAVAILABLE'
    expect((await refusal(provider.createKey(url, context))).details['attempts']).toBe(3)
    expect(connects).toBe(4)
  })

  test('bounds each try of a service that never answers, and calls it a time-out', async () => {
    const service = new FakeKeyService()
    service.troubles.push('hang')
    await provide(service).createKey(url, context)
    expect(service.calls, 'one try hung, the next one did it').toHaveLength(2)
    service.troubles.push('hang', 'hang', 'hang')
    const took = await milliseconds(async () => {
      const error = await refusal(provide(service).createKey(url, context))
      expect(error.code).toBe('ERR_TIMEOUT')
      expect(error.message).toBe('Fake KMS did not seal the data key: a key service did not answer in time')
    })
    expect(took).toBeGreaterThan(140)
    expect(took).toBeLessThan(5000)
  })

  test('calls it a time-out also when the vendor rejects with an error of its own as soon as the signal fires', async () => {
    const error = await refusal(
      provide({ wrap: listen, unwrap: listen }, { bounds: { tryMs: 10, tries: 1 } }).createKey(url, context),
    )
    expect(error.code).toBe('ERR_TIMEOUT')
  })

  test('hands each call a signal that fires when its time is up', async () => {
    let signal: AbortSignal | undefined
    const wrap = (_: Uint8Array, given: AbortSignal): Promise<never> => {
      signal = given
      return new Promise(() => undefined)
    }
    await refusal(provide({ wrap, unwrap: wrap }, { bounds: { tryMs: 10, tries: 1 } }).createKey(url, context))
    expect(signal?.aborted).toBe(true)
  })

  const hanging: [what: string, make: () => ReturnType<typeof provide>][] = [
    [
      'a call',
      () =>
        provide(
          { wrap: () => new Promise(() => undefined), unwrap: () => new Promise(() => undefined) },
          { bounds: {} },
        ),
    ],
    ['connecting', () => provide(new FakeKeyService(), { connect: () => new Promise(() => undefined), bounds: {} })],
    ['the wait before the next try', () => {
      const service = new FakeKeyService()
      service.troubles.push(new VendorError('unavailable'))
      return provide(service, { bounds: { firstDelayMs: 9000 } })
    }], // prettier-ignore
  ]
  test.each(hanging)('ends at once when it is cancelled during %s, though nothing there listens', async (_, make) => {
    const cancel = new AbortController()
    const running = refusal(make().createKey(url, { ...context, signal: cancel.signal }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    const took = await milliseconds(async () => {
      cancel.abort()
      expect((await running).code).toBe('ERR_INTERRUPTED')
    })
    expect(took).toBeLessThan(5000)
    expect(getEventListeners(cancel.signal, 'abort')).toEqual([])
  })

  test('leaves no timer behind when the wait before the next try is cancelled', async () => {
    const service = new FakeKeyService()
    service.troubles.push(new VendorError('unavailable'))
    const cancel = new AbortController()
    const before = timers()
    const running = refusal(
      provide(service, { bounds: { firstDelayMs: 9000 } }).createKey(url, { ...context, signal: cancel.signal }),
    )
    await vi.waitUntil(() => service.calls.length === 1)
    await new Promise(setImmediate)
    cancel.abort()
    await running
    expect(timers()).toBeLessThanOrEqual(before)
  })

  test('does not begin when it was cancelled before, and says ERR_TIMEOUT for a bound on the whole', async () => {
    const service = new FakeKeyService()
    expect((await refusal(provide(service).createKey(url, { ...context, signal: AbortSignal.abort() }))).code).toBe(
      'ERR_INTERRUPTED',
    )
    expect(service.calls).toEqual([])
    service.troubles.push('hang')
    const signal = AbortSignal.timeout(10)
    const error = await refusal(provide(service, { bounds: {} }).createKey(url, { ...context, signal }))
    expect(error.code).toBe('ERR_TIMEOUT')
    expect(error.hint).toContain('--timeout')
  })

  test('gives the error that a caller cancelled with, when it is one of ours', async () => {
    for (const code of ['ERR_LOCKED', 'ERR_ACCESS_DENIED'] as const) {
      const reason = new StacksealError(code, 'somebody else')
      const signal = AbortSignal.abort(reason)
      expect(await refusal(provide(new FakeKeyService()).createKey(url, { ...context, signal }))).toBe(reason)
    }
  })

  test.each([
    [undefined, 'ERR_PROVIDER_FAILED', undefined],
    ['text', 'ERR_PROVIDER_FAILED', undefined],
    [new Uint8Array(0), 'ERR_INVALID_REPLY', expect.stringContaining('proxy')],
  ])('refuses a reply without bytes (%j) with %s', async (reply, code, hint) => {
    const answer = async (): Promise<never> => reply as never
    const provider = provide({ wrap: answer, unwrap: answer })
    expect((await refusal(provider.createKey(url, context))).code).toBe(code)
    const error = await refusal(provider.openKey(url, 'AAAA', context))
    expect(error).toMatchObject({ code, hint, details: { scheme: 'fake' } })
  })

  test.each([1, 16, 31, 33, 64])('refuses a sealed key that opens to %i bytes, and wipes them', async (length) => {
    const opened = new Uint8Array(length).fill(7)
    const provider = provide({
      wrap: async (dataKey) => dataKey,
      unwrap: async () => opened,
    })
    const error = await refusal(provider.openKey(url, 'AAAA', context))
    expect(error).toMatchObject({ code: 'ERR_MALFORMED_SEALED_KEY', details: { scheme: 'fake', length, expected: 32 } })
    expect(opened).toEqual(new Uint8Array(length))
  })
})

function counting(): {
  connects: [string, string | undefined][]
  provider: ReturnType<typeof provide>
  services: FakeKeyService[]
} {
  const connects: [string, string | undefined][] = []
  const services: FakeKeyService[] = []
  const connect = async (to: typeof url, { env }: ProviderContext): Promise<KeyService> => {
    connects.push([to.text, env['ACCOUNT']])
    const service = new FakeKeyService()
    services.push(service)
    return service
  }
  return { connects, services, provider: provide(new FakeKeyService(), { connect }) }
}

describe('the connections of a wrapping provider', () => {
  test('are one for each key URL, shared by callers at the same time', async () => {
    const { connects, provider } = counting()
    await Promise.all([provider.createKey(url, context), provider.createKey(url, { env: {} })])
    await provider.createKey(parseKeyUrl('fake://other'), context)
    expect(connects.map(([text]) => text)).toEqual(['fake://key', 'fake://other'])
  })

  test('never serve a caller with another environment, as two accounts may be open in one process', async () => {
    const { connects, provider } = counting()
    const env: Record<string, string | undefined> = { ACCOUNT: 'one' }
    await provider.createKey(url, { env })
    await provider.createKey(url, { env: { ACCOUNT: 'two' } })
    await provider.createKey(url, { env: { ACCOUNT: 'one' } })
    env['ACCOUNT'] = 'three'
    await provider.createKey(url, { env })
    await provider.createKey(url, { env: { OTHER: 'one' } })
    expect(connects.map(([, account]) => account)).toEqual(['one', 'two', 'three', undefined])
  })

  test('never serve a caller with another folder, from which relative paths start', async () => {
    const { connects, provider } = counting()
    for (const folder of ['file:///a/', 'file:///b/', 'file:///a/']) {
      await provider.createKey(url, { env: {}, baseUrl: new URL(folder) })
    }
    expect(connects).toHaveLength(2)
  })

  test('are all ended by close, once', async () => {
    const { provider, services } = counting()
    await provider.createKey(url, context)
    await provider.createKey(url, { env: { ACCOUNT: 'two' } })
    await provider.close?.()
    await provider.close?.()
    expect(services.map((service) => service.closed)).toEqual([1, 1])
  })

  test('have ended when close is over', async () => {
    const service = new FakeKeyService()
    let ended = false
    service.close = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      ended = true
    }
    const provider = provide(service)
    await provider.createKey(url, context)
    await provider.close?.()
    expect(ended).toBe(true)
  })

  test('are made again after a failure', async () => {
    let connects = 0
    const service = new FakeKeyService()
    const connect = async (): Promise<KeyService> =>
      ++connects === 1 ? Promise.reject(new VendorError('denied')) : service
    const provider = provide(service, { connect })
    expect((await refusal(provider.createKey(url, context))).code).toBe('ERR_ACCESS_DENIED')
    await provider.createKey(url, context)
    expect(connects).toBe(2)
  })

  test('that hang are given up, made again, and ended if they come after all', async () => {
    const late = new FakeKeyService()
    const good = new FakeKeyService()
    let arrive: (() => void) | undefined
    let connects = 0
    const connect = async (): Promise<KeyService> => {
      if (++connects > 1) return good
      await new Promise<void>((resolve) => (arrive = resolve))
      return late
    }
    const provider = provide(good, { connect })
    await provider.createKey(url, context)
    expect([connects, late.closed]).toEqual([2, 0])
    arrive?.()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect([late.closed, good.closed]).toEqual([1, 0])
  })

  test('outlive the one caller who was cancelled while others wait for them', async () => {
    const service = new FakeKeyService()
    const connect = async (): Promise<KeyService> => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return service
    }
    const provider = provide(service, { connect, bounds: {} })
    const cancel = new AbortController()
    const first = refusal(provider.createKey(url, { ...context, signal: cancel.signal }))
    const second = provider.createKey(url, context)
    cancel.abort()
    expect((await first).code).toBe('ERR_INTERRUPTED')
    expect((await second).dataKey).toHaveLength(32)
  })

  test('that are being made do not hold close up', async () => {
    const provider = provide(new FakeKeyService(), { connect: () => new Promise(() => undefined), bounds: {} })
    const running = refusal(provider.createKey(url, context))
    expect(await milliseconds(async () => provider.close?.())).toBeLessThan(5000)
    expect((await running).code).toBe('ERR_INTERRUPTED')
  })

  test('are not waited for any longer than two seconds when their service does not end', async () => {
    const service = new FakeKeyService()
    service.close = () => new Promise(() => undefined)
    const provider = provide(service)
    await provider.createKey(url, context)
    expect(await milliseconds(async () => provider.close?.())).toBeLessThan(4000)
  })
})
