import { type SealedKey, StacksealError } from '@stackseal/core'
import { blockEdit } from './block-edit.ts'
import { ByteWindow } from './byte-window.ts'
import { parseProviderBlock, type StateProvider } from './provider-block.ts'
import { type Edit, slotEdits, splice } from './splice.ts'
import { hasPlace, type StateFacts } from './state-container.ts'
import type { SlotChange } from './state-file.ts'
import type { BlockPlace, BlockRange } from './block-finder.ts'
import { type StateEvents, StateScanner } from './state-scanner.ts'
import { BATCH_VALUES } from './state-secrets.ts'
import type { StateSlot } from './state-slot.ts'
import type { StateSpool } from './state-spool.ts'

/** What is done with the secrets of a document that passes. */
export interface StateWork {
  /**
   * Called once, before the first secret is worked on and before the first byte of output, with what the document says of
   * its key (undefined: nothing). Gives the sealed key that the document shall name; undefined leaves its block alone.
   */
  begin(provider: StateProvider | undefined): Promise<SealedKey | undefined>
  /** Gives new values for some of a batch of secrets, which come in the order in which they stand. */
  change(slots: readonly StateSlot[]): Promise<readonly SlotChange[]>
}

export interface StreamOptions {
  /**
   * Makes the place where a document waits whose provider block stands behind its first secret, if it is larger than
   * `holdBytes`. What is in clear is never written there. Without it such a document is refused.
   */
  readonly spool?: (() => StateSpool) | undefined
  /**
   * How much of such a document is held in memory, and how much is held until the first secret shows that the key is the
   * right one; in bytes, 16 MiB by default.
   */
  readonly holdBytes?: number | undefined
  /** How much waits to be given on while a batch fills, in bytes; 512 KiB by default. */
  readonly flushBytes?: number | undefined
}

const HOLD_BYTES = 16 << 20
const FLUSH_BYTES = 512 << 10

/**
 * Passes a state document through, and changes its secrets and its provider block on the way; every other byte passes as it
 * is. Memory does not grow with the document. The document's last byte comes only after everything was read, worked on and
 * found well, so what has been given before an error is never a valid document.
 *
 * @throws what {@link StateScanner} throws, what the work throws, ERR_CANNOT_EDIT where the block comes too late
 */
export async function* transformState(
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  work: StateWork,
  { spool, holdBytes = HOLD_BYTES, flushBytes = FLUSH_BYTES }: StreamOptions = {},
): AsyncGenerator<Buffer, StateFacts> {
  const pass = new Pass(work)
  let aside: StateSpool | undefined
  try {
    for await (const chunk of input) {
      pass.push(chunk)
      if (aside === undefined && !pass.begun && pass.blockIsKnown) await pass.begin()
      if (pass.begun) {
        if (pass.isFull(pass.hasWorked ? flushBytes : holdBytes)) yield* pass.flush()
      } else if (aside !== undefined || pass.held > holdBytes) {
        aside ??= (spool ?? refuseSpool)()
        pass.layAside(aside)
      }
    }
    const facts = pass.finish()
    if (aside === undefined) {
      if (!pass.begun) await pass.begin()
      yield* pass.flush()
      return facts
    }
    pass.layAside(aside)
    const second = new Pass(work, pass)
    await second.begin()
    for (const chunk of aside.read()) {
      second.push(chunk)
      if (second.isFull(second.hasWorked ? flushBytes : holdBytes)) yield* second.flush()
    }
    second.finish()
    yield* second.flush()
    return facts
  } finally {
    aside?.close()
  }
}

/** One reading of a document. */
class Pass implements StateEvents {
  begun = false
  /** A secret was worked on with success. Before that a wrong key may still show, and then nothing shall have been given. */
  hasWorked = false
  readonly #work: StateWork
  readonly #scanner: StateScanner
  readonly #window = new ByteWindow()
  /** Secrets that were found and not yet worked on. */
  #slots: StateSlot[] = []
  /** Changes that were made and not yet given on. */
  #edits: Edit[] = []
  #block: BlockRange | undefined
  #place: BlockPlace | undefined
  #placeText = new Map<number, string>()
  #facts: StateFacts | undefined
  /** In a second reading: what the first one found. */
  readonly #known: Pass | undefined

  constructor(work: StateWork, known?: Pass) {
    this.#work = work
    this.#scanner = new StateScanner(this)
    this.#known = known
  }

  get blockIsKnown(): boolean {
    return this.#block !== undefined
  }

  get held(): number {
    return this.#window.length
  }

  isFull(bytes: number): boolean {
    return this.#slots.length >= BATCH_VALUES || this.#window.length >= bytes
  }

  slot(slot: StateSlot): void {
    this.#slots.push(slot)
  }

  block(block: BlockRange): void {
    this.#block = block
  }

  place(place: BlockPlace): void {
    // The spacing is looked at now: the bytes may be gone when it is needed.
    this.#place = place
    for (const [start, end] of [place.beforeMember, place.colon]) {
      this.#placeText.set(start, this.#window.text(start, end))
    }
  }

  push(chunk: Uint8Array): void {
    this.#window.add(chunk)
    this.#scanner.push(chunk)
  }

  finish(): StateFacts {
    this.#facts = this.#scanner.finish()
    return this.#facts
  }

  async begin(): Promise<void> {
    this.begun = true
    // Only a document that was read to its end is known to have no block.
    const source = this.#known ?? this
    const block = source.#block
    const facts = source.#facts
    const sealedKey = await this.#work.begin(block === undefined ? undefined : parseProviderBlock(block.text))
    if (sealedKey === undefined) return
    const place = facts === undefined || hasPlace(facts) ? source.#place : undefined
    const edit = blockEdit(sealedKey, block, place, (start) => source.#placeText.get(start) ?? '')
    // A stack that was never deployed to has no place for a block, and nothing that a key would open.
    if (edit !== undefined && edit !== 'no place') this.#edits.push(edit)
  }

  /** Works on what is settled and gives it on; after the end, on everything. */
  async *flush(): AsyncGenerator<Buffer> {
    const { end, slots } = this.#takeSettled()
    for (let i = 0; i < slots.length; i += BATCH_VALUES) {
      for (const { slot, member, text } of await this.#work.change(slots.slice(i, i + BATCH_VALUES))) {
        this.#edits.push(...slotEdits(slot, member, text))
      }
      this.hasWorked = true
    }
    const edits = this.#edits.filter(({ start }) => start < end)
    this.#edits = this.#edits.filter(({ start }) => start >= end)
    const base = this.#window.from
    if (end > base) {
      yield splice(
        this.#window.take(end),
        edits.map((edit) => ({ start: edit.start - base, end: edit.end - base, text: edit.text })),
      )
    }
  }

  /** Writes what is settled to the place where it waits; a secret in clear is refused before its bytes are written. */
  layAside(aside: StateSpool): void {
    const { end, slots } = this.#takeSettled()
    const clear = slots.find(({ member }) => member === 'plaintext')
    if (clear !== undefined) throw tooLate(clear)
    if (end > this.#window.from) aside.write(this.#window.take(end))
  }

  #takeSettled(): { readonly end: number; readonly slots: readonly StateSlot[] } {
    let end = this.#facts === undefined ? this.#scanner.settled : this.#window.to
    // An edit that is known from the first reading may lie across what has been read.
    for (const edit of this.#edits) if (edit.start < end && edit.end > end) end = edit.start
    const slots = this.#slots.filter(({ tokens }) => tokens.keyStart < end)
    this.#slots = this.#slots.filter(({ tokens }) => tokens.keyStart >= end)
    return { end, slots: slots.toSorted((a, b) => a.tokens.keyStart - b.tokens.keyStart) }
  }
}

function tooLate(slot: StateSlot): StacksealError {
  return slot.error(
    'ERR_CANNOT_EDIT',
    'stands in clear, in front of the secrets_providers that say how to open the others',
    {
      hint: 'put secrets_providers in front of resources, where Pulumi writes it',
    },
  )
}

function refuseSpool(): never {
  throw new StacksealError(
    'ERR_CANNOT_EDIT',
    'secrets_providers stands behind the first secret of a large state, which has nowhere to wait for it',
    { hint: 'put secrets_providers in front of resources, where Pulumi writes it' },
  )
}
