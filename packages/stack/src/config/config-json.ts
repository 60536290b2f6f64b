import { isStacksealError, StacksealError } from '@stackseal/core'

import { parseConfigKeyArgument } from './config-key.ts'
import { isObject } from './value-shape.ts'
import type { ConfigValue } from '../values/config-value.ts'
import { normalizeNumber } from '../values/go-number.ts'

/** One value of what `config --json` prints: text, or a plain list or mapping. A secret is always text. */
export type JsonConfigEntry =
  | { readonly key: string; readonly text: string; readonly secret: boolean }
  | { readonly key: string; readonly object: ConfigValue }

/**
 * Reads the JSON that `config --json` prints. Where an entry has `objectValue`, its `value` is the same as JSON text, and
 * is what counts: numbers are exact there. A secret list or mapping is one secret, which holds that text.
 * @throws ERR_USAGE, ERR_INVALID_CONFIG_KEY; messages name keys and never hold a value
 */
export function parseConfigJson(text: string): readonly JsonConfigEntry[] {
  const entries = parseJson(text, 'could not parse --json argument')
  if (!isObject(entries))
    throw refused('could not parse --json argument: it is not an object with a member for each key')
  return Array.from(entries, ([key, entry]) => parseEntry(key, entry))
}

/**
 * A key and a value of `key=value`, as `config set-all` takes them. A key that holds an equals sign stands in quotes:
 * `'"a=b"=value'`.
 * @throws ERR_USAGE; the message never holds the pair
 */
export function parseKeyValue(pair: string): readonly [key: string, value: string] {
  const quote = pair.startsWith('"') || pair.startsWith("'") ? pair.charAt(0) : ''
  const end = pair.indexOf(`${quote}=`, quote.length)
  if (end < 0) throw refused('config value must be in the form [key]=[value]')
  return [pair.slice(quote.length, end), pair.slice(end + quote.length + 1)]
}

function parseEntry(key: string, entry: ConfigValue): JsonConfigEntry {
  checkKey(key)
  if (!isObject(entry)) throw refused(`the --json value of ${key} is not an object`)
  const value = entry.get('value') ?? null
  const secret = entry.get('secret') ?? false
  if (value === null) {
    throw refused(
      `value for --json object key "${key}" is nil`,
      'a listing without --show-secrets leaves out the values of secrets',
    )
  }
  if (typeof value !== 'string') throw refused(`the --json value of ${key} is not a text`)
  if (typeof secret !== 'boolean') throw refused(`secret of ${key} is neither true nor false`)
  if ((entry.get('objectValue') ?? null) === null) return { key, text: value, secret }
  const object = parseJson(value, `the --json value of ${key} is not JSON`)
  return secret ? { key, text: value, secret } : { key, object }
}

function checkKey(key: string): void {
  try {
    parseConfigKeyArgument(key, '', false)
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw new StacksealError(
      error.code,
      `invalid --json object key "${key}": could not parse ${key} as a configuration key`,
      { hint: error.hint, details: error.details },
    )
  }
}

function parseJson(text: string, failure: string): ConfigValue {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the reviver makes nothing else
    return JSON.parse(text, revive) as ConfigValue
  } catch {
    // A SyntaxError is the one thing that parsing can throw; its message holds a part of the text.
    const reason = text.trim() === '' || isCutOff(text) ? ': unexpected end of JSON input' : ''
    throw refused(`${failure}${reason}`, 'give it what "stackseal config --json" prints')
  }
}

/** Whether the text is the beginning of JSON: then more of it helps. */
function isCutOff(text: string): boolean {
  return /^\s*[[{]\s*$/.test(text)
}

function revive(_key: string, value: unknown, { source = '' }: { readonly source?: string } = {}): unknown {
  if (typeof value === 'number') return normalizeNumber(/^-?\d+$/.test(source) ? BigInt(source) : value)
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Map) return value
  return new Map(Object.entries(value))
}

function refused(message: string, hint?: string): StacksealError {
  return new StacksealError('ERR_USAGE', message, { hint })
}
