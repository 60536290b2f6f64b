import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

export type Trouble = 'throttled' | 'throttled once' | 'down' | 'hanging' | 'empty'
type Right = 'wrap' | 'unwrap'

/** What the client of this service throws, as vendors' clients do: with the request, and so with the token, in it. */
export class MemoError extends Error {
  readonly status: string
  readonly request: { readonly token: string | undefined }

  constructor(status: string, token: string | undefined) {
    super(`${status} for ${token ?? 'nobody'}`)
    this.status = status
    this.request = { token }
  }
}

export interface MemoRequest {
  readonly key: string
  readonly token: string | undefined
  readonly bytes: Uint8Array
  readonly signal: AbortSignal
}

export const OWNER = 'memo-token-of-the-owner'
export const SEALER = 'memo-token-that-may-seal'
export const NOBODY = 'memo-token-without-rights'
export const STRANGER = 'memo-token-of-a-stranger'

const MAGIC = Buffer.from('MEMO')

/** A key service in memory: it holds keys, knows callers, and really encrypts. */
export class MemoCloud {
  calls = 0
  trouble: Trouble | undefined
  readonly disabled = new Set<string>()
  readonly #keys = new Map([
    ['app', randomBytes(32)],
    ['db', randomBytes(32)],
  ])
  readonly #rights = new Map<string, readonly Right[]>([
    [OWNER, ['wrap', 'unwrap']],
    [SEALER, ['wrap']],
    [NOBODY, []],
    [STRANGER, []],
  ])

  async wrap(request: MemoRequest): Promise<Uint8Array> {
    const key = await this.#admit('wrap', request)
    if (key === undefined) return new Uint8Array()
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    return Buffer.concat([MAGIC, nonce, cipher.update(request.bytes), cipher.final(), cipher.getAuthTag()])
  }

  async unwrap(request: MemoRequest): Promise<Uint8Array> {
    const key = await this.#admit('unwrap', request)
    if (key === undefined) return new Uint8Array()
    const wrapped = Buffer.from(request.bytes)
    const isWhole = wrapped.length > 32 && MAGIC.equals(wrapped.subarray(0, 4))
    if (!isWhole) throw new MemoError('malformed', request.token)
    const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(4, 16))
    decipher.setAuthTag(wrapped.subarray(-16))
    const opened = decipher.update(wrapped.subarray(16, -16))
    try {
      decipher.final()
    } catch {
      throw new MemoError('not of this key', request.token)
    }
    return opened
  }

  async #admit(right: Right, { key, token, signal }: MemoRequest): Promise<Buffer | undefined> {
    this.calls++
    if (this.trouble === 'hanging') {
      await new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new MemoError('gone', token)))
      })
    }
    if (this.trouble === 'down') throw new MemoError('down', token)
    if (this.trouble === 'throttled' || this.trouble === 'throttled once') {
      if (this.trouble === 'throttled once') this.trouble = undefined
      throw new MemoError('throttled', token)
    }
    if (token === undefined) throw new MemoError('no token', token)
    const rights = this.#rights.get(token)
    if (rights === undefined) throw new MemoError('unknown token', token)
    if (!rights.includes(right)) throw new MemoError(rights.length === 0 ? 'no rights' : 'no right to unwrap', token)
    const bytes = this.#keys.get(key)
    if (bytes === undefined) throw new MemoError('no such key', token)
    if (this.disabled.has(key)) throw new MemoError('disabled', token)
    return this.trouble === 'empty' ? undefined : bytes
  }
}
