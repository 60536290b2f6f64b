// The one file of this package that touches node:crypto.
import { createHmac, createSecretKey, type KeyObject, pbkdf2, randomFillSync } from 'node:crypto'

import { encodeBase64, wipe } from '@stackseal/core'

const PBKDF2_ITERATIONS = 1_000_000
const SALT_BYTES = 8

const KEY_BYTES = 32
const HASH = 'sha256'
/** Far more stacks than one process opens; a service that is given wrong passphrases for ever must not grow for ever. */
const KEPT_DERIVATIONS = 1024

// A derivation costs a tenth of a second or more, so each one is made once in a process. What is kept of a passphrase
// is a keyed digest that means nothing outside this process, and a key lies outside the JavaScript heap.
const derivations = new Map<string, Promise<KeyObject>>()
const digestKey = randomFillSync(new Uint8Array(32))

/** The salt of a new stack. */
export function randomSalt(): Uint8Array {
  return randomFillSync(new Uint8Array(SALT_BYTES))
}

/**
 * PBKDF2-HMAC-SHA256 (RFC 8018 §5.2) with 1,000,000 iterations, off the main thread, once for each passphrase and salt
 * in a process. Every call gives 32 bytes of its own, which the caller wipes.
 */
export async function deriveKey(passphrase: Uint8Array, salt: Uint8Array): Promise<Uint8Array> {
  const id = `${encodeBase64(salt)}:${createHmac(HASH, digestKey).update(passphrase).digest('base64')}`
  const running = derivations.get(id)
  if (running !== undefined) return copyOf(await running)
  const derivation = derive(passphrase, salt)
  derivations.set(id, derivation)
  try {
    return copyOf(await derivation)
  } catch (error) {
    derivations.delete(id)
    throw error
  } finally {
    const [oldest] = derivations.keys()
    if (oldest !== undefined && derivations.size > KEPT_DERIVATIONS) derivations.delete(oldest)
  }
}

function derive(passphrase: Uint8Array, salt: Uint8Array): Promise<KeyObject> {
  return new Promise((resolve, reject) => {
    pbkdf2(passphrase, salt, PBKDF2_ITERATIONS, KEY_BYTES, HASH, (error, bytes) => {
      if (error !== null) {
        reject(error)
        return
      }
      resolve(createSecretKey(bytes))
      wipe(bytes)
    })
  })
}

function copyOf(key: KeyObject): Uint8Array {
  const bytes = key.export()
  const copy = Uint8Array.from(bytes)
  wipe(bytes)
  return copy
}
