import { type Envelope, StacksealError } from '@stackseal/core'

import type { StateFile } from '../state/state-file.ts'
import { BATCH_VALUES, openAll, rekeyStateFile, verifyState } from '../state/state-secrets.ts'
import type { BrokenChangeSecret } from './rekey-config.ts'

/** Tries every secret of a state, and gives those that do not open. */
export async function brokenStateSecrets(state: StateFile, envelope: Envelope): Promise<readonly BrokenChangeSecret[]> {
  const broken = await verifyState(state, envelope)
  return broken.map(({ slot, error }) => ({
    name: `state ${slot.path}${slot.urn === undefined ? '' : ` of ${slot.urn}`}`,
    error,
  }))
}

/**
 * The same state under another key. Every secret is opened, encrypted anew, and opened again out of the finished document,
 * where it has to give the old text; a state that was never deployed to has no place for a key and stays as it is.
 * @throws as `rekeyStateFile`
 */
export async function rekeyWholeState(state: StateFile, from: Envelope | undefined, to: Envelope): Promise<StateFile> {
  if (!state.hasDeployment) return state
  // Without an old key there is no ciphertext, and a secret in clear needs none to be read.
  const opener = from ?? to
  const rekeyed = await rekeyStateFile(state, opener, to)
  const { slots } = rekeyed
  let isSame = slots.length === state.slots.length && isKeyOf(rekeyed, to)
  for (let start = 0; isSame && start < slots.length; start += BATCH_VALUES) {
    const end = start + BATCH_VALUES
    const old = state.slots.slice(start, end)
    const [before, after] = [await openAll(old, opener), await openAll(slots.slice(start, end), to)]
    // A secret that stood in clear is written as the reference would: its JSON may be spaced otherwise.
    isSame = after.every(({ plaintext }, i) => old[i]?.member === 'plaintext' || plaintext === before[i]?.plaintext)
  }
  if (isSame) return rekeyed
  throw new StacksealError('ERR_INTERNAL', 'a secret of the state does not open to its value again')
}

function isKeyOf({ sealedKey }: StateFile, { sealedKey: own }: Envelope): boolean {
  return sealedKey.url.text === own.url.text && sealedKey.sealed === own.sealed
}
