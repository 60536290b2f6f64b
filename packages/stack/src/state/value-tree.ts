import { decodeBase64, encodeBase64, Secret, StacksealError } from '@stackseal/core'
import { compareUtf8, goJsonString } from '../values/go-json.ts'
import { formatGoFloatJson } from '../values/go-number.ts'
import { printPath } from './state-slot.ts'
import {
  BYTE_STRING_SIGNATURE,
  ESCAPED_SIGNATURE,
  FLOAT_SIGNATURE,
  OTHER_SIGNATURES,
  SECRET_SIGNATURE,
  SIGNATURE_KEY,
} from './signatures.ts'

/** Deeper trees are refused; a circle is one. */
const MAX_TREE_DEPTH = 1000

/** Puts JSON text in a secret's place. `clear` is the JSON text of its value. */
type PrintSecret = (clear: string, segments: readonly (string | number)[]) => string

/**
 * The JSON text of a value tree: null, booleans, numbers, strings, byte arrays, lists, plain objects, and {@link Secret}s of
 * any of these. Members that are undefined are left out.
 * @throws ERR_INVALID_VALUE, naming the place, for anything that JSON would lose
 */
export function printTree(value: unknown, secret: PrintSecret): string {
  return new TreePrinter(secret).print(value, false)
}

class TreePrinter {
  readonly #secret: PrintSecret
  readonly #segments: (string | number)[] = []

  constructor(secret: PrintSecret) {
    this.#secret = secret
  }

  /** @param inside of a secret: keys are sorted, as the reference sorts them, and secrets are not sealed a second time */
  print(value: unknown, inside: boolean): string {
    switch (typeof value) {
      case 'string':
        return stringText(value)
      case 'boolean':
        return String(value)
      case 'number':
        return Number.isFinite(value) ? formatGoFloatJson(value) : floatText(value)
      case 'object':
        break
      default:
        throw this.#invalid(`a ${typeof value} can not be stored`)
    }
    if (value === null) return 'null'
    if (this.#segments.length === MAX_TREE_DEPTH) throw this.#invalid(`it is nested more than ${MAX_TREE_DEPTH} deep`)
    if (value instanceof Secret) return this.#printSecret(value, inside)
    if (Array.isArray(value)) return this.#printList(value, inside)
    if (value instanceof Uint8Array) return signed(BYTE_STRING_SIGNATURE, `"value":"${encodeBase64(value)}"`)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) throw this.#invalid('it is no plain object')
    return this.#printObject(value, inside)
  }

  #printSecret(value: Secret<unknown>, inside: boolean): string {
    const clear = this.print(value.reveal(), true)
    if (!inside) return this.#secret(clear, [...this.#segments])
    // What holds it is encrypted: the reference marks an inner secret with the word, and leaves its text in clear.
    return signed(SECRET_SIGNATURE, `"ciphertext":${stringText(clear)}`)
  }

  #printList(list: readonly unknown[], inside: boolean): string {
    const items: string[] = []
    for (let i = 0; i < list.length; i++) items.push(this.#at(i, list[i], inside))
    return `[${items.join(',')}]`
  }

  #printObject(object: object, inside: boolean): string {
    const members = Object.entries(object).filter(([, member]) => member !== undefined)
    if (members.some(([name]) => name === SIGNATURE_KEY)) {
      // An ordinary object with the key that makes objects special: its members stand in a list, where the key means nothing.
      const pairs = members.map(([name, member]) => `[${stringText(name)},${this.#at(name, member, inside)}]`)
      return signed(ESCAPED_SIGNATURE, `"members":[${pairs.join(',')}]`)
    }
    if (inside) members.sort(([a], [b]) => compareUtf8(a, b))
    return `{${members.map(([name, member]) => `${stringText(name)}:${this.#at(name, member, inside)}`).join(',')}}`
  }

  #at(segment: string | number, value: unknown, inside: boolean): string {
    this.#segments.push(segment)
    const text = this.print(value, inside)
    this.#segments.pop()
    return text
  }

  #invalid(reason: string): StacksealError {
    const path = printPath(this.#segments)
    return new StacksealError('ERR_INVALID_VALUE', `${path === '' ? 'the value' : path} can not be sealed: ${reason}`, {
      details: { path },
    })
  }
}

function signed(signature: string, members: string): string {
  return `{"${SIGNATURE_KEY}":"${signature}",${members}}`
}

/** As Go writes it; half of a surrogate pair, which Go would lose, as the escape that reads back to it. */
function stringText(text: string): string {
  return text.isWellFormed() ? goJsonString(text) : JSON.stringify(text)
}

function floatText(value: number): string {
  return signed(FLOAT_SIGNATURE, `"value":"${floatBits(value)}"`)
}

/** The bits of a number that JSON can not express, as 16 hexadecimal digits. */
export function floatBits(value: number): string {
  if (value === Infinity) return '7ff0000000000000'
  // Go's NaN has another bit set than JavaScript's.
  return value === -Infinity ? 'fff0000000000000' : '7ff8000000000001'
}

/** What stands in a secret's place in a tree that was read. */
type ReadSecret = (secret: { readonly member: 'ciphertext' | 'plaintext'; readonly text: string }) => unknown

/**
 * The tree that a parsed JSON value stands for: signed objects become what they say, assets and references stay objects.
 * @throws ERR_MALFORMED_SECRET, ERR_UNSUPPORTED_STATE
 */
export function readTree(value: unknown, secret: ReadSecret, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_TREE_DEPTH) {
    throw new StacksealError('ERR_MALFORMED_FILE', `a value is nested more than ${MAX_TREE_DEPTH} deep`)
  }
  if (Array.isArray(value)) return value.map((item) => readTree(item, secret, depth + 1))
  const members = Object.entries(value) as [string, unknown][]
  const named = new Map(members)
  const signature = named.get(SIGNATURE_KEY)
  switch (signature) {
    case undefined:
      break
    case SECRET_SIGNATURE:
      return secret(secretMember(named))
    case FLOAT_SIGNATURE:
      return readFloat(named.get('value'))
    case BYTE_STRING_SIGNATURE:
      return readBytes(named.get('value'))
    case ESCAPED_SIGNATURE:
      return Object.fromEntries(
        pairsOf(named.get('members')).map(([name, member]) => [name, readTree(member, secret, depth + 1)]),
      )
    default:
      if (typeof signature === 'string' && OTHER_SIGNATURES.has(signature)) break
      throw new StacksealError('ERR_UNSUPPORTED_STATE', 'a value has a signature that is not known')
  }
  // fromEntries makes `__proto__` a member like any other.
  return Object.fromEntries(members.map(([name, member]) => [name, readTree(member, secret, depth + 1)]))
}

/** A secret's value from its JSON text; secrets in it hold JSON text in clear. */
export function readSecret(json: string): Secret<unknown> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    // The parser's message quotes the text, which is a secret.
    throw new StacksealError('ERR_MALFORMED_SECRET', 'the value of a secret is not JSON')
  }
  return new Secret(readTree(value, ({ text }) => readSecret(text)))
}

function secretMember(named: ReadonlyMap<string, unknown>): { member: 'ciphertext' | 'plaintext'; text: string } {
  const ciphertext = named.get('ciphertext')
  const plaintext = named.get('plaintext')
  if (typeof ciphertext === 'string' && typeof plaintext !== 'string') return { member: 'ciphertext', text: ciphertext }
  if (typeof plaintext === 'string' && typeof ciphertext !== 'string') return { member: 'plaintext', text: plaintext }
  throw new StacksealError('ERR_MALFORMED_SECRET', 'a secret has to have either a ciphertext or a plaintext, as text')
}

function readFloat(value: unknown): number {
  if (typeof value !== 'string' || !/^[\da-fA-F]{1,16}$/.test(value)) throw malformed('a number')
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, BigInt(`0x${value}`))
  return view.getFloat64(0)
}

function readBytes(value: unknown): Uint8Array {
  const result = typeof value === 'string' ? decodeBase64(value) : undefined
  if (result === undefined || !('bytes' in result)) throw malformed('a byte string')
  return result.bytes
}

function pairsOf(value: unknown): readonly (readonly [string, unknown])[] {
  if (!Array.isArray(value)) throw malformed('an object')
  return value.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string') throw malformed('an object')
    return [pair[0], pair[1] as unknown]
  })
}

function malformed(what: string): StacksealError {
  return new StacksealError('ERR_MALFORMED_FILE', `${what} in the state is not written as it has to be`)
}
