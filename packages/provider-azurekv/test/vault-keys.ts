import { constants, generateKeyPairSync, type KeyObject, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto'

export interface Version {
  readonly id: string
  readonly privateKey: KeyObject
  readonly createdSeconds: number
  isEnabled: boolean
  /** Undefined: never. */
  expiresSeconds?: number
  operations: readonly string[]
}

const PADDINGS: Readonly<Record<string, { readonly padding: number; readonly oaepHash?: string }>> = {
  'RSA-OAEP-256': { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
  'RSA-OAEP': { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
  RSA1_5: { padding: constants.RSA_PKCS1_PADDING },
}

/** An RSA key with its versions, the latest last. It really encrypts. */
export class VaultKey {
  readonly versions: Version[] = []

  constructor(...privateKeys: readonly KeyObject[]) {
    for (const privateKey of privateKeys) this.#add(privateKey)
  }

  static make(): VaultKey {
    return new VaultKey(newPrivateKey())
  }

  rotate(): Version {
    return this.#add(newPrivateKey())
  }

  /** The latest without an id. */
  find(id: string): Version | undefined {
    return id === '' ? this.versions.at(-1) : this.versions.find((version) => version.id === id)
  }

  #add(privateKey: KeyObject, id = randomBytes(16).toString('hex')): Version {
    const version: Version = {
      id,
      privateKey,
      // Whole seconds, as the service counts: one more for each version, however soon it follows.
      createdSeconds: Math.floor(Date.now() / 1000) - 1000 + this.versions.length,
      isEnabled: true,
      operations: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'sign', 'verify'],
    }
    this.versions.push(version)
    return version
  }

  /** For a key whose version has a name that was recorded. */
  static named(id: string, privateKey: KeyObject): VaultKey {
    const key = new VaultKey()
    key.#add(privateKey, id)
    return key
  }
}

/** Undefined for what this version does not open, or an algorithm that RSA keys do not know. */
export function operate(version: Version, operation: string, algorithm: string, value: Buffer): Buffer | undefined {
  const padding = PADDINGS[algorithm]
  if (padding === undefined) return undefined
  try {
    return operation === 'encrypt'
      ? publicEncrypt({ key: version.privateKey, ...padding }, value)
      : decrypt(version.privateKey, padding, value)
  } catch {
    return undefined // OpenSSL's errors: too long, or not what this key sealed
  }
}

/** Node 22 refuses to take RSA1_5's padding off itself, as long as its OpenSSL has no answer to Bleichenbacher's attack. */
function decrypt(key: KeyObject, padding: (typeof PADDINGS)[string], value: Buffer): Buffer | undefined {
  if (padding?.padding !== constants.RSA_PKCS1_PADDING) return privateDecrypt({ key, ...padding }, value)
  const block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, value)
  // 0, 2, eight bytes or more that are not 0, and 0 before the message. RFC 8017, 7.2.2.
  const end = block.indexOf(0, 2)
  return block[0] === 0 && block[1] === 2 && end >= 10 ? block.subarray(end + 1) : undefined
}

function newPrivateKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}
