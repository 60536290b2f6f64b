import { type ConfigObject, type ConfigValue, SecretText } from '../values/config-value.ts'
import type { PathSegment } from './property-path.ts'

/** A mapping with this one key and a string in it is a secret, wherever it stands. There is no escape. */
export const SECRET_KEY = 'secure'

/** YAML's key for merging a mapping into another. The reference merges it however it is quoted. */
export const MERGE_KEY = '<<'

/**
 * How many lists and mappings may stand in each other inside one value, so that everything that walks a value may
 * recurse without nearing the end of the stack. The reference goes to 10,000; nothing that people write comes near.
 */
export const MAX_DEPTH = 500

/** A secret and the way to it inside its value. */
export interface SecretPlace {
  readonly secret: SecretText
  readonly path: readonly PathSegment[]
}

/** `Array.isArray` does not narrow a readonly list. */
export function isList(value: ConfigValue): value is readonly ConfigValue[] {
  return Array.isArray(value)
}

export function isObject(value: ConfigValue): value is ConfigObject {
  return value instanceof Map
}

/** What lies one step into a value. */
export function childOf(value: ConfigValue, step: PathSegment): ConfigValue | undefined {
  if (isList(value)) return typeof step === 'bigint' && step >= 0n ? value[Number(step)] : undefined
  return isObject(value) && typeof step === 'string' ? value.get(step) : undefined
}

/** True for a mapping that every reader takes for a secret. */
export function isSecretShape(object: ConfigObject): boolean {
  return object.size === 1 && typeof object.get(SECRET_KEY) === 'string'
}

/** Every secret of a value, in the order of the file. */
export function secretsOf(value: ConfigValue, path: readonly PathSegment[] = []): readonly SecretPlace[] {
  if (value instanceof SecretText) return [{ secret: value, path }]
  if (isList(value)) return value.flatMap((item, index) => secretsOf(item, [...path, BigInt(index)]))
  return isObject(value) ? [...value].flatMap(([key, item]) => secretsOf(item, [...path, key])) : []
}

/** True where at least one secret stands in a value. */
export function hasSecret(value: ConfigValue): boolean {
  if (value instanceof SecretText) return true
  if (isList(value)) return value.some(hasSecret)
  return isObject(value) && [...value.values()].some(hasSecret)
}

/** The paths of everything in a value that is neither a secret nor a list or mapping with something in it. */
export function plainLeaves(
  value: ConfigValue,
  path: readonly PathSegment[] = [],
): readonly (readonly PathSegment[])[] {
  if (value instanceof SecretText) return []
  if (isList(value) && value.length > 0) return value.flatMap((item, i) => plainLeaves(item, [...path, BigInt(i)]))
  if (isObject(value) && value.size > 0) return [...value].flatMap(([key, item]) => plainLeaves(item, [...path, key]))
  return [path]
}

/** A value with something else in place of each secret; the same where it holds none. */
export function mapSecrets(value: ConfigValue, replace: (secret: SecretText) => ConfigValue): ConfigValue {
  if (value instanceof SecretText) return replace(value)
  if (isList(value)) return value.map((item) => mapSecrets(item, replace))
  return isObject(value) ? new Map(Array.from(value, ([key, item]) => [key, mapSecrets(item, replace)])) : value
}
