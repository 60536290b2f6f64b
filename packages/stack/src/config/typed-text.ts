import { StacksealError } from '@stackseal/core'

import type { ConfigValue, SecretText } from '../values/config-value.ts'
import { isList, isObject } from './value-shape.ts'

/** A whole or broken number in decimal digits, with an exponent or without; nothing stands before or behind it. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/

/**
 * The boolean that a text says: `true` or `false`, as Pulumi's programs take it.
 * @throws ERR_INVALID_VALUE for any other text; the message names the key and not the text
 */
export function booleanOf(text: string, key: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw notA(key, 'boolean', 'true or false')
}

/**
 * The number that a text says.
 * @throws ERR_INVALID_VALUE for a text that is not a number as a whole, or one that no float64 can hold
 */
export function numberOf(text: string, key: string): number {
  const value = NUMBER.test(text) ? Number(text) : NaN
  if (Number.isFinite(value)) return value
  throw notA(key, 'number', 'decimal digits')
}

/**
 * What a JSON text stands for; its shape is not checked.
 * @throws ERR_INVALID_VALUE for a text that is not JSON
 */
export function objectOf(text: string, key: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // The parser's own message shows a piece of the text, which may be a secret.
    throw notA(key, 'JSON object', 'JSON')
  }
}

/** A value as a program's own objects, lists and numbers, with something else in place of each secret. */
export function plainObject(value: ConfigValue, secrets: (secret: SecretText) => unknown): unknown {
  if (isList(value)) return value.map((item) => plainObject(item, secrets))
  // Object.fromEntries makes __proto__ a name like any other.
  if (isObject(value))
    return Object.fromEntries(Array.from(value, ([name, item]) => [name, plainObject(item, secrets)]))
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'object' && value !== null ? secrets(value) : value
}

function notA(key: string, what: string, form: string): StacksealError {
  return new StacksealError('ERR_INVALID_VALUE', `configuration ${key} is not a ${what}`, {
    hint: `set it to ${form}`,
    details: { key },
  })
}
