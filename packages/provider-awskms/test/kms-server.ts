import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface KmsRequest {
  readonly operation: string
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: IncomingHttpHeaders
}

interface Key {
  readonly id: string
  readonly secret: Buffer
  state: 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport' | 'Unavailable'
}

export const REGION = 'eu-west-1'
const ACCOUNT = '111122223333'
const TYPE = 'application/x-amz-json-1.1'
// The recorded answers of the real KMS have these two in front of what they seal.
const MARK = Buffer.from([0x01, 0x02])
const ID_BYTES = 36
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Callers of the server: an access key and what it may do. */
export const CALLERS = {
  owner: { id: 'AKIAOWNEROWNEROWNER1', secret: 'secret-access-key-of-the-owner-0001', may: ['Encrypt', 'Decrypt'] },
  sealer: { id: 'AKIASEALERSEALERSEA1', secret: 'secret-access-key-of-the-sealer-001', may: ['Encrypt'] },
  nobody: { id: 'AKIANOBODYNOBODYNOB1', secret: 'secret-access-key-of-nobody-000001', may: [] },
} as const

export function refusal(type: string, message?: string, status = 400): Reply {
  const body = { __type: type, ...(message === undefined ? {} : { message }) }
  return { status, headers: { 'content-type': TYPE }, body: JSON.stringify(body) }
}

export function json(body: unknown): Reply {
  return { status: 200, headers: { 'content-type': TYPE }, body: JSON.stringify(body) }
}

/**
 * A KMS with keys in memory: Encrypt and Decrypt of the JSON 1.1 protocol, with real encryption (AES-256-GCM; key and
 * encryption context are authenticated), aliases, key states and callers. Signatures are looked at for the access key
 * and not checked; a server that checks them is used by the service tests.
 */
export class KmsServer {
  readonly requests: KmsRequest[] = []
  /** Answers in the place of the server, where it gives something. */
  override: ((request: KmsRequest) => Reply | undefined) | undefined
  readonly #keys = new Map<string, Key>()
  readonly #aliases = new Map<string, string>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const operation = String(incoming.headers['x-amz-target']).replace(/^TrentService\./, '')
        const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as KmsRequest['body']
        const request = { operation, body, headers: incoming.headers }
        this.requests.push(request)
        const reply = this.override?.(request) ?? this.answer(request)
        outgoing.writeHead(reply.status, { 'x-amzn-requestid': randomUUID(), ...reply.headers }).end(reply.body)
      })
    })
  }

  static async start(): Promise<KmsServer> {
    const kms = new KmsServer()
    await new Promise<void>((resolve) => kms.#server.listen(0, '127.0.0.1', resolve))
    return kms
  }

  get origin(): string {
    const bound = this.#server.address()
    if (bound === null || typeof bound === 'string') throw new TypeError('the server does not listen on a port')
    return `http://127.0.0.1:${bound.port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  createKey(alias?: string, id: string = randomUUID()): Key {
    const key: Key = { id, secret: randomBytes(32), state: 'Enabled' }
    this.#keys.set(key.id, key)
    if (alias !== undefined) this.#aliases.set(`alias/${alias}`, key.id)
    return key
  }

  pointAlias(alias: string, key: Key): void {
    this.#aliases.set(`alias/${alias}`, key.id)
  }

  answer({ operation, body, headers }: KmsRequest): Reply {
    const caller = /Credential=([^/]+)\/\d{8}\/([^/]+)\/kms\/aws4_request/.exec(headers.authorization ?? '')
    if (caller === null) return refusal('MissingAuthenticationToken', 'Missing Authentication Token', 403)
    const known = Object.values(CALLERS).find(({ id }) => id === caller[1])
    if (known === undefined) {
      return refusal('UnrecognizedClientException', 'The security token included in the request is invalid.')
    }
    const may: readonly string[] = known.may
    if (!may.includes(operation)) {
      return refusal('AccessDeniedException', `User: arn:aws:iam::${ACCOUNT}:user/x is not authorized to perform`)
    }
    return operation === 'Encrypt' ? this.#encrypt(body) : this.#decrypt(body)
  }

  #encrypt(body: KmsRequest['body']): Reply {
    const key = this.#find(body['KeyId'])
    if (!('secret' in key)) return key
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', key.secret, nonce)
    cipher.setAAD(boundTo(key, body['EncryptionContext']))
    const sealed = Buffer.concat([cipher.update(String(body['Plaintext']), 'base64'), cipher.final()])
    const blob = Buffer.concat([MARK, Buffer.from(key.id, 'latin1'), nonce, cipher.getAuthTag(), sealed])
    return json({ CiphertextBlob: blob.toString('base64'), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', KeyId: arn(key) })
  }

  #decrypt(body: KmsRequest['body']): Reply {
    const blob = Buffer.from(String(body['CiphertextBlob']), 'base64')
    const at = MARK.length + ID_BYTES
    const sealer = this.#keys.get(blob.subarray(MARK.length, at).toString('latin1'))
    if (!blob.subarray(0, MARK.length).equals(MARK) || sealer === undefined || blob.length < at + 28) {
      return refusal('InvalidCiphertextException')
    }
    if (body['KeyId'] !== undefined) {
      const named = this.#find(body['KeyId'])
      if (!('secret' in named)) return named
      if (named !== sealer) return refusal('IncorrectKeyException', 'The key ID in the request does not identify a CMK')
    }
    const key = this.#find(sealer.id)
    if (!('secret' in key)) return key
    const decipher = createDecipheriv('aes-256-gcm', key.secret, blob.subarray(at, at + NONCE_BYTES))
    decipher.setAAD(boundTo(key, body['EncryptionContext']))
    decipher.setAuthTag(blob.subarray(at + NONCE_BYTES, at + NONCE_BYTES + TAG_BYTES))
    try {
      const plain = Buffer.concat([decipher.update(blob.subarray(at + NONCE_BYTES + TAG_BYTES)), decipher.final()])
      return json({
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        KeyId: arn(key),
        KeyMaterialId: createHash('sha256').update(key.secret).digest('hex'),
        KeyOrigin: 'AWS_KMS',
        Plaintext: plain.toString('base64'),
      })
    } catch {
      return refusal('InvalidCiphertextException') // of final(): the tag does not fit
    }
  }

  /** A key that can be used, or the refusal. */
  #find(named: unknown): Key | Reply {
    const name = String(named).replace(/^arn:aws:kms:[^:]*:\d*:(?:key\/)?/, '')
    const key = this.#keys.get(this.#aliases.get(name) ?? name)
    if (key === undefined) return refusal('NotFoundException', `Key '${arn({ id: name })}' does not exist`)
    if (key.state === 'Enabled') return key
    if (key.state === 'Disabled') return refusal('DisabledException', `${arn(key)} is disabled.`)
    const words = { PendingDeletion: 'pending deletion', PendingImport: 'pending import', Unavailable: 'unavailable' }
    return refusal('KMSInvalidStateException', `${arn(key)} is ${words[key.state]}.`)
  }
}

function arn({ id }: { readonly id: string }): string {
  return `arn:aws:kms:${REGION}:${ACCOUNT}:key/${id}`
}

function boundTo({ id }: Key, context: unknown): Buffer {
  const pairs = Object.entries((context ?? {}) as Record<string, string>)
  return Buffer.from(JSON.stringify([id, pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))]))
}
