import { StacksealError } from '@stackseal/core'
import { type BlockEvents, BlockFinder } from './block-finder.ts'
import { DocumentMembers } from './document-members.ts'
import { FIRST, type JsonHandler, JsonTokenizer, OPEN_LIST } from './json-tokenizer.ts'
import { KeyPath } from './key-path.ts'
import { SECRET, SecretCandidates, UNKNOWN, UNSIGNED } from './secret-candidates.ts'
import { SIGNATURE_KEY } from './signatures.ts'
import { type StateFacts, stateFacts } from './state-container.ts'
import {
  BLOCK,
  BLOCK_ROLE,
  CIPHERTEXT_ROLE,
  contextOf,
  DEPLOYMENT,
  DOCUMENT,
  FEATURES,
  MANIFEST,
  NO_ROLE,
  NOWHERE,
  PLAINTEXT_ROLE,
  PROPERTIES,
  RESOURCE,
  RESOURCE_NAME_LENGTHS,
  roleOf,
  ROOT,
  SIGNATURE_ROLE,
  STACK_ROLE,
  URN_ROLE,
  VALUE,
  VERSION_ROLE,
} from './state-places.ts'
import { placeError, printPath, segmentsOf, type SlotResource, StateSlot } from './state-slot.ts'
import { equalsAscii, TokenPieces } from './token-text.ts'

const SIGNATURE_TOKEN = new TextEncoder().encode(`"${SIGNATURE_KEY}"`)
const CIPHERTEXT_TOKEN = new TextEncoder().encode('"ciphertext"')
const PLAINTEXT_TOKEN = new TextEncoder().encode('"plaintext"')

/** Takes what a {@link StateScanner} finds. */
export interface StateEvents extends BlockEvents {
  /** A secret, whole and well formed. Secrets come in the order in which their objects end. */
  slot(slot: StateSlot): void
}

/**
 * Finds the secrets and the provider block of a state document as its bytes come. A state machine over JSON tokens: it
 * keeps what the open objects have said so far and the keys that lead to the current place, and nothing of what has
 * passed. Wherever in the document an object has the secret signature it counts as a secret: one that is passed over would
 * stay under an old key.
 */
export class StateScanner implements JsonHandler {
  readonly #events: StateEvents
  readonly #tokenizer: JsonTokenizer
  readonly #block: BlockFinder
  readonly #members = new DocumentMembers()
  readonly #path = new KeyPath()
  readonly #secrets = new SecretCandidates()
  readonly #keyToken = new TokenPieces()
  readonly #valueToken = new TokenPieces()
  /** How many objects and lists are open, and what each of them is. */
  #depth = 0
  readonly #context: number[] = [DOCUMENT]
  /** What the last key means for the value that follows. */
  #role = NO_ROLE
  #keyStart = 0
  #keyEnd = 0
  #valueStart = 0
  /** Where a key begins that has not ended yet: it may be that of a secret. */
  #openKey = Infinity
  #resource: SlotResource | undefined
  #resourceDepth = 0
  #deploymentFrom = 0
  #endsAt = Infinity

  constructor(events: StateEvents) {
    this.#events = events
    this.#block = new BlockFinder(events)
    this.#tokenizer = new JsonTokenizer(this)
  }

  /** How many bytes have been read. */
  get position(): number {
    return this.#tokenizer.base
  }

  /**
   * What comes before this offset is settled: no secret that is still to be told of begins there. The byte that ends the
   * document never counts as settled, so that what was written up to here is no document.
   */
  get settled(): number {
    return Math.min(this.#secrets.heldFrom, this.#openKey, this.#block.openFrom, this.#endsAt, this.position)
  }

  /**
   * Reads the next bytes. They must not change while the scanner is in use: it looks at keys again where they stand.
   * @throws ERR_MALFORMED_FILE, ERR_MALFORMED_SECRET, ERR_DUPLICATE_KEY, ERR_UNSUPPORTED_STATE
   */
  push(chunk: Uint8Array): void {
    const base = this.position
    this.#tokenizer.push(chunk)
    this.#block.keep(chunk, base, chunk.length)
  }

  /**
   * Says that no more bytes come.
   * @throws ERR_MALFORMED_FILE if the document has not ended or is no state, ERR_UNSUPPORTED_STATE
   */
  finish(): StateFacts {
    this.#tokenizer.finish()
    return stateFacts(this.#members)
  }

  begin(byte: number, _chunk: Uint8Array, at: number): void {
    const offset = this.#tokenizer.base + at
    this.#beginValue(offset)
    const isList = byte === OPEN_LIST
    const outer = this.#context[this.#depth]!
    const context = outer === NOWHERE ? NOWHERE : contextOf(outer, this.#role, isList)
    if (this.#role === BLOCK_ROLE) {
      if (isList) throw blockIsNoObject()
      this.#block.beginBlock(offset)
    }
    this.#role = NO_ROLE
    const depth = ++this.#depth
    this.#context[depth] = context
    this.#path.open(depth, isList)
    this.#secrets.open(depth)
    if (context === RESOURCE) {
      this.#resource = { urn: undefined, place: this.#path.steps(1, depth) }
      this.#resourceDepth = depth
    } else if (context === DEPLOYMENT || context === ROOT) {
      if (context === DEPLOYMENT) this.#deploymentFrom = offset
      this.#block.open(offset, depth)
    }
  }

  end(_byte: number, chunk: Uint8Array, at: number): void {
    const depth = this.#depth
    const context = this.#context[depth]!
    const signature = this.#secrets.signature(depth)
    if (signature === SECRET) this.#endSecret(depth)
    else if (signature === UNKNOWN && context === VALUE) throw this.#unknownSignature(depth)
    this.#secrets.close(depth)
    this.#depth--
    if (context > NOWHERE && context < PROPERTIES) this.#endNamed(context, chunk, at)
  }

  key(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if ((parts & FIRST) !== 0) this.#keyStart = this.#tokenizer.base + start
    const token = this.#keyToken
    if (!token.take(chunk, start, end, parts)) {
      this.#openKey = this.#keyStart
      return
    }
    const depth = this.#depth
    this.#openKey = Infinity
    this.#keyEnd = this.#tokenizer.base + end
    this.#path.key(depth, token)
    const context = this.#context[depth]!
    this.#role = context > NOWHERE && context < PROPERTIES ? this.#roleOfMember(context, depth) : NO_ROLE
    if (this.#role !== NO_ROLE) return
    const role = secretRole(token)
    if (role === NO_ROLE) return
    this.#role = role
    if (role !== SIGNATURE_ROLE) {
      const member = role === CIPHERTEXT_ROLE ? 'ciphertext' : 'plaintext'
      this.#secrets.hold(depth, member, this.#keyStart, this.#keyEnd)
    } else if (this.#secrets.signature(depth) !== UNSIGNED) {
      throw this.#error(depth, 'ERR_DUPLICATE_KEY', 'the value', 'has two signatures')
    }
  }

  string(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if ((parts & FIRST) !== 0) this.#beginValue(this.#tokenizer.base + start)
    const role = this.#role
    const depth = this.#depth
    if (role === NO_ROLE && this.#context[depth] !== FEATURES) return
    const token = this.#valueToken
    if (!token.take(chunk, start, end, parts)) return
    this.#role = NO_ROLE
    switch (role) {
      case SIGNATURE_ROLE:
        this.#secrets.sign(depth, token, true)
        return
      case CIPHERTEXT_ROLE:
      case PLAINTEXT_ROLE: {
        const member = role === CIPHERTEXT_ROLE ? 'ciphertext' : 'plaintext'
        this.#secrets.fill(depth, member, token.stringText(), this.#valueStart, this.#tokenizer.base + end)
        return
      }
      case URN_ROLE:
        this.#resource!.urn = token.stringText()
        return
      case STACK_ROLE:
        this.#members.stack = token.stringText()
        return
      case VERSION_ROLE:
        this.#members.version = token.rawText()
        return
      case BLOCK_ROLE:
        throw blockIsNoObject()
      case NO_ROLE:
        this.#members.features.push(token.stringText())
        return
      default:
    }
  }

  scalar(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if ((parts & FIRST) !== 0) this.#beginValue(this.#tokenizer.base + start)
    const role = this.#role
    const token = this.#valueToken
    if (role === NO_ROLE || !token.take(chunk, start, end, parts)) return
    this.#role = NO_ROLE
    if (role === VERSION_ROLE) this.#members.version = token.rawText()
    else if (role === SIGNATURE_ROLE) this.#secrets.sign(this.#depth, token, false)
    else if (role === BLOCK_ROLE) {
      if (token.rawText() !== 'null') throw blockIsNoObject()
      this.#events.block({ start: this.#valueStart, end: this.#tokenizer.base + end, text: 'null' })
    }
  }

  /** A value of any kind begins here. */
  #beginValue(at: number): void {
    this.#valueStart = at
    const depth = this.#depth
    if (this.#path.next(depth)) return
    if (this.#role === SIGNATURE_ROLE) this.#secrets.beginSignature(depth)
    else this.#block.value(depth, this.#keyEnd, at)
  }

  /** What a key means in one of the objects that the format itself names. */
  #roleOfMember(context: number, depth: number): number {
    const { start, end, escaped } = this.#keyToken
    if (context === RESOURCE && !escaped && !RESOURCE_NAME_LENGTHS.has(end - start - 2)) return NO_ROLE
    this.#block.key(depth, this.#keyStart)
    const name = this.#path.keyText(depth)
    const role = roleOf(context, name)
    if (role !== NO_ROLE) this.#members.note(context, role, name, this.#keyStart)
    return role
  }

  /** One of the objects that the format names has ended, with the byte at this place of the chunk. */
  #endNamed(context: number, chunk: Uint8Array, at: number): void {
    const offset = this.#tokenizer.base + at
    switch (context) {
      case ROOT:
        this.#endsAt = offset
        return
      case RESOURCE:
        this.#resource = undefined
        return
      case DEPLOYMENT:
        this.#members.deployment = [this.#deploymentFrom, offset + 1]
        this.#block.close(offset)
        return
      case MANIFEST:
        this.#block.afterManifest(this.#depth, offset + 1)
        return
      case BLOCK:
        this.#block.keep(chunk, this.#tokenizer.base, at + 1)
        this.#block.endBlock(offset + 1)
        return
      default:
    }
  }

  #endSecret(depth: number): void {
    const found = this.#secrets.members(depth)
    if ('fault' in found) {
      if (found.fault === 'twice') throw this.#error(depth, 'ERR_DUPLICATE_KEY', 'the secret', 'has its value twice')
      const reason = 'has to have either a ciphertext or a plaintext, as text'
      throw this.#error(depth, 'ERR_MALFORMED_SECRET', 'the secret', reason)
    }
    const steps = this.#path.steps(this.#resource === undefined ? 1 : this.#resourceDepth, depth)
    this.#events.slot(new StateSlot(found.member, found.text, found.tokens, this.#resource, steps))
  }

  #unknownSignature(depth: number): StacksealError {
    const text = this.#secrets.signatureText(depth)
    // The text of a signature is a word of the format, not a value; what is long is shown in part.
    const shown = JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text)
    return this.#error(depth, 'ERR_UNSUPPORTED_STATE', 'the value', `has a signature that is not known: ${shown}`)
  }

  #error(
    depth: number,
    code: 'ERR_MALFORMED_SECRET' | 'ERR_DUPLICATE_KEY' | 'ERR_UNSUPPORTED_STATE',
    what: string,
    reason: string,
  ): StacksealError {
    const from = this.#resource === undefined ? 1 : this.#resourceDepth
    const path = printPath(segmentsOf(this.#path.steps(from, depth)))
    return placeError(code, what, path, this.#resource, reason)
  }
}

function blockIsNoObject(): StacksealError {
  return new StacksealError('ERR_MALFORMED_FILE', 'secrets_providers of the state is not an object')
}

function secretRole(token: TokenPieces): number {
  if (token.escaped) return secretRoleOf(token.stringText())
  const { chunk, start, end } = token
  // Lengths with quotes: nearly every key is told apart by them alone.
  switch (end - start) {
    case 34:
      return equalsAscii(chunk, start, end, SIGNATURE_TOKEN) ? SIGNATURE_ROLE : NO_ROLE
    case 12:
      return equalsAscii(chunk, start, end, CIPHERTEXT_TOKEN) ? CIPHERTEXT_ROLE : NO_ROLE
    case 11:
      return equalsAscii(chunk, start, end, PLAINTEXT_TOKEN) ? PLAINTEXT_ROLE : NO_ROLE
    default:
      return NO_ROLE
  }
}

function secretRoleOf(name: string): number {
  if (name === SIGNATURE_KEY) return SIGNATURE_ROLE
  if (name === 'ciphertext') return CIPHERTEXT_ROLE
  return name === 'plaintext' ? PLAINTEXT_ROLE : NO_ROLE
}
