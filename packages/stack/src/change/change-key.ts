import { isStacksealError, type KeyUrl, type SealedKey, StacksealError } from '@stackseal/core'

import type { StateArchive } from '../backend/state-archives.ts'
import { acquireLock } from '../files/file-lock.ts'
import { type FileSystem, nodeFileSystem } from '../files/file-system.ts'
import { isNotedSealedKey, nextKeyNote } from '../noted-keys.ts'
import { newKeyUrl } from '../stack-key.ts'
import { findStack, type StackPlace } from '../stack-place.ts'
import { type StackWarning, stackWarnings } from '../stack-warning.ts'
import type { OpenStackOptions } from '../stack.ts'
import { isTrustedSealedKey } from '../trusted-keys.ts'
import { isAlreadyMoved } from './already-moved.ts'
import { archivesAfter, archivesOf, historyOf } from './change-archives.ts'
import {
  type ChangeInputs,
  isSameKey,
  type OldKeys,
  openOldKeys,
  readInputs,
  refuseBroken,
  sealedKeyOfState,
} from './change-inputs.ts'
import { ChangeJournal } from './change-journal.ts'
import { findCarrier, refusePendingOperations } from './find-carrier.ts'
import { finishChange } from './finish-change.ts'
import { type MadeKey, makeKey } from './make-key.ts'
import type { NewPassphraseOptions } from './new-passphrase.ts'
import { carriedBy, nextFiles, nextState } from './next-content.ts'
import { type PlannedChange, runChange } from './run-change.ts'

export interface ChangeKeyOptions extends Omit<OpenStackOptions, 'openEarly'>, NewPassphraseOptions {
  /** Leaves the state alone: for one that Pulumi carries, or that there is none of. */
  readonly configOnly?: boolean | undefined
  /** Brings the history of a file backend under the new key too: its updates, backups, and the `.bak` beside the state. */
  readonly includeHistory?: boolean | undefined
  /** Looks whether everything opens, makes no key, and changes nothing. */
  readonly dryRun?: boolean | undefined
  /**
   * Leaves a stack alone that is under the wanted key already, its state too: for a run over many stacks that is begun
   * again. A stack on a passphrase is, where the new one opens it.
   */
  readonly passOver?: boolean | undefined
}

export interface ChangeSecretsProviderOptions extends ChangeKeyOptions {
  /** A key URL; the words `passphrase` and `default` mean a passphrase. */
  readonly secretsProvider: string
}

/** What a change of the key did, or would do. */
export interface ChangeKeyResult {
  /** The bare name of the stack. */
  readonly name: string
  /** The name of its project. */
  readonly project: string
  /** Absolute path of the stack file. */
  readonly file: string
  /** Absolute path of the state, or `pulumi stack export` where that carries it; undefined where it was no part of the change. */
  readonly state: string | undefined
  readonly before: SealedKey | undefined
  /** The key URL that the stack has now, or would have. */
  readonly to: KeyUrl
  /** Whether the stack was left alone, as `passOver` asks for. */
  readonly passedOver: boolean
  /** Undefined for a dry run, which makes no key, and for a stack that was passed over. */
  readonly after: SealedKey | undefined
  /** What the reference warns of in the stack file. */
  readonly warnings: readonly StackWarning[]
  /** Lines (from 1) of values that are marked `!secret`, stand in plain text, and stay so. */
  readonly markedLines: readonly number[]
  readonly configSecrets: number
  readonly stateSecrets: number
  /** What keeps earlier ciphertexts, which the old key still opens. */
  readonly archives: readonly StateArchive[]
  /** What of the history was brought under the new key, or would be; empty where that was not asked for. */
  readonly rekeyedArchives: readonly StateArchive[]
}

/**
 * Moves every secret of a stack, in its file and in its state, to a new data key under another secrets provider. All of it
 * is opened, encrypted anew and opened again before a byte is written; then both files change together: whatever ends the
 * process, what was begun is finished by the next command that changes the stack, or by {@link recoverStack}.
 * @throws what {@link rotateStack} throws; ERR_INVALID_KEY_URL
 */
export function changeSecretsProvider(options: ChangeSecretsProviderOptions): Promise<ChangeKeyResult> {
  return changeKey(options, newKeyUrl(options.secretsProvider))
}

/**
 * The same under the provider that the stack has: a new data key, or a new passphrase.
 * @throws ERR_NO_SECRETS_PROVIDER; ERR_KEY_NOT_PROVEN; ERR_BACKEND_NOT_REACHED, also where `pulumi` has to carry the state and is not
 * there; ERR_PULUMI_FAILED; ERR_DECRYPT_FAILED and the like, with every secret that does
 * not open in `details.secrets`; ERR_CHANGED_MEANWHILE, ERR_LOCKED, ERR_IO; what the providers throw. `details.changed`
 * tells whether a file was changed, `details.pending` whether the change waits to be finished.
 */
export function rotateStack(options: ChangeKeyOptions): Promise<ChangeKeyResult> {
  return changeKey(options, undefined)
}

async function changeKey(options: ChangeKeyOptions, url: KeyUrl | undefined): Promise<ChangeKeyResult> {
  const fs = options.fileSystem ?? nodeFileSystem
  const place = await findStack(fs, options)
  try {
    return await changeKeyOf(fs, place, options, url)
  } catch (error) {
    throw isStacksealError(error) ? error.with({ details: { file: place.label, changed: false } }) : error
  }
}

async function changeKeyOf(
  fs: FileSystem,
  place: StackPlace,
  options: ChangeKeyOptions,
  url: KeyUrl | undefined,
): Promise<ChangeKeyResult> {
  if (options.includeHistory === true && options.configOnly === true) {
    throw new StacksealError('ERR_USAGE', '--config-only and --include-history exclude each other', {
      hint: 'the history lies beside the state: leave one of them out',
    })
  }
  const command = options.command ?? 'stackseal stack change-secrets-provider'
  const locking = {
    command,
    timeoutMs: options.lockTimeout,
    signal: options.signal,
    processes: options.processes,
  }
  if (options.dryRun !== true)
    await finishChange(fs, place.target, {
      ...locking,
      env: options.env,
      tell: options.tell,
      ask: options.ask,
      cwd: options.cwd,
    })
  let made: MadeKey | undefined
  const found =
    options.configOnly === true
      ? undefined
      : await findCarrier(fs, place, {
          ...options,
          otherwise: configOnlyRecipe(place, url),
          passphrase: async () => made?.passphrase() ?? {},
        })
  const carrier = found?.carrier
  const inputs = await readInputs(fs, place, carrier)
  if (found?.pulumi !== undefined && inputs.state !== undefined) refusePendingOperations(inputs.state.carried.bytes)
  const before = inputs.file.sealedKey
  const to = url ?? requireKey(before, place).url
  const result = {
    name: place.name,
    project: place.project.name,
    file: place.file,
    warnings: stackWarnings(inputs.file),
    markedLines: inputs.file.marks.map(({ offset }) => inputs.file.lineAt(offset)),
    state: inputs.state?.carried.source,
    before,
    to,
    passedOver: false,
    configSecrets: [...inputs.file.secrets()].length,
    stateSecrets: inputs.state?.parsed.slots.length ?? 0,
    ...archivesOf(carrier, undefined),
  }
  if (options.passOver === true && (await isAlreadyMoved(inputs, url, options, place))) {
    return { ...result, passedOver: true, after: undefined }
  }
  const keys: OldKeys = { ...(await openOldKeys(inputs, options, place)), opened: new Map() }
  await refuseBroken(inputs, keys, place.project.name)
  if (url === undefined) refuseUnproven(fs, inputs, keys, options, place)
  const history = historyOf(found, options, place, [keys.ofConfig, keys.ofState])
  await history?.refuseBroken()
  if (options.dryRun === true) return { ...result, after: undefined, ...archivesOf(carrier, history) }

  made = await makeKey(to, options, place)
  const { envelope } = made
  // From the lock on nobody of ours writes; what was read before it may be old by now.
  using _lock = await acquireLock(fs, place.target, locking)
  const locks = carrier?.files?.locks()
  const journal = new ChangeJournal(fs, options.env, place.target)
  const change: PlannedChange = {
    fs,
    journal,
    locks,
    locking,
    record: {
      phase: 'staging',
      command,
      time: new Date().toISOString(),
      stack: place.name,
      file: place.target,
      ...(locks === undefined ? {} : { locks }),
      targets: [],
    },
    prepare: async () => {
      // What `pulumi` reads is under no lock of ours: it sees by itself that nobody wrote meanwhile.
      const lock = found?.pulumi === undefined ? undefined : await found.carrier.lock(locking)
      const current = await readInputs(fs, place, lock ?? carrier, inputs)
      refuseOtherKeys(inputs, current, place)
      const document = await nextState(current, keys, envelope)
      const files = await nextFiles(current, keys, envelope, place, document, {
        carrier,
        keepsPrevious: history === undefined,
      })
      const note =
        to.scheme === 'passphrase' ? undefined : nextKeyNote(fs, options.env, place.target, envelope.sealedKey)
      return {
        files: note === undefined ? files : [{ role: 'aside', ...note }, ...files],
        carried: carriedBy(found, lock, current, document, envelope, journal),
      }
    },
    archives: history === undefined ? undefined : () => history.next(envelope),
  }
  const left = await runChange(change)
  return { ...result, after: envelope.sealedKey, ...archivesAfter(carrier, history, left, result) }
}

function requireKey(sealedKey: SealedKey | undefined, { name }: StackPlace): SealedKey {
  if (sealedKey !== undefined) return sealedKey
  throw new StacksealError('ERR_NO_SECRETS_PROVIDER', `stack ${name} has no key that could be changed`, {
    hint: `give it one with "stackseal stack init ${name}"`,
  })
}

/**
 * Sees that the key URL under which the new data key will lie is the stack's own, and not one that somebody put into the
 * file: secrets open with its sealed key, or this machine knows it. A passphrase is asked for anew, whatever the file says.
 */
function refuseUnproven(
  fs: FileSystem,
  inputs: ChangeInputs,
  keys: OldKeys,
  { env }: ChangeKeyOptions,
  { target, label, name }: StackPlace,
): void {
  const sealedKey = inputs.file.sealedKey
  if (sealedKey === undefined || sealedKey.url.scheme === 'passphrase' || keys.ofConfig !== undefined) return
  if (keys.ofState !== undefined && isSameKey(sealedKey, sealedKeyOfState(inputs))) return
  if (isNotedSealedKey(fs, env, target, sealedKey) || isTrustedSealedKey(fs, env, target, sealedKey)) return
  throw new StacksealError(
    'ERR_KEY_NOT_PROVEN',
    `no secret opens with the key of ${label} (${sealedKey.url.text}), and it was not made on this machine`,
    {
      hint: `if the key is yours, "stackseal trust ${name}" says so; or name the key with "stackseal stack change-secrets-provider"`,
    },
  )
}

/** Somebody may have changed values meanwhile; they may not have changed the keys that were opened. */
function refuseOtherKeys(before: ChangeInputs, current: ChangeInputs, { label }: StackPlace): void {
  const isSame =
    isSameKey(before.file.sealedKey, current.file.sealedKey) &&
    before.file.secrets().next().done === current.file.secrets().next().done &&
    isSameKey(sealedKeyOfState(before), sealedKeyOfState(current)) &&
    (before.state === undefined) === (current.state === undefined)
  if (isSame) return
  throw new StacksealError('ERR_CHANGED_MEANWHILE', `somebody else gave ${label} or its state another key`, {
    hint: 'look at the stack, then run the command again if it is still needed',
  })
}

/** Pulumi opens what it imports, and knows one passphrase: after a change of it that has to be the new one. */
function configOnlyRecipe({ label }: StackPlace, to: KeyUrl | undefined): string {
  const opening =
    to === undefined || to.scheme === 'passphrase' ? 'PULUMI_CONFIG_PASSPHRASE="$STACKSEAL_NEW_PASSPHRASE" ' : ''
  return `first this command with --config-only, then: pulumi stack export | stackseal state rekey --to-stack-file ${label} | ${opening}pulumi stack import`
}
