import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

import type { Classified, KeyService } from '../src/index.ts'

/** What a vendor's SDK throws: an object with a status, and texts that hold what must never be shown. */
export class VendorError extends Error {
  readonly status: string
  readonly request = { headers: { authorization: 'Bearer vendor-token' } }

  constructor(status: string) {
    super(`${status}: token vendor-token was used on the data key`)
    this.status = status
  }
}

export function classifyVendorError(error: unknown): Classified {
  const status = error instanceof VendorError ? error.status : ''
  if (status === 'throttled') return { code: 'ERR_THROTTLED', retryAfterMs: 1 }
  if (status === 'come back tomorrow') return { code: 'ERR_THROTTLED', retryAfterMs: 86_400_000 }
  if (status === 'unavailable') return { code: 'ERR_UNAVAILABLE' }
  if (status === 'denied') return { code: 'ERR_ACCESS_DENIED', hint: 'the caller needs the permission to decrypt' }
  if (status === 'unknown key') return { code: 'ERR_KEY_NOT_FOUND', details: { key: 'app' } }
  return { code: 'ERR_PROVIDER_FAILED' }
}

type Trouble = Error | 'hang'

/** A key service in memory: it holds a key of its own and really encrypts with it. */
export class FakeKeyService implements KeyService {
  readonly calls: string[] = []
  closed = 0
  /** What the next calls meet, in order; when it is empty they succeed. */
  readonly troubles: Trouble[] = []
  readonly #key = randomBytes(32)

  async wrap(dataKey: Uint8Array): Promise<Uint8Array> {
    await this.#meet('wrap')
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    return Buffer.concat([nonce, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()])
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array> {
    await this.#meet('unwrap')
    const decipher = createDecipheriv('aes-256-gcm', this.#key, wrapped.subarray(0, 12))
    decipher.setAuthTag(wrapped.subarray(-16))
    return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()])
  }

  async close(): Promise<void> {
    this.closed++
  }

  async #meet(call: string): Promise<void> {
    this.calls.push(call)
    const trouble = this.troubles.shift()
    if (trouble === 'hang') await new Promise<never>(() => undefined)
    if (trouble !== undefined) throw trouble
  }
}
