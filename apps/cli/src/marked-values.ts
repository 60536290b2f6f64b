import { SecretText, valueText } from '@stackseal/stack'
import type { ConfigPlace, ConfigValue, Reveal, Stack } from '@stackseal/stack'

type Path = ConfigPlace['path']

/**
 * The values of a stack that are marked `!secret` and stand in plain text: they are shown and told as the secrets that
 * they are meant to be.
 */
export class MarkedValues {
  readonly #marks: Stack['marks']
  readonly #plaintexts = new Map<SecretText, string>()

  constructor(stack: Stack) {
    this.#marks = stack.marks
  }

  /** A value, of a printed key and at a path inside it, with a secret wherever a mark says so. */
  cover(value: ConfigValue, key: string, path: Path): ConfigValue {
    const marks = this.#marks.filter((mark) => mark.key === key).map((mark) => mark.path)
    return marks.length === 0 ? value : this.#covered(value, path, marks)
  }

  /** Reveals these secrets, and the others by `reveal`. */
  reveal(reveal: Reveal): Reveal {
    return (secret) => {
      const plaintext = this.#plaintexts.get(secret)
      return plaintext === undefined ? reveal(secret) : { plaintext }
    }
  }

  #covered(value: ConfigValue, path: Path, marks: readonly Path[]): ConfigValue {
    if (marks.some((mark) => mark.length <= path.length && startsWith(path, mark))) {
      const secret = new SecretText('')
      this.#plaintexts.set(
        secret,
        valueText(value, () => undefined),
      )
      return secret
    }
    const inside = marks.filter((mark) => startsWith(mark, path))
    if (inside.length === 0) return value
    if (Array.isArray(value)) {
      return (value as readonly ConfigValue[]).map((item, index) =>
        this.#covered(item, [...path, BigInt(index)], inside),
      )
    }
    if (!(value instanceof Map)) return value
    return new Map(
      Array.from(value as ReadonlyMap<string, ConfigValue>, ([name, item]) => [
        name,
        this.#covered(item, [...path, name], inside),
      ]),
    )
  }
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((step, index) => path[index] === step)
}
