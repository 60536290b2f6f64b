import { Envelope, isStacksealError, type KeyUrl, type SealedKey, StacksealError } from '@stackseal/core'

import { finishChange } from './change/finish-change.ts'
import { acquireLock } from './files/file-lock.ts'
import { type FileSystem, nodeFileSystem } from './files/file-system.ts'
import { replaceFile } from './files/replace-file.ts'
import { isNotedSealedKey, noteSealedKey } from './noted-keys.ts'
import { prove } from './stack-edits.ts'
import { StackFile } from './stack-file.ts'
import { keyOf, newKeyUrl, openingOf, providerContext } from './stack-key.ts'
import { findStack, noSuchStack, type StackPlace } from './stack-place.ts'
import { readStackText } from './stack-text.ts'
import type { OpenStackOptions } from './stack.ts'
import { isTrustedSealedKey } from './trusted-keys.ts'

export interface RewrapOptions extends Omit<OpenStackOptions, 'openEarly'> {
  /** The key URL under which the data key is to lie; the stack's own if not given. */
  readonly to?: string | undefined
}

/** What a re-wrap did. */
export interface RewrapResult {
  /** The bare name of the stack. */
  readonly name: string
  /** Absolute path of the stack file. */
  readonly file: string
  readonly before: SealedKey
  readonly after: SealedKey
}

/**
 * Seals the data key of a stack anew: under the newest version of its key, or under another key. The data key and every
 * ciphertext stay as they are, so whoever could open the old sealed key can still open these secrets. The new sealed key
 * is opened through a fresh provider, and must give the same data key, before a byte is written.
 * @throws ERR_REWRAP_NOT_POSSIBLE from or to a passphrase, or a provider that can't seal an existing key
 * @throws ERR_KEY_NOT_PROVEN, ERR_NO_SECRETS_PROVIDER, and what the providers throw
 */
export async function rewrapStack(options: RewrapOptions): Promise<RewrapResult> {
  const fs = options.fileSystem ?? nodeFileSystem
  const place = await findStack(fs, options)
  const { label, target, name, project } = place
  try {
    const { command = 'stackseal stack rewrap', lockTimeout: timeoutMs, signal, processes, env, tell } = options
    const locking = { command, timeoutMs, signal, processes }
    await finishChange(fs, target, { ...locking, env, tell })
    const first = await readFile(fs, place)
    const before = keyOfFile(first.file, place)
    const to = options.to === undefined ? before.url : newKeyUrl(options.to)
    for (const url of [before.url, to]) if (url.scheme === 'passphrase') throw notPossible(url)
    const after = await sealAnew(first.file, before, to, options, place)

    // Both headers open the same data key: the file is whole before and after, and no journal is needed.
    using _lock = await acquireLock(fs, target, locking)
    const read = await readFile(fs, place)
    const current = read.text === first.text ? first.file : await StackFile.parse(read.text, project.name, label)
    if (!isSame(current.sealedKey, before)) {
      throw new StacksealError('ERR_CHANGED_MEANWHILE', `somebody else gave ${label} another key`, {
        hint: 'look at the file, then run the command again if it is still needed',
      })
    }
    const edited = await current.withSealedKey(after)
    options.signal?.throwIfAborted()
    noteSealedKey(fs, options.env, target, after)
    replaceFile(fs, target, new TextEncoder().encode(edited.text), read.bytes)
    return { name, file: place.file, before, after }
  } catch (error) {
    throw isStacksealError(error) ? error.with({ details: { file: label, changed: false } }) : error
  }
}

async function sealAnew(
  file: StackFile,
  before: SealedKey,
  to: KeyUrl,
  options: RewrapOptions,
  place: StackPlace,
): Promise<SealedKey> {
  const fs = options.fileSystem ?? nodeFileSystem
  const isProven = (sealedKey: SealedKey): boolean =>
    isNotedSealedKey(fs, options.env, place.target, sealedKey) ||
    isTrustedSealedKey(fs, options.env, place.target, sealedKey)
  try {
    const { sealedKey, context } = openingOf(before, options, place)
    return await Envelope.rewrap(
      { sealedKey, context },
      { url: to, context: providerContext(options, place.file) },
      options.registry,
      // A data key that somebody else put there must not become one of ours by being sealed here.
      (envelope) => prove(file, envelope, undefined, isProven),
    )
  } catch (error) {
    if (isStacksealError(error) && (error.code === 'ERR_KEY_NOT_PROVEN' || error.code === 'ERR_REWRAP_NOT_POSSIBLE'))
      throw error
    throw keyOf(place, 'could not be re-wrapped', error)
  }
}

async function readFile(
  fs: FileSystem,
  place: StackPlace,
): Promise<{ readonly file: StackFile; readonly text: string; readonly bytes: Uint8Array }> {
  const read = await readStackText(fs, place.target)
  if (read === undefined) throw noSuchStack(fs, place)
  return { ...read, file: await StackFile.parse(read.text, place.project.name, place.label) }
}

function keyOfFile(file: StackFile, { name }: StackPlace): SealedKey {
  if (file.sealedKey !== undefined) return file.sealedKey
  throw new StacksealError('ERR_NO_SECRETS_PROVIDER', `stack ${name} has no key that could be re-wrapped`, {
    hint: `give it one with "stackseal stack init ${name}"`,
  })
}

function isSame(a: SealedKey | undefined, b: SealedKey): boolean {
  return a !== undefined && a.url.text === b.url.text && a.sealed === b.sealed
}

function notPossible(url: KeyUrl): StacksealError {
  return new StacksealError('ERR_REWRAP_NOT_POSSIBLE', 'a passphrase makes its own data key and can not seal another', {
    hint: 'to go from or to a passphrase, every secret is encrypted anew: pulumi stack change-secrets-provider URL',
    details: { scheme: url.scheme },
  })
}
