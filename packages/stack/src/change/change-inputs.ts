import { type Envelope, isStacksealError, type SealedKey, StacksealError } from '@stackseal/core'
import { basename } from 'node:path'

import type { CarriedState, StateCarrier } from '../backend/state-carrier.ts'
import type { FileSystem } from '../files/file-system.ts'
import type { TextFile } from '../files/read-file.ts'
import { StackFile } from '../stack-file.ts'
import { type KeyWorld, openStackKey } from '../stack-key.ts'
import { noSuchStack, type StackPlace } from '../stack-place.ts'
import { readStackText } from '../stack-text.ts'
import { StateFile } from '../state/state-file.ts'
import { type BrokenChangeSecret, brokenConfigSecrets } from './rekey-config.ts'
import { brokenStateSecrets, type OpenedState } from './rekey-state.ts'

/** A stack's two documents as they were read. */
export interface ChangeInputs {
  readonly read: TextFile
  readonly file: StackFile
  /** Undefined for the stack file alone, and for a stack without a state. */
  readonly state: { readonly carried: CarriedState; readonly parsed: StateFile } | undefined
}

/**
 * Reads both documents of a stack.
 * @param last what was read before: a document whose bytes are the same is not parsed again
 */
export async function readInputs(
  fs: FileSystem,
  place: StackPlace,
  carrier: Pick<StateCarrier, 'read'> | undefined,
  last?: ChangeInputs,
): Promise<ChangeInputs> {
  const read = await readStackText(fs, place.target)
  if (read === undefined) throw noSuchStack(fs, place)
  const isSame = last?.read.text === read.text
  const file = isSame ? last.file : await StackFile.parse(read.text, place.project.name, place.label)
  const carried = await carrier?.read()
  return { read, file, state: carried === undefined ? undefined : { carried, parsed: parseState(carried, last) } }
}

function parseState({ bytes, source }: CarriedState, last: ChangeInputs | undefined): StateFile {
  const before = last?.state
  if (before !== undefined && Buffer.compare(before.carried.bytes, bytes) === 0) return before.parsed
  try {
    return StateFile.parse(bytes)
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw new StacksealError(error.code, `${basename(source)} can not be read: ${error.message}`, {
      hint: error.hint,
      details: { ...error.details, file: source },
      cause: error.cause,
    })
  }
}

/** The old keys, each opened once; undefined where a document holds no ciphertext, so that none is needed. */
export interface OldKeys {
  readonly ofConfig: Envelope | undefined
  readonly ofState: Envelope | undefined
  /** What the secrets of the stack file were seen to hold, by ciphertext. */
  readonly opened?: Map<string, Uint8Array>
  /** And those of the state. */
  openedState?: OpenedState
}

/** Opens the keys that the documents' secrets need: the state names its own, which may be another one. */
export async function openOldKeys(inputs: ChangeInputs, world: KeyWorld, place: StackPlace): Promise<OldKeys> {
  const { file, state } = inputs
  const keyOfFile = file.sealedKey
  const needsFile = keyOfFile !== undefined && !file.secrets().next().done
  const ofConfig = needsFile ? await openStackKey(keyOfFile, world, place) : undefined
  const keyOfState = sealedKeyOfState(inputs)
  if (state === undefined || keyOfState === undefined) return { ofConfig, ofState: undefined }
  if (ofConfig !== undefined && isSameKey(keyOfFile, keyOfState)) return { ofConfig, ofState: ofConfig }
  const label = basename(state.carried.source)
  return { ofConfig, ofState: await openStackKey(keyOfState, world, { ...place, label }) }
}

/** The sealed key that a state's ciphertexts need; undefined where it holds none. */
export function sealedKeyOfState({ state }: ChangeInputs): SealedKey | undefined {
  const needsKey = state?.parsed.slots.some(({ member }) => member === 'ciphertext') === true
  return needsKey ? state.parsed.sealedKey : undefined
}

export function isSameKey(a: SealedKey | undefined, b: SealedKey | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.url.text === b.url.text && a.sealed === b.sealed
}

/**
 * Sees that every secret of both documents opens.
 * @throws the first one's error, with the names of all of them in its message and, one a line, in `details.secrets`
 */
export async function refuseBroken({ file, state }: ChangeInputs, keys: OldKeys, project: string): Promise<void> {
  const broken: BrokenChangeSecret[] = []
  if (keys.ofConfig !== undefined)
    broken.push(...(await brokenConfigSecrets(file, keys.ofConfig, project, keys.opened)))
  if (state !== undefined && keys.ofState !== undefined) {
    broken.push(...(await brokenStateSecrets(state.parsed, keys.ofState, (opened) => (keys.openedState = opened))))
  }
  const [first] = broken
  if (first === undefined) return
  const names = broken.map(({ name }) => name)
  const [shown, more] = [names.slice(0, SHOWN), names.length - SHOWN]
  throw new StacksealError(
    first.error.code,
    `${broken.length === 1 ? 'a secret does' : `${broken.length} secrets do`} not open: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    {
      hint: 'set each of them anew, or remove it, then run the command again: a change of the key would lose it',
      details: { count: broken.length, secrets: names.join('\n'), changed: false },
    },
  )
}

const SHOWN = 10
