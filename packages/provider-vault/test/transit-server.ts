import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** One request as it arrived. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Answers a request in place of the engine, or leaves it to it (undefined). */
export type Override = (request: SeenRequest) => Reply | 'never' | undefined

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

type Capability = 'encrypt' | 'decrypt'

export const TOKENS = {
  owner: 's.token-of-the-owner-0001',
  sealer: 's.token-that-may-only-seal',
  nobody: 's.token-without-a-policy',
} as const

/**
 * A transit engine of its own on loopback: it keeps keys, really encrypts, and refuses in the words of OpenBao 2.7.2
 * (vectors/openbao/replies.json, which the service tests hold against the real server).
 */
export class TransitServer {
  readonly requests: SeenRequest[] = []
  override: Override | undefined
  readonly softDeleted = new Set<string>()
  readonly #server: Server
  readonly #keys = new Map<string, Buffer>([
    ['app', randomBytes(32)],
    ['db', randomBytes(32)],
  ])
  readonly #capabilities = new Map<string, readonly Capability[]>([
    [TOKENS.owner, ['encrypt', 'decrypt']],
    [TOKENS.sealer, ['encrypt']],
    [TOKENS.nobody, []],
  ])

  private constructor(server: Server) {
    this.#server = server
  }

  /** With keys of its own, or with those of a recorded service. */
  static async start(keys: ReadonlyMap<string, Buffer> = new Map()): Promise<TransitServer> {
    const server = createServer()
    const transit = new TransitServer(server)
    for (const [name, key] of keys) transit.#keys.set(name, key)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void transit.#serve(request, response))
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve))
    return transit
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new TypeError('the server does not listen on a port')
    return address.port
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    const { method = '', url: path = '', headers } = request
    const seen = { method, path, headers, body }
    this.requests.push(seen)
    const reply = this.override?.(seen) ?? this.#answer(seen)
    if (reply === 'never') return
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(reply.body)
  }

  #answer({ path, headers, body }: SeenRequest): Reply {
    const token = headers['x-vault-token']
    const capabilities = typeof token === 'string' ? this.#capabilities.get(token) : undefined
    if (path === '/v1/auth/token/lookup-self') {
      return capabilities === undefined ? refusal(403, 'permission denied') : json({ id: token, policies: ['default'] })
    }
    if (capabilities === undefined) return refusal(403, 'permission denied')
    const [, operation, name] = /^\/v1\/transit\/(encrypt|decrypt)\/([^/]+)$/.exec(path) ?? []
    if (operation === undefined || name === undefined) {
      return refusal(404, `no handler for route "${path.slice(4)}". route entry not found.`)
    }
    if (!capabilities.some((capability) => capability === operation)) {
      return refusal(403, '1 error occurred:\n\t* permission denied\n\n')
    }
    const key = this.#keys.get(name)
    if (key === undefined) return refusal(400, 'encryption key not found')
    if (this.softDeleted.has(name)) return refusal(400, 'refusing to use soft-deleted key')
    const fields: { readonly plaintext?: string; readonly ciphertext?: string } = JSON.parse(body)
    return operation === 'encrypt' ? encrypt(key, fields.plaintext ?? '') : decrypt(key, fields.ciphertext ?? '')
  }
}

function encrypt(key: Buffer, plaintext: string): Reply {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([nonce, cipher.update(plaintext, 'base64'), cipher.final(), cipher.getAuthTag()])
  return json({ ciphertext: `vault:v1:${sealed.toString('base64')}`, key_version: 1 })
}

function decrypt(key: Buffer, ciphertext: string): Reply {
  const [, version, text] = /^vault:v(\d+):(.*)$/.exec(ciphertext) ?? []
  if (version === undefined || text === undefined) return refusal(400, 'invalid ciphertext: no prefix')
  if (Number(version) > 1) return refusal(400, 'invalid ciphertext: version is too new')
  const sealed = Buffer.from(text, 'base64')
  if (sealed.toString('base64') !== text) return refusal(400, 'invalid ciphertext: could not decode base64')
  if (sealed.length < 28) return refusal(400, 'invalid ciphertext length')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
  decipher.setAuthTag(sealed.subarray(-16))
  const opened = decipher.update(sealed.subarray(12, -16))
  try {
    decipher.final()
  } catch {
    return refusal(400, 'cipher: message authentication failed')
  }
  return json({ plaintext: opened.toString('base64') })
}

export function json(data: object): Reply {
  return { status: 200, body: JSON.stringify({ request_id: 'r', data, warnings: null, auth: null }) }
}

export function refusal(status: number, ...errors: string[]): Reply {
  return { status, body: JSON.stringify({ errors }) }
}
