import { StacksealError } from '@stackseal/core'
import { type ConfigValue, SecretText } from '../values/config-value.ts'
import {
  normalizeNumber,
  parseGoAtoi,
  parseGoBool,
  parseGoFloat,
  parseGoInt,
  parseGoUint,
} from '../values/go-number.ts'
import { isFatalToReference } from '../document/yaml-scalar-style.ts'
import { isList, isObject, isSecretShape, MAX_DEPTH, MERGE_KEY, SECRET_KEY } from './value-shape.ts'

/** The types that a person can ask for. Without one, text inside a list or mapping is guessed at; see {@link coerceNewValue}. */
export type ValueType = 'string' | 'bool' | 'int' | 'float'

/** Text as a person gives it. */
export interface NewText {
  readonly text: string
  readonly type?: ValueType
}

/** What can be set: text, or a finished value. */
export type NewValue = NewText | ConfigValue

/**
 * The value that a file comes to hold; `depth` is the number of lists and mappings around it, 0 at the top level. At the top level text stays text, and text with a type becomes a scalar of that
 * type (a float stays one, whatever its digits, until the file is loaded again). Inside a list or mapping text without
 * a type is read as `true`, `false` or a whole number of at most 64 bits where it looks like one and has no leading
 * zero; a fraction stays text. docs/format.md, "Setting a value".
 * @throws ERR_INVALID_VALUE for text that is not of its type, and for what a stack file can not hold
 */
export function coerceNewValue(value: NewValue, depth: number): ConfigValue {
  if (!isNewText(value)) return storable(value, depth)
  const { text, type } = value
  checkText(text)
  if (type === undefined) return depth > 0 ? guess(text) : text
  const typed = parseTyped(text, type)
  return depth > 0 && typeof typed === 'number' ? normalizeNumber(typed) : typed
}

const NOT_FINITE = 'an infinite number, or one that is no number, can be written and never read again'

function isNewText(value: NewValue): value is NewText {
  return typeof value === 'object' && value !== null && 'text' in value
}

function checkText(text: string): void {
  if (!text.isWellFormed()) throw unpaired()
  if (isFatalToReference(text)) {
    throw unstorable(
      'Pulumi could not load the file any more with text of several lines that starts with a tab in it',
      'encrypt it with --secret',
    )
  }
}

function guess(text: string): ConfigValue {
  if (text === 'true' || text === 'false') return text === 'true'
  // "0123456" is more likely an account or a phone number than 123456.
  if (text.length > 1 && text.startsWith('0')) return text
  const signed = parseGoInt(text)
  if (typeof signed === 'bigint') return signed
  const unsigned = parseGoUint(text)
  return typeof unsigned === 'bigint' ? normalizeNumber(unsigned) : text
}

/** The messages never hold the text: somebody may have typed a secret. */
function parseTyped(text: string, type: ValueType): ConfigValue {
  switch (type) {
    case 'string':
      return text
    case 'bool':
      return parseGoBool(text) ?? unfit(type, 'it is not one of true, false, t, f, 1, 0 (or True, TRUE, T, …)')
    case 'int': {
      const value = parseGoAtoi(text)
      if (typeof value === 'bigint') return value
      return unfit(type, value === 'range' ? 'it does not fit 64 bits' : 'it is not a whole number in decimal digits')
    }
    case 'float': {
      const value = parseGoFloat(text)
      if (typeof value === 'string') return unfit(type, value === 'range' ? 'it is too large' : 'it is not a number')
      return Number.isFinite(value) ? value : unfit(type, NOT_FINITE)
    }
    default:
      return unfit(type, 'there is no such type')
  }
}

/** Refuses what no file can hold, and brings numbers to the form in which they are read back. */
function storable(value: ConfigValue, depth: number): ConfigValue {
  if (depth > MAX_DEPTH) throw unstorable(`it is nested more than ${MAX_DEPTH} levels deep`)
  if (value instanceof SecretText) {
    if (!value.ciphertext.isWellFormed()) throw unpaired()
    return value
  }
  if (typeof value === 'string') {
    checkText(value)
    return value
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    if (typeof value === 'number' && !Number.isFinite(value)) throw unstorable(NOT_FINITE)
    return normalizeNumber(value)
  }
  if (value === null || typeof value === 'boolean') return value
  if (isList(value)) return value.map((item) => storable(item, depth + 1))
  if (!isObject(value)) throw unstorable('it is not made of text, numbers, booleans, lists and mappings')
  if (isSecretShape(value))
    throw unstorable(`a mapping with the one key "${SECRET_KEY}" and a string in it is a secret`)
  const copy = new Map<string, ConfigValue>()
  for (const [key, item] of value) {
    if (!key.isWellFormed()) throw unpaired()
    if (key === MERGE_KEY) throw unstorable(`Pulumi would take the key ${MERGE_KEY} for a merge`)
    copy.set(key, storable(item, depth + 1))
  }
  return copy
}

function unfit(type: ValueType, reason: string): never {
  throw new StacksealError('ERR_INVALID_VALUE', `the value is not of type ${type}: ${reason}`, { details: { type } })
}

function unpaired(): StacksealError {
  return unstorable('it holds half of a surrogate pair, which UTF-8 can not express')
}

function unstorable(reason: string, hint?: string): StacksealError {
  return new StacksealError('ERR_INVALID_VALUE', `the value can not be stored: ${reason}`, { hint })
}
