import { type SealedKey, StacksealError } from '@stackseal/core'
import { blockEdit } from './block-edit.ts'
import { pushPieces } from './json-tokenizer.ts'
import { parseProviderBlock, requireSealedKey, type StateProvider } from './provider-block.ts'
import { type Edit, slotEdits, splice } from './splice.ts'
import { hasPlace, type StateFacts, type StateKind } from './state-container.ts'
import type { BlockPlace, BlockRange } from './block-finder.ts'
import { type StateEvents, StateScanner } from './state-scanner.ts'
import type { SlotMember, StateSlot } from './state-slot.ts'

/** A new value for a slot: the text of its `ciphertext`, or of its `plaintext`. */
export interface SlotChange {
  readonly slot: StateSlot
  readonly member: SlotMember
  readonly text: string
}

/**
 * A state document: what `pulumi stack export` prints, a checkpoint of the file backend, or a program's own state. It is
 * never printed anew: a change replaces the tokens of its secrets and its provider block, and every other byte stays.
 */
export class StateFile {
  /** The document, exact to the byte. Not to be changed. */
  readonly bytes: Uint8Array
  readonly kind: StateKind
  /** The schema version; 0 where the document names none. */
  readonly version: number
  readonly features: readonly string[]
  /** The stack's name in a checkpoint: `organization/<project>/<stack>`. */
  readonly stack: string | undefined
  /** False for a stack that has not been deployed to yet: its document holds no deployment. */
  readonly hasDeployment: boolean
  /** All secrets, in the order in which they stand. */
  readonly slots: readonly StateSlot[]
  /** The bytes of the deployment alone; undefined for a stack that was never deployed to. */
  readonly deployment: Uint8Array | undefined
  readonly #block: BlockRange | undefined
  readonly #place: BlockPlace | undefined

  private constructor(bytes: Uint8Array, facts: StateFacts, found: Found) {
    this.bytes = bytes
    this.kind = facts.kind
    this.version = facts.version
    this.features = facts.features
    this.stack = facts.stack
    this.hasDeployment = facts.hasDeployment
    this.slots = found.slots
    const [start, end] = facts.deployment ?? [0, facts.kind === 'deployment' ? bytes.length : 0]
    this.deployment = end === 0 ? undefined : bytes.subarray(start, end)
    this.#block = found.blockRange
    this.#place = hasPlace(facts) ? found.blockPlace : undefined
  }

  /**
   * Parses a document, as text or as the bytes of JSON (what is compressed is unpacked before: `decompress`).
   * @throws ERR_MALFORMED_FILE, ERR_MALFORMED_SECRET, ERR_DUPLICATE_KEY, ERR_UNSUPPORTED_STATE
   */
  static parse(document: Uint8Array | string): StateFile {
    const bytes = typeof document === 'string' ? Buffer.from(document, 'utf8') : document
    const found = new Found()
    const scanner = new StateScanner(found)
    pushPieces(scanner, bytes)
    const facts = scanner.finish()
    found.slots.sort((a, b) => a.tokens.keyStart - b.tokens.keyStart)
    return new StateFile(bytes, facts, found)
  }

  /**
   * What the provider block says; undefined where there is none, or one without a type.
   * @throws ERR_MALFORMED_SEALED_KEY, ERR_INVALID_KEY_URL
   */
  get provider(): StateProvider | undefined {
    return this.#block === undefined ? undefined : parseProviderBlock(this.#block.text)
  }

  /**
   * The sealed key that opens this document's secrets.
   * @throws ERR_MISSING_SEALED_KEY, ERR_SERVICE_SECRETS, ERR_UNKNOWN_PROVIDER, ERR_MALFORMED_SEALED_KEY, ERR_INVALID_KEY_URL
   */
  get sealedKey(): SealedKey {
    return requireSealedKey(this.provider)
  }

  /** The document as text. */
  toString(): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length).toString('utf8')
  }

  /**
   * The same document with other texts in some of its slots. A slot that keeps its member and text keeps its bytes.
   * @throws ERR_USAGE for a slot of another document
   */
  withSlots(changes: Iterable<SlotChange>): StateFile {
    return this.with(changes, undefined)
  }

  /**
   * The same document with another sealed key in its provider block, written byte for byte as Pulumi writes it, in the
   * document's spacing. A document without a block gets one behind its manifest. The slots stay as they are.
   * @throws ERR_USAGE for a document that has no place for a block: a stack that was never deployed to
   */
  withProvider(sealedKey: SealedKey): StateFile {
    return this.with([], sealedKey)
  }

  /**
   * Both at once: other texts in slots, and another sealed key.
   * @throws ERR_USAGE as {@link withSlots} and {@link withProvider}
   */
  with(changes: Iterable<SlotChange>, sealedKey: SealedKey | undefined): StateFile {
    const edits: Edit[] = []
    const own = new Set(this.slots)
    for (const { slot, member, text } of changes) {
      if (!own.has(slot)) throw new StacksealError('ERR_USAGE', 'a slot belongs to another document')
      edits.push(...slotEdits(slot, member, text))
    }
    const block = sealedKey === undefined ? undefined : this.#blockEdit(sealedKey)
    if (block !== undefined) edits.push(block)
    return edits.length === 0 ? this : StateFile.parse(splice(this.bytes, edits))
  }

  #blockEdit(sealedKey: SealedKey): Edit | undefined {
    const edit = blockEdit(sealedKey, this.#block, this.#place, (start, end) =>
      Buffer.from(this.bytes.subarray(start, end)).toString('latin1'),
    )
    if (edit !== 'no place') return edit
    throw new StacksealError('ERR_USAGE', 'the state has no place for a provider block: there is no deployment in it', {
      hint: 'deploy to the stack first',
    })
  }
}

/** Gathers what the scanner finds. */
class Found implements StateEvents {
  readonly slots: StateSlot[] = []
  blockRange: BlockRange | undefined
  blockPlace: BlockPlace | undefined

  slot(slot: StateSlot): void {
    this.slots.push(slot)
  }

  block(range: BlockRange): void {
    this.blockRange = range
  }

  place(place: BlockPlace): void {
    this.blockPlace = place
  }
}
