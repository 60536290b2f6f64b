import { type Envelope, isStacksealError, StacksealError } from '@stackseal/core'

import { secretValueText } from '../state/secret-value.ts'
import type { SlotChange, StateFile } from '../state/state-file.ts'
import { BATCH_VALUES, findBroken, openAll, type OpenedSlot } from '../state/state-secrets.ts'
import type { StateSlot } from '../state/state-slot.ts'
import type { BrokenChangeSecret } from './rekey-config.ts'

/** What the secrets of a state were seen to hold, in the order in which they stand. */
export interface OpenedState {
  readonly state: StateFile
  readonly plaintexts: readonly string[]
}

/**
 * Tries every secret of a state, and gives those that do not open.
 * @param keep takes what they hold, where all of them open: for {@link rekeyWholeState}, which need not open them again
 */
export async function brokenStateSecrets(
  state: StateFile,
  envelope: Envelope,
  keep?: (opened: OpenedState) => void,
): Promise<readonly BrokenChangeSecret[]> {
  const broken: BrokenChangeSecret[] = []
  const plaintexts: string[] = []
  for (const slots of batches(state.slots)) {
    const opened = await openedOrUndefined(slots, envelope)
    for (const { plaintext } of opened ?? []) plaintexts.push(plaintext)
    if (opened !== undefined) continue
    for (const { slot, error } of await findBroken(slots, envelope)) {
      broken.push({ name: `state ${slot.path}${slot.urn === undefined ? '' : ` of ${slot.urn}`}`, error })
    }
  }
  if (broken.length === 0) keep?.({ state, plaintexts })
  return broken
}

/** A batch, where all of it opens and is JSON. */
async function openedOrUndefined(
  slots: readonly StateSlot[],
  envelope: Envelope,
): Promise<readonly OpenedSlot[] | undefined> {
  try {
    const opened = await openAll(slots, envelope)
    for (const { slot, plaintext } of opened) secretValueText(slot, plaintext, 'plaintext')
    return opened
  } catch (error) {
    if (isStacksealError(error)) return undefined
    throw error
  }
}

/**
 * The same state under another key. Every secret is opened, encrypted anew, and opened again out of the finished document,
 * where it has to give the old text; a state that was never deployed to has no place for a key and stays as it is.
 * @param known what the old key was seen to open; of another document it does not count
 * @throws for the first secret that does not open, naming it: ERR_DECRYPT_FAILED, ERR_MALFORMED_CIPHERTEXT,
 * ERR_SECRET_NOT_TEXT, ERR_MALFORMED_SECRET; ERR_INTERNAL where a new ciphertext does not open to the old value
 */
export async function rekeyWholeState(
  state: StateFile,
  from: Envelope | undefined,
  to: Envelope,
  known?: OpenedState,
): Promise<StateFile> {
  if (!state.hasDeployment) return state
  const isKnown = known?.state === state && known.plaintexts.length === state.slots.length
  const plaintexts = isKnown ? known.plaintexts : undefined
  const changes: SlotChange[] = []
  const expected: string[] = []
  for (const slots of batches(state.slots)) {
    // Without an old key there is no ciphertext, and a secret in clear needs none to be read.
    const opened =
      plaintexts === undefined
        ? await openAll(slots, from ?? to)
        : slots.map((slot, i) => ({ slot, plaintext: plaintexts[expected.length + i] as string }))
    const texts = opened.map(({ slot, plaintext }) =>
      // What was encrypted is encrypted again to the byte; what stood in clear is written as the reference would.
      slot.member === 'ciphertext' ? plaintext : secretValueText(slot, plaintext, 'ciphertext'),
    )
    for (const [i, text] of (await to.encryptAll(texts)).entries()) {
      const slot = slots[i]
      if (slot !== undefined) changes.push({ slot, member: 'ciphertext', text })
    }
    for (const text of texts) expected.push(text)
  }
  const rekeyed = state.with(changes, to.sealedKey)
  let isSame = rekeyed.slots.length === expected.length && isKeyOf(rekeyed, to)
  let at = 0
  for (const slots of isSame ? batches(rekeyed.slots) : []) {
    const again = await openAll(slots, to)
    isSame &&= again.every(({ slot, plaintext }, i) => slot.member === 'ciphertext' && plaintext === expected[at + i])
    at += again.length
  }
  if (isSame && at === expected.length) return rekeyed
  throw new StacksealError('ERR_INTERNAL', 'a secret of the state does not open to its value again')
}

function isKeyOf({ sealedKey }: StateFile, { sealedKey: own }: Envelope): boolean {
  return sealedKey.url.text === own.url.text && sealedKey.sealed === own.sealed
}

function* batches(slots: readonly StateSlot[]): Generator<readonly StateSlot[]> {
  for (let i = 0; i < slots.length; i += BATCH_VALUES) yield slots.slice(i, i + BATCH_VALUES)
}
