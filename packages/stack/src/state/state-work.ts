import type { Envelope, SealedKey } from '@stackseal/core'
import { parseProviderBlock, requireSealedKey, type StateProvider } from './provider-block.ts'
import { secretValueText } from './secret-value.ts'
import type { StateFacts } from './state-container.ts'
import type { SlotChange } from './state-file.ts'
import { StateScanner } from './state-scanner.ts'
import { type BrokenStateSecret, findBroken, openAll, sealBatch, sealClear } from './state-secrets.ts'
import type { StateSlot } from './state-slot.ts'
import { type StateWork, type StreamOptions, transformState } from './state-stream.ts'

export interface StateStreamOptions extends StreamOptions {
  /** Opens the sealed key that the document names. Called once, before the first byte of output. */
  readonly open: (sealedKey: SealedKey) => Promise<Envelope>
  /** Called after each batch with the number of secrets done so far. */
  readonly progress?: ((secrets: number) => void) | undefined
}

export interface SealStreamOptions extends StreamOptions {
  /** The key under which secrets in clear are encrypted. */
  readonly to: Envelope
  readonly progress?: ((secrets: number) => void) | undefined
}

export interface RekeyStreamOptions extends StateStreamOptions {
  /** The key under which all secrets shall be. */
  readonly to: Envelope
}

/** Bytes as they come: a file's, a pipe's, or a list's. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/**
 * Moves all secrets of a state to another key, as the document passes: each is opened, encrypted anew, opened again and
 * compared. Secrets in clear are encrypted on the way. Gives the document's bytes piece by piece, in memory that does not
 * grow with it; what was given before an error is never a valid document. An error names the secret by resource and path.
 *
 * @param input JSON bytes ({@link decompressState} for what may be compressed); a chunk must not be changed once it was given
 * @throws ERR_MALFORMED_FILE, ERR_MALFORMED_SECRET, ERR_DUPLICATE_KEY, ERR_UNSUPPORTED_STATE, ERR_DECRYPT_FAILED,
 * ERR_MALFORMED_CIPHERTEXT, ERR_SECRET_NOT_TEXT, ERR_MISSING_SEALED_KEY, ERR_SERVICE_SECRETS, ERR_UNKNOWN_PROVIDER,
 * ERR_CANNOT_EDIT, and what `open` throws
 */
export function rekeyState(
  input: ByteSource,
  { open, to, progress, ...stream }: RekeyStreamOptions,
): AsyncGenerator<Uint8Array, StateFacts> {
  const old = new OldKey(open)
  const work: StateWork = {
    async begin(provider) {
      await old.begin(provider)
      return to.sealedKey
    },
    change: async (slots) => sealBatch(await old.open(slots), to),
  }
  return transformState(input, counted(work, progress), stream)
}

/**
 * Shows all secrets of a state in clear, as the document passes; other bytes stay. See {@link rekeyState} for the rest.
 */
export function revealStateStream(
  input: ByteSource,
  { open, progress, ...stream }: StateStreamOptions,
): AsyncGenerator<Uint8Array, StateFacts> {
  const old = new OldKey(open)
  const work: StateWork = {
    async begin(provider) {
      await old.begin(provider)
      return undefined
    },
    change: async (slots) =>
      (await old.open(slots)).map(({ slot, plaintext }) => ({
        slot,
        member: 'plaintext',
        text: secretValueText(slot, plaintext, 'plaintext'),
      })),
  }
  return transformState(input, counted(work, progress), stream)
}

/**
 * Encrypts the secrets of a state that stand in clear, as the document passes, and puts the envelope's sealed key into its
 * provider block. Those that are encrypted already have to open with the same envelope, and keep their bytes. See
 * {@link rekeyState} for the rest.
 */
export function sealStateStream(
  input: ByteSource,
  { to, progress, ...stream }: SealStreamOptions,
): AsyncGenerator<Uint8Array, StateFacts> {
  const work: StateWork = {
    begin: () => Promise.resolve(to.sealedKey),
    change: (slots) => sealClear(slots, to),
  }
  return transformState(input, counted(work, progress), stream)
}

/** What a look at a whole state gives. */
export interface StateSummary {
  readonly facts: StateFacts
  /** What the document says of its key; undefined where it names none. */
  readonly provider: StateProvider | undefined
  /** How many secrets are encrypted, and how many stand in clear. */
  readonly encrypted: number
  readonly clear: number
}

/**
 * Says what a state is and how many secrets it has, as it passes. Needs no key.
 * @throws ERR_MALFORMED_FILE, ERR_MALFORMED_SECRET, ERR_DUPLICATE_KEY, ERR_UNSUPPORTED_STATE, ERR_MALFORMED_SEALED_KEY
 */
export async function inspectState(input: ByteSource): Promise<StateSummary> {
  let encrypted = 0
  let clear = 0
  let block: string | undefined
  const scanner = new StateScanner({
    slot({ member }) {
      if (member === 'ciphertext') encrypted++
      else clear++
    },
    block({ text }) {
      block = text
    },
    place() {
      // Where a block would stand does not matter here.
    },
  })
  for await (const chunk of input) scanner.push(chunk)
  const facts = scanner.finish()
  return { facts, provider: block === undefined ? undefined : parseProviderBlock(block), encrypted, clear }
}

export interface VerifiedState {
  /** How many secrets were tried. */
  readonly secrets: number
  /** Those that do not open, or whose value is not JSON. */
  readonly broken: readonly BrokenStateSecret[]
}

/**
 * Tries all secrets of a state, as it passes. See {@link rekeyState} for what it throws where the document itself is not
 * well, or its key does not open.
 */
export async function verifyStateStream(
  input: ByteSource,
  { open, progress, ...stream }: StateStreamOptions,
): Promise<VerifiedState> {
  const old = new OldKey(open)
  const broken: BrokenStateSecret[] = []
  let secrets = 0
  const work: StateWork = {
    async begin(provider) {
      await old.begin(provider)
      return undefined
    },
    async change(slots) {
      secrets += slots.length
      broken.push(...(await old.verify(slots)))
      return []
    },
  }
  const passed = transformState(input, counted(work, progress), stream)
  while ((await passed.next()).done !== true);
  return { secrets, broken }
}

/** The key that a document's secrets are under: opened when its block has been read, missed when the first secret comes. */
class OldKey {
  readonly #open: (sealedKey: SealedKey) => Promise<Envelope>
  #envelope: Envelope | undefined

  constructor(open: (sealedKey: SealedKey) => Promise<Envelope>) {
    this.#open = open
  }

  async begin(provider: StateProvider | undefined): Promise<void> {
    if (provider !== undefined) this.#envelope = await this.#open(requireSealedKey(provider))
  }

  async verify(slots: readonly StateSlot[]): Promise<readonly BrokenStateSecret[]> {
    if (this.#envelope === undefined) await this.open(slots)
    return findBroken(slots, this.#envelope)
  }

  async open(slots: readonly StateSlot[]): Promise<{ slot: StateSlot; plaintext: string }[]> {
    if (this.#envelope !== undefined) return openAll(slots, this.#envelope)
    return slots.map((slot) => {
      if (slot.member === 'plaintext') return { slot, plaintext: slot.text }
      throw slot.error(
        'ERR_MISSING_SEALED_KEY',
        'is encrypted, but the state has no secrets_providers that says how it is opened',
        {
          hint: 'take secrets_providers from an earlier version of the state, or name the stack file that has the key',
        },
      )
    })
  }
}

function counted(work: StateWork, progress: ((secrets: number) => void) | undefined): StateWork {
  if (progress === undefined) return work
  let done = 0
  return {
    begin: (provider) => work.begin(provider),
    async change(slots): Promise<readonly SlotChange[]> {
      const changes = await work.change(slots)
      done += slots.length
      progress(done)
      return changes
    },
  }
}
