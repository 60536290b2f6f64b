import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

import { expect, test } from 'vitest'

import { deriveKey } from '../src/derive.ts'

type Pbkdf2 = typeof crypto.pbkdf2
const SALT = Uint8Array.of(1, 2, 3)

const failing: Pbkdf2 = (...args) => args[5](new Error('no memory'), Buffer.alloc(0))

/** Lets `run` derive with something in the place of node:crypto's pbkdf2. */
async function withPbkdf2(replacement: (real: Pbkdf2) => Pbkdf2, run: () => Promise<void>): Promise<void> {
  const { pbkdf2 } = crypto
  crypto.pbkdf2 = replacement(pbkdf2)
  syncBuiltinESMExports()
  try {
    await run()
  } finally {
    crypto.pbkdf2 = pbkdf2
    syncBuiltinESMExports()
  }
}

function deriveNumber(phrase: number): Promise<Uint8Array> {
  return deriveKey(Uint8Array.of(phrase, phrase >> 8), SALT)
}

test('a derivation that failed is made again', async () => {
  const phrase = new TextEncoder().encode('fails once')
  await withPbkdf2(
    () => failing,
    async () => {
      await expect(deriveKey(phrase, SALT)).rejects.toThrow('no memory')
    },
  )
  expect(await deriveKey(phrase, SALT)).toHaveLength(32)
})

test('what the library gave is wiped', async () => {
  let given: Buffer | undefined
  const seen =
    (real: Pbkdf2): Pbkdf2 =>
    (phrase, salt, _, length, digest, callback) =>
      real(phrase, salt, 1, length, digest, (error, bytes) => {
        given = bytes
        callback(error, bytes)
      })
  await withPbkdf2(seen, async () => {
    expect((await deriveKey(new TextEncoder().encode('seen'), SALT)).some((byte) => byte !== 0)).toBe(true)
  })
  expect(given).toEqual(Buffer.alloc(32))
})

test('a process keeps 1,024 derivations, and lets the oldest go', async () => {
  let count = 0
  const quick =
    (real: Pbkdf2): Pbkdf2 =>
    (phrase, salt, _, length, digest, callback) => {
      count++
      real(phrase, salt, 1, length, digest, callback)
    }
  await withPbkdf2(quick, async () => {
    for (let phrase = 0; phrase < 1024; phrase++) await deriveNumber(phrase)
    await deriveNumber(0)
    expect(count).toBe(1024)
    await deriveNumber(1024)
    await deriveNumber(0)
    expect(count).toBe(1026)
  })
})
