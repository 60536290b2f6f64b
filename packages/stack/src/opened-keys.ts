import { type Envelope, isStacksealError, type SealedKey } from '@stackseal/core'

/** How one sealed key becomes another, which stacks that share the first one may share. */
export interface SharedRewrap {
  /** The data key, once it is open. */
  envelope?: Envelope
  /** The new sealed key, once it is made. */
  after?: SealedKey
  /** Why it could not be opened or sealed; it is not tried again. */
  failure?: unknown
}

/**
 * Sealed keys that were opened within one command that works on many stacks: one call for each distinct one, however many
 * files hold it, also where it failed. Files with the same key URL and the same sealed text have the same data key.
 */
export class OpenedKeys {
  readonly #opened = new Map<string, Promise<Envelope>>()
  readonly #rewraps = new Map<string, { readonly shared: SharedRewrap; turn: Promise<unknown> }>()

  /**
   * Opens a sealed key by `open`, if it was not opened before.
   * @param way whatever else decides whether it opens, such as by which passphrase
   */
  open(sealedKey: SealedKey, way: string, open: () => Promise<Envelope>): Promise<Envelope> {
    const id = idOf(sealedKey, way)
    const known = this.#opened.get(id)
    if (known !== undefined) return known
    const opening = open()
    this.#opened.set(id, opening)
    opening.catch(() => undefined) // whoever awaits it gets the error
    return opening
  }

  /** Runs `work` for one stack after the other of those that share a sealed key, each seeing what those before it left. */
  async rewrap<T>(sealedKey: SealedKey, way: string, work: (shared: SharedRewrap) => Promise<T>): Promise<T> {
    const id = idOf(sealedKey, way)
    const entry = this.#rewraps.get(id) ?? { shared: {}, turn: Promise.resolve() }
    this.#rewraps.set(id, entry)
    const { shared } = entry
    const mine = entry.turn.then(async () => {
      if (shared.failure !== undefined) throw shared.failure
      try {
        return await work(shared)
      } catch (error) {
        // What one stack can not prove another one may.
        if (!isStacksealError(error) || error.code !== 'ERR_KEY_NOT_PROVEN') shared.failure = error
        throw error
      }
    })
    entry.turn = mine.catch(() => undefined) // the next turn begins all the same
    return mine
  }
}

function idOf({ url, sealed }: SealedKey, way: string): string {
  return JSON.stringify([url.text, sealed, way])
}
