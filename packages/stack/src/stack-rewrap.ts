import { Envelope, isStacksealError, type KeyUrl, type SealedKey, StacksealError } from '@stackseal/core'

import { FileBackend } from './backend/file-backend.ts'
import { findBackend } from './backend/find-backend.ts'
import { lockStack } from './backend/stack-lock.ts'
import type { LockStackOptions } from './backend/stack-lock-places.ts'
import type { StateHome } from './change/change-inputs.ts'
import { finishChange } from './change/finish-change.ts'
import { acquireLock } from './files/file-lock.ts'
import { type FileSystem, nodeFileSystem } from './files/file-system.ts'
import { replaceFile } from './files/replace-file.ts'
import { isNotedSealedKey, noteSealedKey } from './noted-keys.ts'
import { prove } from './stack-edits.ts'
import { StackFile } from './stack-file.ts'
import { keyOf, newKeyUrl, openingOf, providerContext } from './stack-key.ts'
import { findStack, noSuchStack, type StackPlace } from './stack-place.ts'
import { StateFile } from './state/state-file.ts'
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
  /**
   * What became of the state: `sealed` anew as the stack file, `none` there, its backend `unreached`, or `other`: it has a
   * data key of its own, and was left alone.
   */
  readonly state: 'sealed' | 'none' | 'unreached' | 'other'
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
  let isStateSealed = false
  try {
    const { command = 'stackseal stack rewrap', lockTimeout: timeoutMs, signal, processes, env, tell } = options
    const locking = { command, timeoutMs, signal, processes }
    await finishChange(fs, target, { ...locking, env, tell })
    const first = await readFile(fs, place)
    const before = keyOfFile(first.file, place)
    const to = options.to === undefined ? before.url : newKeyUrl(options.to)
    for (const url of [before.url, to]) if (url.scheme === 'passphrase') throw notPossible(url)
    const home = await openStateHome(fs, place, options)
    let opened: Envelope | undefined
    const after = await sealAnew(first.file, before, to, options, place, async (envelope) => {
      opened = envelope
    })
    // Both headers open the same data key: each document is whole before and after, and no journal is needed. The state
    // comes first: one that is left with the old header by a power cut opens all the same.
    const state = typeof home === 'string' ? home : await sealState(home, before, opened, after, locking)
    isStateSealed = state === 'sealed'
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
    return { name, file: place.file, before, after, state }
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw isStateSealed ? halfSealed(error, place) : error.with({ details: { file: label, changed: false } })
  }
}

/** The error of a re-wrap that came to an end between state and stack file. */
function halfSealed(error: StacksealError, { label, name }: StackPlace): StacksealError {
  return new StacksealError(
    error.code,
    `the state of stack ${name} has its new sealed key, and ${label} still the old one: ${error.message}`,
    {
      hint: 'both open the same data key; when the cause is gone, run the command again: it brings them together',
      details: { ...error.details, file: label, changed: true },
      cause: error.cause,
    },
  )
}

async function sealAnew(
  file: StackFile,
  before: SealedKey,
  to: KeyUrl,
  options: RewrapOptions,
  place: StackPlace,
  look: (envelope: Envelope) => Promise<void>,
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
      async (envelope) => {
        await prove(file, envelope, undefined, isProven)
        await look(envelope)
      },
    )
  } catch (error) {
    if (isStacksealError(error) && (error.code === 'ERR_KEY_NOT_PROVEN' || error.code === 'ERR_REWRAP_NOT_POSSIBLE'))
      throw error
    throw keyOf(place, 'could not be re-wrapped', error)
  }
}

/** Where the state lies, or why there is none to be sealed. */
async function openStateHome(
  fs: FileSystem,
  place: StackPlace,
  options: RewrapOptions,
): Promise<StateHome | 'none' | 'unreached'> {
  const found = findBackend(fs, place.project, options)
  if (found.kind !== 'file') return found.kind
  const backend = await FileBackend.open(fs, found.folder, options)
  return { backend, reference: { project: place.project.name, stack: place.name } }
}

async function sealState(
  { backend, reference }: StateHome,
  before: SealedKey,
  envelope: Envelope | undefined,
  after: SealedKey,
  locking: LockStackOptions,
): Promise<RewrapResult['state']> {
  if (backend.find(reference) === undefined) return 'none'
  using lock = await lockStack(backend, reference, locking)
  const stored = backend.read(reference)
  if (stored === undefined) return 'none'
  const state = StateFile.parse(stored.bytes)
  if (!state.hasDeployment) return 'none'
  if (envelope === undefined || !(await isUnderKey(state, before, envelope))) return 'other'
  lock.replace(stored, state.withProvider(after).bytes)
  return 'sealed'
}

/** Whether a state is under a data key: by its header, or, where an earlier run was cut off, by its secrets. */
async function isUnderKey(state: StateFile, sealedKey: SealedKey, envelope: Envelope): Promise<boolean> {
  const { provider } = state
  if (provider !== undefined && 'sealedKey' in provider && isSame(provider.sealedKey, sealedKey)) return true
  const secret = state.slots.find(({ member }) => member === 'ciphertext')
  if (secret === undefined) return true
  const [opened] = await envelope.decryptAll([secret.text])
  return opened !== undefined && !('error' in opened)
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
    hint: 'to go from or to a passphrase, every secret is encrypted anew: stackseal stack change-secrets-provider URL',
    details: { scheme: url.scheme },
  })
}
