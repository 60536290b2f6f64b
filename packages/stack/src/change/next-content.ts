import type { Envelope } from '@stackseal/core'

import type { CarrierLock, StateCarrier } from '../backend/state-carrier.ts'
import { sha256Hex } from '../files/hash.ts'
import type { StackPlace } from '../stack-place.ts'
import type { StateFile } from '../state/state-file.ts'
import { type CarriedChange, carriedChange } from './carried-change.ts'
import { keyHash } from './carried-target.ts'
import type { ChangeInputs, OldKeys } from './change-inputs.ts'
import type { ChangeJournal } from './change-journal.ts'
import type { FoundCarrier } from './find-carrier.ts'
import { rekeyConfig } from './rekey-config.ts'
import { rekeyWholeState } from './rekey-state.ts'
import type { NextFile } from './run-change.ts'

/** The state under the new key; undefined where there is none, or none that has a place for a key. */
export async function nextState(
  { state }: ChangeInputs,
  keys: OldKeys,
  envelope: Envelope,
): Promise<StateFile | undefined> {
  if (state === undefined) return undefined
  const document = await rekeyWholeState(state.parsed, keys.ofState, envelope, keys.openedState)
  return document === state.parsed ? undefined : document
}

/** What every file is to hold, in the order in which they are switched: the state's, then the stack file. */
export async function nextFiles(
  { read, file, state }: ChangeInputs,
  keys: OldKeys,
  envelope: Envelope,
  place: StackPlace,
  document: StateFile | undefined,
  { carrier, keepsPrevious }: { readonly carrier: StateCarrier | undefined; readonly keepsPrevious: boolean },
): Promise<readonly NextFile[]> {
  const rekeyed = await rekeyConfig(file, keys.ofConfig, envelope, keys.opened)
  const stackFile: NextFile = {
    role: 'file',
    path: place.target,
    bytes: new TextEncoder().encode(rekeyed.text),
    before: read.bytes,
  }
  if (state === undefined || document === undefined || carrier?.files === undefined) return [stackFile]
  const files = carrier.files.next(state.carried, document.bytes, keepsPrevious)
  const last = files.length - 1
  return [...files.map((next, i): NextFile => ({ role: i === last ? 'state' : 'aside', ...next })), stackFile]
}

/** The part of the change that `pulumi` carries, where it carries one. */
export function carriedBy(
  found: FoundCarrier | undefined,
  lock: CarrierLock | undefined,
  { state }: ChangeInputs,
  document: StateFile | undefined,
  envelope: Envelope,
  journal: ChangeJournal,
): CarriedChange | undefined {
  if (found?.pulumi === undefined || lock === undefined || state === undefined || document === undefined) {
    return undefined
  }
  const { place, observer } = found.pulumi
  const target = {
    ...place,
    document: journal.documentPath,
    before: sha256Hex(state.carried.bytes),
    after: sha256Hex(document.bytes),
    keyAfter: keyHash(envelope.sealedKey),
    needsPassphrase: envelope.sealedKey.url.scheme === 'passphrase',
  }
  return carriedChange({ target, lock, observer, document, envelope })
}
