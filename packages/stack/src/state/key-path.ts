import type { SlotSteps } from './state-slot.ts'
import { stringText, type TokenPieces } from './token-text.ts'

/** Where a reader is in a document: the key or index in each open object or list, by depth; 1 is the outermost. */
export class KeyPath {
  readonly #chunk: Uint8Array[] = []
  readonly #from: number[] = []
  readonly #to: number[] = []
  readonly #escaped: boolean[] = []
  /** The index of a list's current item; -1 before the first; -2 in an object. */
  readonly #index: number[] = [-2]

  open(depth: number, isList: boolean): void {
    this.#index[depth] = isList ? -1 : -2
  }

  /** Goes on to the next item; false in an object. */
  next(depth: number): boolean {
    const index = this.#index[depth]!
    if (index === -2) return false
    this.#index[depth] = index + 1
    return true
  }

  key(depth: number, { chunk, start, end, escaped }: TokenPieces): void {
    this.#chunk[depth] = chunk
    this.#from[depth] = start
    this.#to[depth] = end
    this.#escaped[depth] = escaped
  }

  keyText(depth: number): string {
    return stringText(this.#chunk[depth]!, this.#from[depth]!, this.#to[depth]!, this.#escaped[depth]!)
  }

  /** The way from the members of the object at one depth to the object at another. */
  steps(from: number, depth: number): SlotSteps {
    const steps: (Uint8Array | number)[] = []
    for (let level = from; level < depth; level++) {
      const index = this.#index[level]!
      if (index > -2) steps.push(index)
      else {
        steps.push(this.#chunk[level]!, 2 * this.#from[level]! + Number(this.#escaped[level]), this.#to[level]!)
      }
    }
    return steps
  }
}
