import { StacksealError } from './errors.ts'

// The plaintexts live here and not in a field: a #private field shows in an inspector's preview, a WeakMap does not.
const plaintexts = new WeakMap<object, unknown>()

const PRINTED = '[secret]'

/**
 * A plaintext value in a program's hands. It prints as `[secret]` everywhere: in templates, JSON, logs, inspectors.
 * {@link Secret.reveal} is the one way out.
 */
export class Secret<T = string> {
  constructor(value: T) {
    plaintexts.set(this, value)
  }

  /**
   * The value itself. From here on it is the caller's to keep.
   * @throws ERR_USAGE for what only looks like a secret: a proxy or a clone of one holds no value
   */
  reveal(): T {
    if (!plaintexts.has(this)) throw new StacksealError('ERR_USAGE', 'this is no secret, but a proxy or a clone of one')
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the constructor put a T there
    return plaintexts.get(this) as T
  }

  /** A secret made from this one, without the value leaving. */
  map<U>(make: (value: T) => U): Secret<U> {
    return new Secret(make(this.reveal()))
  }

  toString(): string {
    return PRINTED
  }

  toJSON(): string {
    return PRINTED
  }

  get [Symbol.toStringTag](): string {
    return 'Secret'
  }

  [Symbol.toPrimitive](): string {
    return PRINTED
  }

  static {
    // Node's inspection hook, by its registered symbol, so that this file needs nothing of Node.
    Object.defineProperty(Secret.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: () => PRINTED })
  }
}
