import {
  Envelope,
  type ErrorCode,
  isStacksealError,
  type KeyUrl,
  type Registry,
  type SealedKey,
  StacksealError,
} from '@stackseal/core'

import { findBackend } from './backend/find-backend.ts'
import { findPulumi } from './backend/pulumi-child.ts'
import type { LockStackOptions } from './backend/stack-lock-places.ts'
import type { StateCarrier } from './backend/state-carrier.ts'
import { findCarrier, type FoundCarrier } from './change/find-carrier.ts'
import { finishChange } from './change/finish-change.ts'
import { acquireLock } from './files/file-lock.ts'
import { type FileSystem, nodeFileSystem } from './files/file-system.ts'
import { replaceFile } from './files/replace-file.ts'
import { isNotedSealedKey, noteSealedKey } from './noted-keys.ts'
import { proveKey } from './key-proof.ts'
import { StackFile } from './stack-file.ts'
import type { SharedRewrap } from './opened-keys.ts'
import { keyOf, newKeyUrl, openingOf, providerContext, wayOf } from './stack-key.ts'
import { findStack, noSuchStack, type StackPlace } from './stack-place.ts'
import { StateFile } from './state/state-file.ts'
import { readStackText } from './stack-text.ts'
import type { OpenStackOptions } from './stack.ts'
import { isTrustedSealedKey } from './trusted-keys.ts'

export interface RewrapOptions extends Omit<OpenStackOptions, 'openEarly'> {
  /** The key URL under which the data key is to lie; the stack's own if not given. */
  readonly to?: string | undefined
  /**
   * Leaves a stack alone where nothing would be new: it is under the key URL that `to` names, or its sealed key is of the
   * newest version of its key, as far as the provider tells versions apart; a passphrase has none.
   */
  readonly passOver?: boolean | undefined
}

/** What a re-wrap did. */
export interface RewrapResult {
  /** The bare name of the stack. */
  readonly name: string
  /** Absolute path of the stack file. */
  readonly file: string
  readonly before: SealedKey
  /** The same as `before` where the stack was passed over. */
  readonly after: SealedKey
  /** Whether the stack was left alone, as `passOver` asks for. */
  readonly passedOver: boolean
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
    await finishChange(fs, target, { ...locking, env, tell, ask: options.ask, cwd: options.cwd })
    const first = await readFile(fs, place)
    const before = keyOfFile(first.file, place)
    const to = options.to === undefined ? before.url : newKeyUrl(options.to)
    const untouched = { name, file: place.file, before, after: before, passedOver: true, state: 'none' as const }
    if (options.passOver === true && isNothingNew(before.url, options.to === undefined ? undefined : to))
      return untouched
    for (const url of [before.url, to]) if (url.scheme === 'passphrase') throw notPossible(url)
    const carrier = await carrierOf(fs, place, options)
    let opened: Envelope | undefined
    const after = await sealAnew(first.file, before, to, options, place, async (envelope) => {
      opened = envelope
    })
    if (options.passOver === true && (await isOfSameVersion(before, after, options.registry))) return untouched
    // Both headers open the same data key: each document is whole before and after, and no journal is needed. The state
    // comes first: one that is left with the old header by a power cut opens all the same.
    const state =
      typeof carrier === 'string'
        ? carrier
        : await sealCarried(carrier, tell, (it) => sealState(it, before, opened, after, locking))
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
    return { ...untouched, after, passedOver: false, state }
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw isStateSealed ? halfSealed(error, place) : error.with({ details: { file: label, changed: false } })
  }
}

/** Whether a stack is under the wanted key, or under a passphrase, of which there is no newer version. */
function isNothingNew({ text, scheme }: KeyUrl, to: KeyUrl | undefined): boolean {
  return to === undefined ? scheme === 'passphrase' : text === to.text
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
  const isKnown = (sealedKey: SealedKey): boolean =>
    isNotedSealedKey(fs, options.env, place.target, sealedKey) ||
    isTrustedSealedKey(fs, options.env, place.target, sealedKey)
  const seal = async (shared: SharedRewrap): Promise<SealedKey> => {
    const { sealedKey, context } = opening
    // A data key that somebody else put there must not become one of ours by being sealed here.
    const proven = async (envelope: Envelope): Promise<void> => {
      shared.envelope = envelope
      await proveKey(file, envelope, isKnown)
      await look(envelope)
    }
    if (shared.envelope !== undefined) await proven(shared.envelope)
    shared.after ??= await Envelope.rewrap(
      { sealedKey, context },
      { url: to, context: providerContext(options, place.file) },
      options.registry,
      proven,
    )
    return shared.after
  }
  const opening = openingOf(before, options, place)
  try {
    return await (options.openedKeys?.rewrap(before, `${wayOf(opening)} ${to.text}`, seal) ?? seal({}))
  } catch (error) {
    if (isStacksealError(error) && (error.code === 'ERR_KEY_NOT_PROVEN' || error.code === 'ERR_REWRAP_NOT_POSSIBLE'))
      throw error
    throw keyOf(place, 'could not be re-wrapped', error)
  }
}

/** Whether a new sealed key is no newer, as far as its provider tells. */
async function isOfSameVersion(before: SealedKey, after: SealedKey, registry: Registry): Promise<boolean> {
  if (before.url.text !== after.url.text) return false
  const provider = await registry.find(after.url)
  const version = ({ url, sealed }: SealedKey): string | undefined => provider.describe?.(url, sealed)['version']
  return version(after) !== undefined && version(before) === version(after)
}

/** Who carries the state, or why there is none to be sealed. Without a `pulumi` nothing is asked of another backend. */
async function carrierOf(
  fs: FileSystem,
  place: StackPlace,
  options: RewrapOptions,
): Promise<FoundCarrier | 'none' | 'unreached'> {
  const found = findBackend(fs, place.project, options)
  if (found.kind === 'none') return 'none'
  if (found.kind === 'unreached' && findPulumi(fs, options.env) === undefined) return 'unreached'
  const otherwise =
    'seal the state with "stackseal state rekey" between "pulumi stack export" and "pulumi stack import"'
  return findCarrier(fs, place, { ...options, otherwise })
}

/** The same for a state that `pulumi` carries: what it refuses stands against the state alone, which opens as it is. */
async function sealCarried(
  { carrier, pulumi }: FoundCarrier,
  tell: RewrapOptions['tell'],
  seal: (carrier: StateCarrier) => Promise<RewrapResult['state']>,
): Promise<RewrapResult['state']> {
  try {
    return await seal(carrier)
  } catch (error) {
    if (pulumi === undefined || !isStacksealError(error) || !LEFT_ALONE.has(error.code)) throw error
    tell?.(`the state was not sealed anew: ${error.message}`)
    return 'unreached'
  }
}

const LEFT_ALONE: ReadonlySet<ErrorCode> = new Set(['ERR_PULUMI_FAILED', 'ERR_BACKEND_NOT_REACHED'])

async function sealState(
  carrier: StateCarrier,
  before: SealedKey,
  envelope: Envelope | undefined,
  after: SealedKey,
  locking: LockStackOptions,
): Promise<RewrapResult['state']> {
  // Looked for first: taking the locks makes folders.
  if ((await carrier.read()) === undefined) return 'none'
  using lock = await carrier.lock(locking)
  const carried = await lock.read()
  if (carried === undefined) return 'none'
  const state = StateFile.parse(carried.bytes)
  if (!state.hasDeployment) return 'none'
  if (envelope === undefined || !(await isUnderKey(state, before, envelope))) return 'other'
  await lock.replace(state.withProvider(after).bytes)
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
