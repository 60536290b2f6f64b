import { createCipheriv, createDecipheriv, createHash, randomBytes, verify } from 'node:crypto'

import { crc32c } from '../src/crc32c.ts'
import {
  type DecryptMessage,
  type EncryptMessage,
  type KmsReply,
  type KmsRequest,
  KmsServer,
  type Refusal,
} from './kms-server.ts'
import { errorInfo, preconditionFailure } from './status-details.ts'

export type VersionState = 'ENABLED' | 'DISABLED' | 'DESTROY_SCHEDULED' | 'DESTROYED'

interface Version {
  readonly key: Buffer
  state: VersionState
}

interface FakeKey {
  readonly versions: Version[]
  readonly purpose: 'ENCRYPT_DECRYPT' | 'ASYMMETRIC_SIGN'
  /** A ciphertext is nonce, ciphertext and tag alone: what the stand-in made that the recorded stacks come from. */
  readonly isBare: boolean
}

export const PARENT = 'projects/p/locations/global/keyRings/r/cryptoKeys'
export const TOKENS = { owner: 'ya29.owner-of-the-keys', sealer: 'ya29.may-only-seal', nobody: 'ya29.may-do-nothing' }

// Of gRPC: https://grpc.io/docs/guides/status-codes
export const Status = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const

const CRYPT_RIGHTS = { Encrypt: 'useToEncrypt', Decrypt: 'useToDecrypt' } as const
type Right = (typeof CRYPT_RIGHTS)[keyof typeof CRYPT_RIGHTS]

/**
 * A stand-in for Cloud KMS that keeps keys with versions and really encrypts (AES-256-GCM with additional data), knows
 * callers and their rights, and checks checksums. It answers with the codes and words of the recorded traffic
 * (gcpkms-recordings.test.ts), and of Google's documentation where none was recorded.
 */
export class FakeKms {
  readonly keys: Map<string, FakeKey> = new Map<string, FakeKey>()
  /** Rights by access token, or by the address of a service account. Who is not in it is unknown. */
  readonly callers: Map<string, ReadonlySet<Right>> = new Map([
    [TOKENS.owner, new Set<Right>(['useToEncrypt', 'useToDecrypt'])],
    [TOKENS.sealer, new Set<Right>(['useToEncrypt'])],
    [TOKENS.nobody, new Set<Right>()],
  ])
  /** Public keys of service accounts, in PEM. */
  readonly accounts: Map<string, string> = new Map<string, string>()
  /** Answers in place of the service, as long as it gives something. */
  override: ((request: KmsRequest) => KmsReply | undefined) | undefined
  readonly #server: KmsServer

  private constructor(server: KmsServer) {
    this.#server = server
  }

  static async start(): Promise<FakeKms> {
    const server = await KmsServer.start((request) => fake.override?.(request) ?? fake.#reply(request))
    const fake = new FakeKms(server)
    for (const key of ['app', 'db']) fake.addKey(`${PARENT}/${key}`)
    return fake
  }

  get port(): number {
    return this.#server.port
  }

  get requests(): KmsRequest[] {
    return this.#server.requests
  }

  get cancelled(): number {
    return this.#server.cancelled
  }

  stop(): void {
    this.#server.stop()
  }

  addKey(
    name: string,
    { purpose = 'ENCRYPT_DECRYPT', bare }: { purpose?: FakeKey['purpose']; bare?: Buffer } = {},
  ): void {
    const versions: Version[] = [{ key: bare ?? randomBytes(32), state: 'ENABLED' }]
    this.keys.set(name, { versions, purpose, isBare: bare !== undefined })
  }

  /** Adds a version, which becomes the primary one. */
  rotate(name: string): void {
    this.keys.get(name)?.versions.push({ key: randomBytes(32), state: 'ENABLED' })
  }

  setState(name: string, version: number, state: VersionState): void {
    const found = this.keys.get(name)?.versions[version - 1]
    if (found === undefined) throw new TypeError('there is no such version')
    found.state = state
  }

  #reply(request: KmsRequest): KmsReply {
    const { method, message } = request
    const rights = this.#rightsOf(request)
    if (rights === undefined) {
      const text =
        'Request had invalid authentication credentials. Expected OAuth 2 access token or another credential.'
      return refused(Status.UNAUTHENTICATED, text, errorInfo('ACCESS_TOKEN_TYPE_UNSUPPORTED'))
    }
    const form = method === 'Encrypt' ? /^(.+?)(?:\/cryptoKeyVersions\/\d+)?$/ : /^(.+)$/
    const name = form.exec(message.name)?.[1] ?? ''
    if (!/^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/.test(name)) {
      return refused(Status.INVALID_ARGUMENT, `Resource name [${message.name}] does not match the pattern of a key.`)
    }
    const right = CRYPT_RIGHTS[method]
    if (!rights.has(right)) {
      const permission = `cloudkms.cryptoKeyVersions.${right}`
      const text = `Permission '${permission}' denied on resource '${name}' (or it may not exist).`
      return refused(Status.PERMISSION_DENIED, text, errorInfo('IAM_PERMISSION_DENIED', { permission, resource: name }))
    }
    const key = this.keys.get(name)
    if (key === undefined) return refused(Status.NOT_FOUND, `CryptoKey ${name} not found.`)
    if (key.purpose !== 'ENCRYPT_DECRYPT') {
      return refused(Status.INVALID_ARGUMENT, `CryptoKey purpose: ${key.purpose} is not usable for ENCRYPT_DECRYPT.`)
    }
    return method === 'Encrypt'
      ? encrypt(name, key, message as EncryptMessage)
      : decrypt(name, key, message as DecryptMessage)
  }

  #rightsOf({ metadata }: KmsRequest): ReadonlySet<Right> | undefined {
    const token = /^Bearer (\S+)$/.exec(String(metadata.get('authorization')[0]))?.[1]
    if (token === undefined) return undefined
    const [head, claims, signature] = token.split('.')
    if (head === undefined || claims === undefined || signature === undefined) return this.callers.get(token)
    // A service account signs for itself (https://google.aip.dev/auth/4111).
    const { iss, scope }: { iss: string; scope?: string } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    const publicKey = this.accounts.get(iss)
    if (publicKey === undefined || scope !== 'https://www.googleapis.com/auth/cloudkms') return undefined
    const isSigned = verify('sha256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))
    return isSigned ? this.callers.get(iss) : undefined
  }
}

function encrypt(name: string, key: FakeKey, message: EncryptMessage): KmsReply {
  const plaintext = Buffer.from(message.plaintext as Uint8Array)
  const data = Buffer.from(message.additionalAuthenticatedData as Uint8Array)
  if (plaintext.length + data.length > 65_536) return refused(Status.INVALID_ARGUMENT, 'The plaintext is too long.')
  if (isWrong(message.plaintextCrc32c, plaintext) || isWrong(message.additionalAuthenticatedDataCrc32c, data)) {
    return refused(
      Status.INVALID_ARGUMENT,
      'The checksum in field plaintext_crc32c did not match the data in field plaintext.',
    )
  }
  const number = key.versions.length
  const version = key.versions[number - 1]
  if (version === undefined || version.state !== 'ENABLED') return notEnabled(name, number, version?.state)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', version.key, nonce).setAAD(data)
  const sealed = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  // As the service's own: a message of two fields, of which the first says which key and version it was.
  const ciphertext = key.isBare
    ? sealed
    : Buffer.concat([Buffer.from([0x0a, 9]), keyId(name), Buffer.from([number, 0x12, sealed.length]), sealed])
  return {
    answer: {
      name: `${name}/cryptoKeyVersions/${number}`,
      ciphertext,
      ciphertextCrc32c: { value: crc32c(ciphertext) },
      verifiedPlaintextCrc32c: isGiven(message.plaintextCrc32c),
      verifiedAdditionalAuthenticatedDataCrc32c: isGiven(message.additionalAuthenticatedDataCrc32c),
      protectionLevel: 1,
    },
  }
}

function decrypt(name: string, key: FakeKey, message: DecryptMessage): KmsReply {
  const ciphertext = Buffer.from(message.ciphertext as Uint8Array)
  const data = Buffer.from(message.additionalAuthenticatedData as Uint8Array)
  if (isWrong(message.ciphertextCrc32c, ciphertext) || isWrong(message.additionalAuthenticatedDataCrc32c, data)) {
    return refused(
      Status.INVALID_ARGUMENT,
      'The checksum in field ciphertext_crc32c did not match the data in field ciphertext.',
    )
  }
  const parsed = key.isBare ? { id: keyId(name), number: 1, sealed: ciphertext } : parse(ciphertext)
  if (parsed === undefined) return refused(Status.INVALID_ARGUMENT, 'Decryption failed: the ciphertext is invalid.')
  const { id, number, sealed } = parsed
  const version = key.versions[number - 1]
  if (!id.equals(keyId(name)) || version === undefined) {
    return refused(Status.INVALID_ARGUMENT, "Decryption failed: verify that 'name' refers to the correct CryptoKey.")
  }
  if (version.state !== 'ENABLED') return notEnabled(name, number, version.state)
  const decipher = createDecipheriv('aes-256-gcm', version.key, sealed.subarray(0, 12)).setAAD(data)
  decipher.setAuthTag(sealed.subarray(-16))
  const plaintext = decipher.update(sealed.subarray(12, -16))
  try {
    decipher.final()
  } catch {
    return refused(Status.INVALID_ARGUMENT, 'Decryption failed.')
  }
  return {
    answer: {
      plaintext,
      plaintextCrc32c: { value: crc32c(plaintext) },
      usedPrimary: number === key.versions.length,
      protectionLevel: 1,
    },
  }
}

function parse(ciphertext: Buffer): { id: Buffer; number: number; sealed: Buffer } | undefined {
  const sealed = ciphertext.subarray(13)
  const isWhole = ciphertext[0] === 0x0a && ciphertext[1] === 9 && ciphertext[11] === 0x12
  if (!isWhole || ciphertext[12] !== sealed.length || sealed.length < 28) return undefined
  return { id: ciphertext.subarray(2, 10), number: ciphertext[10] ?? 0, sealed }
}

function keyId(name: string): Buffer {
  return createHash('sha256').update(name).digest().subarray(0, 8)
}

type Checksum = EncryptMessage['plaintextCrc32c']

function isGiven(checksum: Checksum): boolean {
  return checksum !== null && checksum !== undefined
}

function isWrong(checksum: Checksum, bytes: Buffer): boolean {
  return isGiven(checksum) && Number(checksum?.value) !== crc32c(bytes)
}

function notEnabled(name: string, number: number, state: VersionState | undefined): KmsReply {
  const version = `${name}/cryptoKeyVersions/${number}`
  const type = state === 'DISABLED' ? 'KEY_DISABLED' : `KEY_${state}`.replace('KEY_DESTROY_', 'DESTROY_')
  const text = `${version} is not enabled, current state is: ${state}.`
  return refused(Status.FAILED_PRECONDITION, text, preconditionFailure(type, version))
}

export function refused(code: Refusal['code'], text: string, ...details: NonNullable<Refusal['details']>): KmsReply {
  return { refusal: { code, text, details } }
}
