// A preload (`node --import …/note-keys.mjs`), and a part of the tests' own set-up: writes down every 32-byte key that
// this process makes or takes in use, so that the search for leaks knows what to search for. Nothing else is changed.
import crypto from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import process from 'node:process'

const KEY_BYTES = 32
const DONE = Symbol.for('stackseal.tests.note-keys')
const file = process.env['STACKSEAL_TEST_NOTED_KEYS']

if (file !== undefined && Reflect.get(globalThis, DONE) !== true) {
  Reflect.set(globalThis, DONE, true)
  /** @param {unknown} bytes */
  const note = (bytes) => {
    if (!(bytes instanceof Uint8Array) || bytes.length !== KEY_BYTES) return
    appendFileSync(file, `${JSON.stringify({ hex: Buffer.from(bytes).toString('hex') })}\n`)
  }
  const { randomFillSync, createSecretKey } = crypto
  Object.assign(crypto, {
    /** @param {readonly unknown[]} given */
    randomFillSync(...given) {
      const filled = Reflect.apply(randomFillSync, crypto, given)
      note(filled)
      return filled
    },
    /** @param {readonly unknown[]} given */
    createSecretKey(...given) {
      note(given[0])
      return Reflect.apply(createSecretKey, crypto, given)
    },
  })
  syncBuiltinESMExports()
}
