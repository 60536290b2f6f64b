import { type Envelope, isStacksealError, StacksealError } from '@stackseal/core'
import { secretValueText } from './secret-value.ts'
import type { SlotChange, StateFile } from './state-file.ts'
import type { StateSlot } from './state-slot.ts'

/**
 * How many values are held in clear at one time. The reference takes up to 1,000; with 200 as many short-lived objects die
 * before the collector moves them, which is 60 MiB less at 100,000 secrets and costs nothing.
 */
export const BATCH_VALUES = 200

/** A secret that does not open, or whose value is none that Pulumi reads. */
export interface BrokenStateSecret {
  readonly slot: StateSlot
  /** Names the secret by resource and path. */
  readonly error: StacksealError
}

/** Tries all secrets of a state, and gives those that do not open or are not JSON; empty if all is well. */
export async function verifyState(state: StateFile, envelope: Envelope): Promise<readonly BrokenStateSecret[]> {
  const broken: BrokenStateSecret[] = []
  for (const slots of batches(state.slots)) broken.push(...(await findBroken(slots, envelope)))
  return broken
}

/** The secrets of a batch that do not open, or are not JSON. Without an envelope only what stands in clear may be in it. */
export async function findBroken(
  slots: readonly StateSlot[],
  envelope: Envelope | undefined,
): Promise<BrokenStateSecret[]> {
  const broken: BrokenStateSecret[] = []
  for (const { slot, opened } of await openBatch(slots, envelope)) {
    const error = typeof opened === 'string' ? faultOf(slot, opened) : opened
    if (error !== undefined) broken.push({ slot, error })
  }
  return broken
}

/**
 * The same state with every secret in clear, as `pulumi stack export --show-secrets` shows it. Other bytes stay.
 * @throws for the first secret that does not open, naming it: ERR_DECRYPT_FAILED, ERR_MALFORMED_CIPHERTEXT,
 * ERR_SECRET_NOT_TEXT, ERR_MALFORMED_SECRET
 */
export async function revealState(state: StateFile, envelope: Envelope): Promise<StateFile> {
  const changes: SlotChange[] = []
  for (const slots of batches(state.slots)) {
    for (const { slot, plaintext } of await openAll(slots, envelope)) {
      changes.push({ slot, member: 'plaintext', text: secretValueText(slot, plaintext, 'plaintext') })
    }
  }
  return state.withSlots(changes)
}

/**
 * The same state with every secret that stands in clear encrypted, and the envelope's sealed key in its provider block.
 * Secrets that are encrypted already keep their bytes, after they have been opened with this envelope. `progress` is told
 * after each batch how many secrets are done.
 * @throws as {@link revealState}
 */
export async function sealStateSecrets(
  state: StateFile,
  envelope: Envelope,
  progress?: (secrets: number) => void,
): Promise<StateFile> {
  const changes: SlotChange[] = []
  let done = 0
  for (const slots of batches(state.slots)) {
    changes.push(...(await sealClear(slots, envelope)))
    progress?.((done += slots.length))
  }
  return state.with(changes, envelope.sealedKey)
}

/**
 * The same state under another key: every secret is opened with the old envelope (those in clear need none), encrypted
 * under the new one, opened again with it and compared, before anything is given back.
 * @throws as {@link revealState}; ERR_INTERNAL where a new ciphertext does not open to the old value
 */
export async function rekeyStateFile(state: StateFile, from: Envelope, to: Envelope): Promise<StateFile> {
  const changes: SlotChange[] = []
  for (const slots of batches(state.slots)) changes.push(...(await sealBatch(await openAll(slots, from), to)))
  return state.with(changes, to.sealedKey)
}

/**
 * Encrypts what of a batch stands in clear. The rest has to open, and to be JSON, and stays.
 * @throws as {@link revealState}
 */
export async function sealClear(slots: readonly StateSlot[], envelope: Envelope): Promise<SlotChange[]> {
  const opened = await openAll(slots, envelope)
  for (const { slot, plaintext } of opened) {
    if (slot.member === 'ciphertext') secretValueText(slot, plaintext, 'ciphertext')
  }
  return sealBatch(
    opened.filter(({ slot }) => slot.member === 'plaintext'),
    envelope,
  )
}

/** A secret and its JSON text. */
export interface OpenedSlot {
  readonly slot: StateSlot
  readonly plaintext: string
}

/** Opens a batch. Throws for the first that does not open, naming it by resource and path. */
export async function openAll(slots: readonly StateSlot[], envelope: Envelope): Promise<OpenedSlot[]> {
  return (await openBatch(slots, envelope)).map(({ slot, opened }) => {
    if (typeof opened === 'string') return { slot, plaintext: opened }
    throw opened
  })
}

/** Encrypts a batch and opens every result again. */
export async function sealBatch(opened: readonly OpenedSlot[], envelope: Envelope): Promise<SlotChange[]> {
  const plaintexts = opened.map(({ slot, plaintext }) =>
    // What was encrypted is encrypted again to the byte; what stood in clear is written as the reference would.
    slot.member === 'ciphertext' ? plaintext : secretValueText(slot, plaintext, 'ciphertext'),
  )
  const ciphertexts = await envelope.encryptAll(plaintexts)
  const again = await envelope.decryptAll(ciphertexts)
  return opened.map(({ slot }, i): SlotChange => {
    const result = again[i]
    const text = ciphertexts[i]
    if (text === undefined || result === undefined || !('plaintext' in result) || result.plaintext !== plaintexts[i]) {
      throw slot.error('ERR_INTERNAL', 'does not open to its value again after it was encrypted')
    }
    return { slot, member: 'ciphertext', text }
  })
}

async function openBatch(
  slots: readonly StateSlot[],
  envelope: Envelope | undefined,
): Promise<{ readonly slot: StateSlot; readonly opened: string | StacksealError }[]> {
  const ciphertexts = slots.filter(({ member }) => member === 'ciphertext').map(({ text }) => text)
  const results = ((await envelope?.decryptAll(ciphertexts)) ?? []).values()
  return slots.map((slot) => {
    if (slot.member === 'plaintext') return { slot, opened: slot.text }
    const result = results.next().value
    if (result === undefined) throw new StacksealError('ERR_INTERNAL', 'a batch has fewer answers than questions')
    return { slot, opened: 'plaintext' in result ? result.plaintext : named(slot, result.error) }
  })
}

function named(slot: StateSlot, { code, message, hint, details }: StacksealError): StacksealError {
  return slot.error(code, `does not open: ${message}`, { hint, details })
}

function faultOf(slot: StateSlot, json: string): StacksealError | undefined {
  try {
    secretValueText(slot, json, 'plaintext')
    return undefined
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
}

function* batches(slots: readonly StateSlot[]): Generator<readonly StateSlot[]> {
  for (let i = 0; i < slots.length; i += BATCH_VALUES) yield slots.slice(i, i + BATCH_VALUES)
}
