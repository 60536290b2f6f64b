import { type Envelope, isStacksealError, StacksealError } from '@stackseal/core'

import { displayConfigPlace } from '../config/config-place.ts'
import type { StackFile } from '../stack-file.ts'

/** A secret that does not open, by the name that a person knows. */
export interface BrokenChangeSecret {
  /** `config dbPassword`, or `state urn:…: outputs.password`. */
  readonly name: string
  readonly error: StacksealError
}

/**
 * Tries every secret of a stack file, and gives those that do not open.
 * @param plaintexts takes what the others hold, by ciphertext: for {@link rekeyConfig}, which need not open them again
 */
export async function brokenConfigSecrets(
  file: StackFile,
  envelope: Envelope,
  project: string,
  plaintexts?: Map<string, Uint8Array>,
): Promise<readonly BrokenChangeSecret[]> {
  const secrets = [...file.secrets()]
  const opened = await openEach(
    secrets.map(({ secret }) => secret.ciphertext),
    envelope,
  )
  return opened.flatMap((result, i) => {
    const entry = secrets[i]
    if (entry === undefined) return []
    if (isStacksealError(result)) {
      return [{ name: `config ${displayConfigPlace(entry.place, project)}`, error: result }]
    }
    plaintexts?.set(entry.secret.ciphertext, result)
    return []
  })
}

/**
 * The same stack file under another key: every secret is opened, encrypted anew, and opened again out of the finished
 * text, which has to give the old bytes. Everything but the ciphertexts and the sealed key stays as it is.
 * @param known what the old key was seen to open, by ciphertext
 * @throws ERR_DECRYPT_FAILED and the like for the first that does not open; ERR_CANNOT_EDIT; ERR_INTERNAL
 */
export async function rekeyConfig(
  file: StackFile,
  from: Envelope | undefined,
  to: Envelope,
  known?: ReadonlyMap<string, Uint8Array>,
): Promise<StackFile> {
  const old = ciphertextsOf(file)
  const unknown = old.filter((ciphertext) => known?.has(ciphertext) !== true)
  const opened = await openAll(unknown, from)
  const rest = new Map(unknown.map((ciphertext, i) => [ciphertext, opened[i]]))
  const plaintexts = old.map((ciphertext) => known?.get(ciphertext) ?? rest.get(ciphertext) ?? unopened())
  const encrypted = await to.encryptAll(plaintexts)
  const ciphertexts = new Map(old.map((ciphertext, i) => [ciphertext, encrypted[i] ?? unopened()]))
  const rekeyed = await (await file.withCiphertexts(ciphertexts)).withSealedKey(to.sealedKey)
  const again = await openAll(ciphertextsOf(rekeyed), to)
  const isSame = again.length === plaintexts.length && again.every((bytes, i) => sameBytes(bytes, plaintexts[i]))
  if (isSame) return rekeyed
  throw new StacksealError('ERR_INTERNAL', 'a secret of the stack file does not open to its value again')
}

/** An empty value in its place would compare well afterwards, and the secret would be lost. */
function unopened(): never {
  throw new StacksealError('ERR_INTERNAL', 'a secret of the stack file has no value to be encrypted')
}

function ciphertextsOf(file: StackFile): readonly string[] {
  return [...file.secrets()].map(({ secret }) => secret.ciphertext)
}

async function openAll(ciphertexts: readonly string[], envelope: Envelope | undefined): Promise<readonly Uint8Array[]> {
  if (ciphertexts.length === 0) return []
  if (envelope === undefined) throw new StacksealError('ERR_INTERNAL', 'there are secrets, and no key was opened')
  return (await openEach(ciphertexts, envelope)).map((result) => {
    if (isStacksealError(result)) throw result
    return result
  })
}

/** Bytes and not text: the reference keeps whatever was encrypted. */
async function openEach(
  ciphertexts: readonly string[],
  envelope: Envelope,
): Promise<readonly (Uint8Array | StacksealError)[]> {
  const results: (Uint8Array | StacksealError)[] = []
  for (const ciphertext of ciphertexts) {
    try {
      results.push(await envelope.decryptBytes(ciphertext))
    } catch (error) {
      if (!isStacksealError(error)) throw error
      results.push(error)
    }
  }
  return results
}

export function sameBytes(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i])
}
