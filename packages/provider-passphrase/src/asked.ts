import type { ProviderContext } from '@stackseal/core'

type Ask = NonNullable<ProviderContext['ask']>

/** A passphrase that somebody typed, and the salts that it was seen to open. */
interface Answer {
  readonly passphrase: Uint8Array
  readonly salts: Set<string>
}

/**
 * What one asker was told in this process. Nobody is asked twice for the same thing (a new key is opened again right
 * after it is made; a stack's file and state may hold two salts of one passphrase), and an answer never serves
 * another asker.
 */
export class Asked {
  static readonly #all = new WeakMap<Ask, Asked>()

  readonly #answers: Answer[] = []
  #turn: Promise<unknown> = Promise.resolve()

  static of(ask: Ask): Asked {
    let asked = Asked.#all.get(ask)
    if (asked === undefined) Asked.#all.set(ask, (asked = new Asked()))
    return asked
  }

  /** The passphrases given so far: those that opened this salt before, then the others, the latest first. */
  passphrases(salt: string): readonly Uint8Array[] {
    const latestFirst = this.#answers.toReversed()
    const opened = latestFirst.filter((answer) => answer.salts.has(salt))
    const others = latestFirst.filter((answer) => !answer.salts.has(salt))
    return [...opened, ...others].map((answer) => answer.passphrase)
  }

  /** Keeps a passphrase that opened a salt, or made it. One that opened nothing is not kept. */
  remember(passphrase: Uint8Array, salt: string): void {
    const known = this.#answers.find((answer) => isSame(answer.passphrase, passphrase))
    if (known === undefined) this.#answers.push({ passphrase, salts: new Set([salt]) })
    else known.salts.add(salt)
  }

  /** Runs work that may ask, never two at once: the second may need no question any more when the first is answered. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined) // whoever waits for `mine` gets the error; the next turn begins all the same
    return mine
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
