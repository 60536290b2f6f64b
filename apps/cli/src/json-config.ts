import { StacksealError } from '@stackseal/core'
import type { ConfigValue } from '@stackseal/stack'

/** One value of what `config --json` prints: text, or a plain list or mapping. A secret is always text. */
export type JsonConfigEntry =
  | { readonly key: string; readonly text: string; readonly secret: boolean }
  | { readonly key: string; readonly object: ConfigValue }

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/**
 * Reads the JSON that `config --json` prints. Where an entry has `objectValue`, its `value` is the same as JSON text, and
 * is what counts: numbers are exact there. A secret list or mapping is one secret, which holds that text.
 * @throws ERR_USAGE; messages name keys and never hold a value
 */
export function parseConfigJson(text: string): JsonConfigEntry[] {
  const entries = parseJson(text, 'could not parse --json argument')
  if (!(entries instanceof Map)) {
    throw refused('could not parse --json argument: it is not an object with a member for each key')
  }
  return Array.from(entries as ReadonlyMap<string, ConfigValue>, ([key, entry]) => parseEntry(key, entry))
}

function parseEntry(key: string, entry: ConfigValue): JsonConfigEntry {
  if (!(entry instanceof Map)) throw refused(`the --json value of ${key} is not an object`)
  const value = entry.get('value') ?? null
  const secret = entry.get('secret') ?? false
  if (value === null) {
    const hint = 'a listing without --show-secrets leaves out the values of secrets'
    throw refused(`value for --json object key "${key}" is nil`, hint)
  }
  if (typeof value !== 'string') throw refused(`the --json value of ${key} is not a text`)
  if (typeof secret !== 'boolean') throw refused(`secret of ${key} is neither true nor false`)
  if ((entry.get('objectValue') ?? null) === null) return { key, text: value, secret }
  const object = parseJson(value, `the --json value of ${key} is not JSON`)
  return secret ? { key, text: value, secret } : { key, object }
}

/** The value of JSON text: whole numbers of 64 bits exactly, mappings with any names. */
function parseJson(text: string, failure: string): ConfigValue {
  try {
    return JSON.parse(text, reviver) as ConfigValue
  } catch {
    // A SyntaxError is the one thing that parsing can throw; its message holds a part of the text.
    throw refused(failure, 'give it what "stackseal config --json" prints')
  }
}

function reviver(_key: string, value: unknown, { source = '' }: { readonly source?: string } = {}): unknown {
  if (typeof value === 'number') {
    const integer = /^-?\d+$/.test(source) ? BigInt(source) : undefined
    return integer !== undefined && integer >= INT64_MIN && integer <= INT64_MAX ? integer : value
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Map) return value
  return new Map(Object.entries(value))
}

function refused(message: string, hint?: string): StacksealError {
  return new StacksealError('ERR_USAGE', message, { hint })
}
