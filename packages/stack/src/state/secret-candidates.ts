import { OTHER_SIGNATURES, SECRET_SIGNATURE } from './signatures.ts'
import type { SlotMember, SlotTokens } from './state-slot.ts'
import { equalsAscii, type TokenPieces } from './token-text.ts'

const SECRET_TOKEN = new TextEncoder().encode(`"${SECRET_SIGNATURE}"`)

// What the signature of an object says, as far as it has been read.
export const UNSIGNED = 0
export const SECRET = 1
const SIGNED = 2
export const UNKNOWN = 3

/** A member `ciphertext` or `plaintext` of an object that may turn out to be a secret. */
interface Candidate extends SlotTokens {
  valueStart: number
  valueEnd: number
  /** Undefined where the value is no string. */
  text: string | undefined
  twice: boolean
}

/** What an object with the secret signature holds, or why it is none that can be read. */
export type SecretMembers =
  | { readonly member: SlotMember; readonly text: string; readonly tokens: SlotTokens }
  | { readonly fault: 'twice' | 'not one' }

/** What the open objects have said that makes a secret, in whatever order: signature, `ciphertext`, `plaintext`; by depth. */
export class SecretCandidates {
  readonly #signature: number[] = [UNSIGNED]
  readonly #signatureText: string[] = []
  readonly #ciphertext: (Candidate | undefined)[] = []
  readonly #plaintext: (Candidate | undefined)[] = []
  /** The depths of open objects with a candidate, and where the first one of each begins. */
  readonly #heldDepth: number[] = []
  readonly #heldFrom: number[] = []

  /** Where the first member begins that may still turn out to be a secret's; Infinity without one. */
  get heldFrom(): number {
    return this.#heldFrom[0] ?? Infinity
  }

  open(depth: number): void {
    this.#signature[depth] = UNSIGNED
    this.#ciphertext[depth] = undefined
    this.#plaintext[depth] = undefined
  }

  close(depth: number): void {
    if (this.#heldDepth[this.#heldDepth.length - 1] !== depth) return
    this.#heldDepth.pop()
    this.#heldFrom.pop()
  }

  signature(depth: number): number {
    return this.#signature[depth]!
  }

  /** What a signature says that is not known, for a message. */
  signatureText(depth: number): string {
    return this.#signatureText[depth] ?? ''
  }

  /** A signature begins. Until a string has said what it is, it is one that nobody knows: as a list or an object stays. */
  beginSignature(depth: number): void {
    this.#signature[depth] = UNKNOWN
    this.#signatureText[depth] = ''
  }

  sign(depth: number, token: TokenPieces, isString: boolean): void {
    if (!isString) {
      this.#signatureText[depth] = token.rawText()
      return
    }
    if (!token.escaped && equalsAscii(token.chunk, token.start, token.end, SECRET_TOKEN)) {
      this.#signature[depth] = SECRET
      return
    }
    const text = token.stringText()
    if (text === SECRET_SIGNATURE) this.#signature[depth] = SECRET
    else if (OTHER_SIGNATURES.has(text)) this.#signature[depth] = SIGNED
    else this.#signatureText[depth] = text
  }

  /** A member of that name begins. */
  hold(depth: number, member: SlotMember, keyStart: number, keyEnd: number): void {
    const candidates = member === 'ciphertext' ? this.#ciphertext : this.#plaintext
    const twice = candidates[depth] !== undefined
    candidates[depth] = { keyStart, keyEnd, valueStart: 0, valueEnd: 0, text: undefined, twice }
    if (this.#heldDepth[this.#heldDepth.length - 1] === depth) return
    this.#heldDepth.push(depth)
    this.#heldFrom.push(keyStart)
  }

  /** Its value is this string. */
  fill(depth: number, member: SlotMember, text: string, valueStart: number, valueEnd: number): void {
    const candidate = (member === 'ciphertext' ? this.#ciphertext : this.#plaintext)[depth]!
    candidate.valueStart = valueStart
    candidate.valueEnd = valueEnd
    candidate.text = text
  }

  /** The one of the two that holds the value: exactly one has to, and be text that is not empty. */
  members(depth: number): SecretMembers {
    const ciphertext = this.#ciphertext[depth]
    const plaintext = this.#plaintext[depth]
    const isSealed = ciphertext?.text !== undefined
    const found = isSealed ? ciphertext : plaintext
    const both = isSealed && plaintext?.text !== undefined
    if (found?.text === undefined || found.text === '' || both) return { fault: 'not one' }
    if (ciphertext?.twice === true || plaintext?.twice === true) return { fault: 'twice' }
    return { member: isSealed ? 'ciphertext' : 'plaintext', text: found.text, tokens: found }
  }
}
