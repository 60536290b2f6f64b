import { StacksealError } from '@stackseal/core'
import { FIRST, type JsonHandler, JsonTokenizer, OPEN_LIST } from './json-tokenizer.ts'
import { OTHER_SIGNATURES, SECRET_SIGNATURE, SIGNATURE_KEY } from './signatures.ts'
import { type StateFacts, stateFacts } from './state-container.ts'
import {
  BLOCK,
  BLOCK_ROLE,
  CIPHERTEXT_ROLE,
  contextOf,
  DEPLOYMENT,
  DEPLOYMENT_ROLE,
  DOCUMENT,
  FEATURES,
  MANIFEST,
  NO_ROLE,
  NOTED_ROLE,
  NOWHERE,
  OPERATION,
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
import {
  placeError,
  printPath,
  segmentsOf,
  type SlotMember,
  type SlotResource,
  type SlotSteps,
  StateSlot,
} from './state-slot.ts'
import { equalsAscii, stringText, TokenPieces } from './token-text.ts'

const SIGNATURE_TOKEN = new TextEncoder().encode(`"${SIGNATURE_KEY}"`)
const SECRET_TOKEN = new TextEncoder().encode(`"${SECRET_SIGNATURE}"`)
const CIPHERTEXT_TOKEN = new TextEncoder().encode('"ciphertext"')
const PLAINTEXT_TOKEN = new TextEncoder().encode('"plaintext"')

// What the signature of an object says, as far as it has been read.
const UNSIGNED = 0
const SECRET = 1
const SIGNED = 2
const UNKNOWN = 3

/** A provider block holds a type and a sealed key. What is larger is none. In bytes. */
const MAX_BLOCK = 1 << 20

/** The provider block as it stands: the offsets of its value from the document's begin, and its bytes as text. */
export interface BlockRange {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Where a provider block would stand in a document that has none. Offsets from the document's begin. */
export interface BlockPlace {
  readonly at: number
  /** It comes behind a member, the manifest; else before the first member, or alone. */
  readonly position: 'after' | 'before' | 'alone'
  /** How its neighbours are spaced: what stands between these offsets. */
  readonly beforeMember: readonly [start: number, end: number]
  readonly colon: readonly [start: number, end: number]
  /** How many objects the member stands in. */
  readonly depth: number
}

/** Takes what a {@link StateScanner} finds. */
export interface StateEvents {
  /** A secret, whole and well formed. Secrets come in the order in which their objects end. */
  slot(slot: StateSlot): void
  /** The provider block, at most once. */
  block(block: BlockRange): void
  /** Where a block would stand. The last one given counts; the bytes it speaks of have all been read. */
  place(place: BlockPlace): void
}

/** A member `ciphertext` or `plaintext` of an object that may turn out to be a secret. */
interface Candidate {
  readonly keyStart: number
  readonly keyEnd: number
  valueStart: number
  valueEnd: number
  /** Undefined where the value is no string. */
  text: string | undefined
  twice: boolean
}

/**
 * Finds the secrets and the provider block of a state document as its bytes come. A state machine over JSON tokens: it
 * keeps what the open objects have said so far (signature, `ciphertext`, `plaintext`, in whatever order) and the keys that
 * lead to the current place, and nothing of what has passed. Wherever in the document an object has the secret signature
 * it counts as a secret: one that is passed over would stay under an old key.
 */
export class StateScanner implements JsonHandler {
  readonly #tokenizer: JsonTokenizer
  readonly #events: StateEvents
  readonly #keyToken = new TokenPieces()
  readonly #valueToken = new TokenPieces()
  #depth = 0
  /** What the last key means for the value that follows. */
  #role = NO_ROLE
  #keyStart = 0
  #keyEnd = 0
  /** Where a key begins that has not ended yet: it may be that of a secret. */
  #openKey = Infinity
  #valueStart = 0

  // What is known of each open object or list, by depth; 1 is the outermost.
  readonly #context: number[] = [DOCUMENT]
  readonly #keyChunk: Uint8Array[] = []
  readonly #keyFrom: number[] = []
  readonly #keyTo: number[] = []
  readonly #keyEscaped: boolean[] = []
  /** The index of a list's current item; -2 in an object. */
  readonly #index: number[] = [-2]
  readonly #signature: number[] = [UNSIGNED]
  readonly #signatureText: string[] = []
  readonly #ciphertext: (Candidate | undefined)[] = []
  readonly #plaintext: (Candidate | undefined)[] = []
  /** The depths of open objects with a candidate, and where the first one of each begins. */
  readonly #heldDepth: number[] = []
  readonly #heldFrom: number[] = []

  #resource: SlotResource | undefined
  #resourceDepth = 0

  readonly #names = new Set<string>()
  readonly #once = new Set<number>()
  readonly #features: string[] = []
  #version: string | undefined
  #stack: string | undefined
  #deploymentFrom = 0
  #deployment: readonly [number, number] | undefined
  #blockFrom: number | undefined
  #blockPieces: Uint8Array[] = []
  #placeDepth = 0
  #openedAt = 0
  #beforeMember: readonly [number, number] | undefined
  #colon: readonly [number, number] | undefined
  #endsAt = Infinity

  constructor(events: StateEvents) {
    this.#events = events
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
    const held = Math.min(this.#heldFrom[0] ?? Infinity, this.#openKey)
    return Math.min(held, this.#blockFrom ?? Infinity, this.#endsAt, this.position)
  }

  /**
   * Reads the next bytes. They must not change while the scanner is in use: it looks at keys again where they stand.
   * @throws ERR_MALFORMED_FILE, ERR_MALFORMED_SECRET, ERR_DUPLICATE_KEY
   */
  push(chunk: Uint8Array): void {
    const base = this.position
    this.#tokenizer.push(chunk)
    if (this.#blockFrom !== undefined) this.#keepBlock(chunk, base, chunk.length)
  }

  /**
   * Says that no more bytes come.
   * @throws ERR_MALFORMED_FILE if the document has not ended or is no state, ERR_UNSUPPORTED_STATE
   */
  finish(): StateFacts {
    this.#tokenizer.finish()
    return stateFacts({
      names: this.#names,
      version: this.#version,
      features: this.#features,
      stack: this.#stack,
      deployment: this.#deployment,
    })
  }

  begin(byte: number, _chunk: Uint8Array, at: number): void {
    const place = this.#tokenizer.base + at
    this.#beginValue(place)
    const isList = byte === OPEN_LIST
    const parent = this.#context[this.#depth]!
    const context = parent === NOWHERE ? NOWHERE : contextOf(parent, this.#role, isList)
    if (this.#role === BLOCK_ROLE) {
      if (isList) throw blockIsNoObject()
      this.#blockFrom = place
    }
    this.#role = NO_ROLE
    const depth = ++this.#depth
    this.#context[depth] = context
    this.#index[depth] = isList ? -1 : -2
    this.#signature[depth] = UNSIGNED
    this.#ciphertext[depth] = undefined
    this.#plaintext[depth] = undefined
    if (context === RESOURCE) {
      this.#resource = { urn: undefined }
      this.#resourceDepth = depth
    } else if (context === DEPLOYMENT || context === ROOT) this.#openPlace(context, place, depth)
  }

  end(_byte: number, chunk: Uint8Array, at: number): void {
    const place = this.#tokenizer.base + at
    const depth = this.#depth
    const signature = this.#signature[depth]!
    if (signature === SECRET) this.#endSecret(depth)
    else if (signature === UNKNOWN && this.#context[depth] === VALUE) throw this.#unknownSignature(depth)
    if (this.#heldDepth[this.#heldDepth.length - 1] === depth) {
      this.#heldDepth.pop()
      this.#heldFrom.pop()
    }
    const context = this.#context[depth]!
    this.#depth--
    if (context > NOWHERE && context < PROPERTIES) this.#endPlace(context, chunk, at, place, depth)
  }

  key(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if ((parts & FIRST) !== 0) this.#keyStart = this.#tokenizer.base + start
    if (!this.#keyToken.take(chunk, start, end, parts)) {
      this.#openKey = this.#keyStart
      return
    }
    this.#openKey = Infinity
    const { chunk: bytes, start: from, end: to, escaped } = this.#keyToken
    const depth = this.#depth
    this.#keyChunk[depth] = bytes
    this.#keyFrom[depth] = from
    this.#keyTo[depth] = to
    this.#keyEscaped[depth] = escaped
    this.#keyEnd = this.#tokenizer.base + end
    const context = this.#context[depth]!
    this.#role = NO_ROLE
    if (context > NOWHERE && context < PROPERTIES) this.#nameMember(context, depth)
    if (this.#role !== NO_ROLE) return
    const role = escaped ? secretRoleOf(stringText(bytes, from, to, true)) : secretRole(bytes, from, to)
    if (role === NO_ROLE) return
    this.#role = role
    if (role === SIGNATURE_ROLE) {
      if (this.#signature[depth] === UNSIGNED) return
      throw new StacksealError('ERR_DUPLICATE_KEY', `an object of the state is signed twice`, {
        details: { path: this.#path(depth), at: this.#keyStart },
      })
    }
    const candidates = role === CIPHERTEXT_ROLE ? this.#ciphertext : this.#plaintext
    candidates[depth] = {
      keyStart: this.#keyStart,
      keyEnd: this.#keyEnd,
      valueStart: 0,
      valueEnd: 0,
      text: undefined,
      twice: candidates[depth] !== undefined,
    }
    if (this.#heldDepth[this.#heldDepth.length - 1] === depth) return
    this.#heldDepth.push(depth)
    this.#heldFrom.push(this.#keyStart)
  }

  string(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if ((parts & FIRST) !== 0) this.#beginValue(this.#tokenizer.base + start)
    const role = this.#role
    const depth = this.#depth
    if (role === NO_ROLE && this.#context[depth] !== FEATURES) return
    if (!this.#valueToken.take(chunk, start, end, parts)) return
    this.#role = NO_ROLE
    const { chunk: bytes, start: from, end: to, escaped } = this.#valueToken
    switch (role) {
      case SIGNATURE_ROLE:
        this.#sign(depth, bytes, from, to, escaped)
        return
      case CIPHERTEXT_ROLE:
      case PLAINTEXT_ROLE: {
        const candidate = (role === CIPHERTEXT_ROLE ? this.#ciphertext : this.#plaintext)[depth]!
        candidate.valueStart = this.#valueStart
        candidate.valueEnd = this.#tokenizer.base + end
        candidate.text = stringText(bytes, from, to, escaped)
        return
      }
      case URN_ROLE:
        this.#resource!.urn = stringText(bytes, from, to, escaped)
        return
      case STACK_ROLE:
        this.#stack = stringText(bytes, from, to, escaped)
        return
      case VERSION_ROLE:
        this.#version = 'a string'
        return
      case BLOCK_ROLE:
        throw blockIsNoObject()
      case NO_ROLE:
        this.#features.push(stringText(bytes, from, to, escaped))
        return
      default:
    }
  }

  scalar(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if ((parts & FIRST) !== 0) this.#beginValue(this.#tokenizer.base + start)
    const role = this.#role
    if (role === NO_ROLE || !this.#valueToken.take(chunk, start, end, parts)) return
    this.#role = NO_ROLE
    if (role === VERSION_ROLE) this.#version = this.#valueToken.rawText()
    else if (role === SIGNATURE_ROLE) this.#signatureText[this.#depth] = this.#valueToken.rawText()
    else if (role === BLOCK_ROLE) {
      const text = this.#valueToken.rawText()
      this.#events.block({ start: this.#valueStart, end: this.#tokenizer.base + end, text })
    }
  }

  /** A value of any kind begins here. */
  #beginValue(at: number): void {
    this.#valueStart = at
    const depth = this.#depth
    const index = this.#index[depth]!
    if (index > -2) this.#index[depth] = index + 1
    else if (this.#role === SIGNATURE_ROLE) {
      // Until a string has said what it is. A list or an object is a signature that nobody knows.
      this.#signature[depth] = UNKNOWN
      this.#signatureText[depth] = ''
    } else if (depth === this.#placeDepth && this.#colon === undefined && depth > 0) {
      this.#colon = [this.#keyEnd, at]
      this.#tellPlace(this.#openedAt, 'before')
    }
  }

  #sign(depth: number, bytes: Uint8Array, from: number, to: number, escaped: boolean): void {
    if (!escaped && equalsAscii(bytes, from, to, SECRET_TOKEN)) {
      this.#signature[depth] = SECRET
      return
    }
    const text = stringText(bytes, from, to, escaped)
    if (text === SECRET_SIGNATURE) this.#signature[depth] = SECRET
    else if (OTHER_SIGNATURES.has(text)) this.#signature[depth] = SIGNED
    else this.#signatureText[depth] = text
  }

  #endSecret(depth: number): void {
    const ciphertext = this.#ciphertext[depth]
    const plaintext = this.#plaintext[depth]
    const [member, found]: [SlotMember, Candidate | undefined] =
      ciphertext?.text === undefined ? ['plaintext', plaintext] : ['ciphertext', ciphertext]
    const both = ciphertext?.text !== undefined && plaintext?.text !== undefined
    if (found?.text === undefined || found.text === '' || both) {
      throw this.#error(depth, 'ERR_MALFORMED_SECRET', 'has to have either a ciphertext or a plaintext, as text')
    }
    if (ciphertext?.twice === true || plaintext?.twice === true) {
      throw this.#error(depth, 'ERR_DUPLICATE_KEY', `has its ${member} twice`)
    }
    this.#events.slot(new StateSlot(member, found.text, found, this.#resource, this.#steps(depth)))
  }

  #unknownSignature(depth: number): StacksealError {
    const text = this.#signatureText[depth] ?? ''
    // The text of a signature is a word of the format, not a value; what is long is shown in part.
    const shown = text.length > 64 ? `${text.slice(0, 64)}…` : text
    return placeError(
      'ERR_UNSUPPORTED_STATE',
      'the value',
      this.#path(depth),
      this.#resource?.urn,
      `has a signature that is not known: ${JSON.stringify(shown)}`,
      { hint: 'a later version of Stackseal may know it' },
    )
  }

  #error(depth: number, code: 'ERR_MALFORMED_SECRET' | 'ERR_DUPLICATE_KEY', reason: string): StacksealError {
    return placeError(code, 'the secret', this.#path(depth), this.#resource?.urn, reason)
  }

  #path(depth: number): string {
    return printPath(segmentsOf(this.#steps(depth)))
  }

  /** The way to the object at this depth. */
  #steps(depth: number): SlotSteps {
    const steps: (Uint8Array | number)[] = []
    for (let level = this.#resource === undefined ? 1 : this.#resourceDepth; level < depth; level++) {
      const index = this.#index[level]!
      if (index > -2) steps.push(index)
      else
        steps.push(
          this.#keyChunk[level]!,
          2 * this.#keyFrom[level]! + Number(this.#keyEscaped[level]),
          this.#keyTo[level]!,
        )
    }
    return steps
  }

  /** Looks at a key in one of the objects that the format itself names. */
  #nameMember(context: number, depth: number): void {
    const length = this.#keyTo[depth]! - this.#keyFrom[depth]! - 2
    const escaped = this.#keyEscaped[depth]!
    if (context === RESOURCE && !escaped && !RESOURCE_NAME_LENGTHS.has(length)) return
    if (depth === this.#placeDepth && this.#beforeMember === undefined) {
      this.#beforeMember = [this.#openedAt, this.#keyStart]
    }
    const name = stringText(this.#keyChunk[depth]!, this.#keyFrom[depth]!, this.#keyTo[depth]!, escaped)
    const role = roleOf(context, name)
    if (role === NO_ROLE) return
    if (context === ROOT) this.#names.add(name.toLowerCase())
    if (context !== RESOURCE && role !== NOTED_ROLE) this.#refuseSecond(context, role, name)
    this.#role = role
  }

  /** The reference takes the last of two members of one name, or mixes them. Here that is refused. */
  #refuseSecond(context: number, role: number, name: string): void {
    // A deployment and a provider block may stand in several places, but in one of them only.
    const anywhere = role === DEPLOYMENT_ROLE || role === BLOCK_ROLE
    const member = anywhere ? role : context * 100 + role
    if (context === OPERATION) return
    if (!this.#once.has(member)) {
      this.#once.add(member)
      return
    }
    throw new StacksealError('ERR_DUPLICATE_KEY', `the state holds ${name} twice`, {
      details: { key: name, at: this.#keyStart },
    })
  }

  #openPlace(context: number, at: number, depth: number): void {
    if (context === DEPLOYMENT) this.#deploymentFrom = at
    this.#placeDepth = depth
    this.#openedAt = at + 1
    this.#beforeMember = undefined
    this.#colon = undefined
  }

  #endPlace(context: number, chunk: Uint8Array, at: number, place: number, depth: number): void {
    switch (context) {
      case ROOT:
        this.#endsAt = place
        return
      case RESOURCE:
        this.#resource = undefined
        return
      case DEPLOYMENT:
        this.#deployment = [this.#deploymentFrom, place + 1]
        if (this.#beforeMember === undefined) {
          this.#beforeMember = [place, place]
          this.#colon = [place, place]
          this.#tellPlace(this.#openedAt, 'alone')
        }
        // What follows in the objects around it is no place for a block.
        this.#placeDepth = -1
        return
      case MANIFEST:
        if (depth - 1 === this.#placeDepth) this.#tellPlace(place + 1, 'after')
        return
      case BLOCK:
        this.#keepBlock(chunk, this.#tokenizer.base, at + 1)
        this.#endBlock(place + 1)
        return
      default:
    }
  }

  #tellPlace(at: number, position: BlockPlace['position']): void {
    if (this.#beforeMember === undefined || this.#colon === undefined) return
    this.#events.place({ at, position, beforeMember: this.#beforeMember, colon: this.#colon, depth: this.#placeDepth })
  }

  #keepBlock(chunk: Uint8Array, base: number, end: number): void {
    const from = this.#blockFrom!
    if (base + end - from > MAX_BLOCK) {
      throw new StacksealError('ERR_MALFORMED_FILE', 'secrets_providers of the state is larger than any there is')
    }
    this.#blockPieces.push(chunk.slice(Math.max(0, from - base), end))
  }

  #endBlock(end: number): void {
    const start = this.#blockFrom!
    const text = Buffer.concat(this.#blockPieces).toString('utf8')
    this.#blockFrom = undefined
    this.#blockPieces = []
    this.#events.block({ start, end, text })
  }
}

function blockIsNoObject(): StacksealError {
  return new StacksealError('ERR_MALFORMED_FILE', 'secrets_providers of the state is not an object')
}

function secretRole(bytes: Uint8Array, from: number, to: number): number {
  // Lengths with quotes: nearly every key is told apart by them alone.
  switch (to - from) {
    case 34:
      return equalsAscii(bytes, from, to, SIGNATURE_TOKEN) ? SIGNATURE_ROLE : NO_ROLE
    case 12:
      return equalsAscii(bytes, from, to, CIPHERTEXT_TOKEN) ? CIPHERTEXT_ROLE : NO_ROLE
    case 11:
      return equalsAscii(bytes, from, to, PLAINTEXT_TOKEN) ? PLAINTEXT_ROLE : NO_ROLE
    default:
      return NO_ROLE
  }
}

function secretRoleOf(name: string): number {
  if (name === SIGNATURE_KEY) return SIGNATURE_ROLE
  if (name === 'ciphertext') return CIPHERTEXT_ROLE
  return name === 'plaintext' ? PLAINTEXT_ROLE : NO_ROLE
}
