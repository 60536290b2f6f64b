import { StacksealError } from '@stackseal/core'
import { type ConfigKey, printConfigKey } from './config-key.ts'
import type { ConfigObject, ConfigValue } from '../values/config-value.ts'
import { coerceNewValue, type NewValue } from './new-value.ts'
import { type PathSegment, printPropertyPath } from './property-path.ts'
import { childOf, isList, isObject, isSecretShape, MAX_DEPTH, MERGE_KEY, SECRET_KEY } from './value-shape.ts'

/** One value of a stack's configuration. */
export interface ConfigEntry {
  readonly key: ConfigKey
  /**
   * A list, a mapping, a secret, or text: scalars at the top level lose their type when a file is loaded. Another scalar
   * stands here only from a set with a type until the file is loaded again; such a float may be a whole number.
   */
  readonly value: ConfigValue
  /** The key as the file spells it: bare, `<namespace>:<name>` or `<namespace>:config:<name>`. */
  readonly spelling: string
}

/** The configuration of one stack, under the printed key `<namespace>:<name>`, in the order of the file. */
export type ConfigMap = ReadonlyMap<string, ConfigEntry>

/** How many empty places a set may put before the first item of a list that it makes. */
const MAX_NEW_ITEMS = 10_000

type Steps = readonly [string, ...PathSegment[]]

/** The value of a key, or what lies at a path inside it. A path into a secret or a scalar finds nothing. */
export function getValue(
  config: ConfigMap,
  key: ConfigKey,
  path: readonly PathSegment[] = [],
): ConfigValue | undefined {
  let value = config.get(printConfigKey(key))?.value
  for (const step of path) {
    if (value === undefined) return undefined
    value = childOf(value, step)
  }
  return value
}

/**
 * The configuration with one value set: a key's, or at a path inside it. Missing lists and mappings on the way are
 * made; what stood at the top level in their place is replaced, deeper down it must fit. docs/format.md, "Setting a value".
 * @throws ERR_INVALID_PROPERTY_PATH where the path does not fit what is there, naming the place
 * @throws ERR_INVALID_VALUE for a value that can not be stored
 * @throws ERR_INVALID_CONFIG_KEY for a name that would be read back as another key
 */
export function setValue(
  config: ConfigMap,
  key: ConfigKey,
  path: readonly PathSegment[] | undefined,
  value: NewValue,
): ConfigMap {
  const steps: Steps = [key.name, ...(path ?? [])]
  checkWritable(key, steps)
  const printed = printConfigKey(key)
  const old = config.get(printed)
  const leaf = coerceNewValue(value, steps.length - 1)
  const set = steps.length === 1 ? leaf : put(old?.value ?? null, steps, 1, leaf)
  return new Map(config).set(printed, { key, value: set, spelling: old?.spelling ?? printed })
}

/**
 * The configuration without a key, or without what lies at a path inside it; items of a list move up, emptied lists and
 * mappings stay. The same object where there was nothing to remove.
 * @throws ERR_INVALID_VALUE where what remains would be taken for a secret
 */
export function removeValue(config: ConfigMap, key: ConfigKey, path: readonly PathSegment[] = []): ConfigMap {
  const printed = printConfigKey(key)
  const old = config.get(printed)
  if (old === undefined) return config
  if (path.length === 0) {
    const copy = new Map(config)
    copy.delete(printed)
    return copy
  }
  const value = drop(old.value, [key.name, ...path], 1)
  return value === old.value ? config : new Map(config).set(printed, { ...old, value })
}

function checkWritable(key: ConfigKey, steps: Steps): void {
  if (key.name.includes(':') || key.namespace.includes(':')) {
    throw new StacksealError(
      'ERR_INVALID_CONFIG_KEY',
      `${printConfigKey(key)} would not be read back as the same key: a colon stands in its name`,
      {
        details: { key: printConfigKey(key) },
      },
    )
  }
  if (steps.length - 1 > MAX_DEPTH) throw misfit(steps.slice(0, 1), `the path leads more than ${MAX_DEPTH} levels deep`)
  const merge = steps.indexOf(MERGE_KEY, 1)
  if (merge > 0) throw misfit(steps.slice(0, merge + 1), `Pulumi would take the key ${MERGE_KEY} for a merge`)
}

/** The container at `steps[0 … depth - 1]` with the leaf put at the end of the path. */
function put(current: ConfigValue, steps: Steps, depth: number, leaf: ConfigValue): ConfigValue {
  const step = steps[depth] as PathSegment
  const here = (): readonly PathSegment[] => steps.slice(0, depth + 1)
  const last = depth === steps.length - 1
  const container = containerFor(current, steps, depth)
  if (isList(container)) {
    if (typeof step === 'string') throw misfit(here(), 'a list is there, whose places are numbers')
    if (step < 0n || step > BigInt(container.length)) {
      throw misfit(
        here(),
        `the index is outside the list, which has ${container.length} items; the next free index is ${container.length}`,
      )
    }
    const at = Number(step)
    const copy = [...container]
    copy[at] = last ? leaf : put(container[at] ?? null, steps, depth + 1, leaf)
    return copy
  }
  if (typeof step === 'bigint') throw misfit(here(), 'a mapping is there, whose places are names')
  if (last && step === SECRET_KEY && typeof leaf === 'string' && otherKeys(container) === 0) throw reserved(here())
  return new Map(container).set(step, last ? leaf : put(container.get(step) ?? null, steps, depth + 1, leaf))
}

function containerFor(current: ConfigValue, steps: Steps, depth: number): readonly ConfigValue[] | ConfigObject {
  if (isList(current) || isObject(current)) return current
  const step = steps[depth] as PathSegment
  // Only what stands at the top level gives way, a secret too; so does the reference.
  if (current !== null && depth > 1) {
    throw misfit(
      steps.slice(0, depth),
      `a ${typeof step === 'bigint' ? 'list' : 'mapping'} is needed here, and something else is there`,
    )
  }
  if (typeof step === 'string') return new Map()
  if (step < 0n) return []
  if (step > BigInt(MAX_NEW_ITEMS))
    throw misfit(steps.slice(0, depth + 1), `a new list would begin with more than ${MAX_NEW_ITEMS} empty places`)
  return Array.from({ length: Number(step) + 1 }, () => null)
}

/** The container without what lies at the end of the path; the same object where nothing lies there. */
function drop(current: ConfigValue, steps: Steps, depth: number): ConfigValue {
  const step = steps[depth] as PathSegment
  const old = childOf(current, step)
  if (old === undefined) return current
  const last = depth === steps.length - 1
  const changed = last ? undefined : drop(old, steps, depth + 1)
  if (changed === old) return current
  if (isList(current)) {
    const at = Number(step)
    return changed === undefined ? current.toSpliced(at, 1) : current.with(at, changed)
  }
  const copy = new Map(current as ConfigObject)
  if (changed !== undefined) return copy.set(step as string, changed)
  copy.delete(step as string)
  if (isSecretShape(copy)) throw reserved(steps.slice(0, depth + 1))
  return copy
}

function otherKeys(object: ConfigObject): number {
  return object.size - (object.has(SECRET_KEY) ? 1 : 0)
}

function misfit(path: readonly PathSegment[], reason: string): StacksealError {
  const place = printPropertyPath(path)
  return new StacksealError('ERR_INVALID_PROPERTY_PATH', `${place}: ${reason}`, { details: { path: place } })
}

function reserved(path: readonly PathSegment[]): StacksealError {
  const place = printPropertyPath(path)
  const reason = `a mapping with the one key "${SECRET_KEY}" and a string in it would be taken for a secret`
  return new StacksealError('ERR_INVALID_VALUE', `${place}: ${reason}`, { details: { path: place } })
}
