import crypto from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'

// The same keys of the same vectors for each of hundreds of mutants would be hours of derivation: they are kept on the
// disk, by all that they follow from. What a mutant derives in another way is derived.
const folder = join(import.meta.dirname, '../../.reports/derivations')
mkdirSync(folder, { recursive: true })

type Derive = typeof crypto.pbkdf2
const derive: Derive = crypto.pbkdf2
const isWrapped = Symbol.for('stackseal.kept-derivations')

const kept: Derive = (passphrase, salt, iterations, length, digest, callback) => {
  const hash = crypto.createHash('sha256')
  for (const part of [passphrase, salt]) hash.update(crypto.hash('sha256', part))
  const file = join(folder, hash.update(`${iterations}:${length}:${digest}`).digest('hex'))
  let bytes: NonSharedBuffer
  try {
    bytes = readFileSync(file)
  } catch {
    // Not derived yet.
    derive(passphrase, salt, iterations, length, digest, (error, made) => {
      if (error === null) writeFileSync(file, made)
      callback(error, made)
    })
    return
  }
  setImmediate(() => callback(null, bytes))
}

if (!Object.hasOwn(derive, isWrapped)) {
  crypto.pbkdf2 = Object.assign(kept, { [isWrapped]: true })
  syncBuiltinESMExports()
}
