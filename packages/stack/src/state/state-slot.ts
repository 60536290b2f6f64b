import { type ErrorCode, type ErrorOptions, StacksealError } from '@stackseal/core'
import { printPropertyPath } from '../config/property-path.ts'
import { stringText } from './token-text.ts'

/** The resource whose properties a secret is among. Its URN may stand behind the secret, so it is filled in when it comes. */
export interface SlotResource {
  urn: string | undefined
  /** The way to the resource in the document, for one without a URN. */
  readonly place: SlotSteps
}

/** Where a secret's member stands: offsets in bytes from the document's begin, quotes included. */
export interface SlotTokens {
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
}

/**
 * The way to a place: an index as it is; a key as the chunk it stands in, where in it its token begins (doubled, odd if it
 * has escapes) and where it ends. Few places are ever named, so keys become text only then.
 */
export type SlotSteps = readonly (Uint8Array | number)[]

/** The keys and indexes that steps stand for. */
export function segmentsOf(steps: SlotSteps): (string | number)[] {
  const segments: (string | number)[] = []
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]
    if (step === undefined || typeof step === 'number') segments.push(step ?? 0)
    else {
      const from = Number(steps[++i])
      segments.push(stringText(step, Math.floor(from / 2), Number(steps[++i]), from % 2 === 1))
    }
  }
  return segments
}

/** Which member holds the value: a value ciphertext, or JSON text in clear. */
export type SlotMember = 'ciphertext' | 'plaintext'

/**
 * One secret of a state: an object with the secret signature, and in it `ciphertext` or `plaintext`. What lies outside of
 * that member's two tokens is never changed.
 */
export class StateSlot {
  readonly member: SlotMember
  /** The member's text, JSON escapes resolved. */
  readonly text: string
  readonly tokens: SlotTokens
  readonly #resource: SlotResource | undefined
  readonly #steps: SlotSteps

  constructor(
    member: SlotMember,
    text: string,
    tokens: SlotTokens,
    resource: SlotResource | undefined,
    steps: SlotSteps,
  ) {
    this.member = member
    this.text = text
    this.tokens = tokens
    this.#resource = resource
    this.#steps = steps
  }

  /** The resource's URN; undefined outside of resources, and where the resource names none (or, in a stream, not yet). */
  get urn(): string | undefined {
    return this.#resource?.urn
  }

  /** The keys and indexes of {@link path}. */
  get segments(): readonly (string | number)[] {
    return segmentsOf(this.#steps)
  }

  /** The property path: from the resource's own members on (`outputs.list[0].password`), else from the document's root. */
  get path(): string {
    return printPath(this.segments)
  }

  /**
   * An error about this secret that names it by resource and path.
   * @param reason what follows its name: "does not open with this data key"
   */
  error(code: ErrorCode, reason: string, options: ErrorOptions = {}): StacksealError {
    return placeError(code, 'the secret', this.path, this.#resource, reason, options)
  }
}

export function printPath(segments: readonly (string | number)[]): string {
  return printPropertyPath(segments.map((segment) => (typeof segment === 'number' ? BigInt(segment) : segment)))
}

export function placeError(
  code: ErrorCode,
  what: string,
  path: string,
  resource: SlotResource | undefined,
  reason: string,
  options: ErrorOptions = {},
): StacksealError {
  const urn = resource?.urn
  // In a stream the URN may still be to come; then the resource is named by its place in the document.
  const owner = urn ?? (resource === undefined ? undefined : printPath(segmentsOf(resource.place)))
  const where = owner === undefined ? path : `${path} of ${owner}`
  return new StacksealError(code, `${what} ${where} ${reason}`, {
    ...options,
    details: { ...options.details, path, ...(urn === undefined ? {} : { urn }) },
  })
}
