import type { ConfigValue } from '../values/config-value.ts'

/** A place in a document: mapping keys as they are spelled there, and list indices. */
export type DocumentPath = readonly (string | bigint)[]

/** The containers that a path needs and that are not there yet, around the value: lists for indices, mappings for names. */
export function wrapped(path: DocumentPath, value: ConfigValue): ConfigValue {
  return path.reduceRight<ConfigValue>((inner, segment) => {
    if (typeof segment === 'string') return new Map([[segment, inner]])
    // A new list is filled up with nulls, as the reference does.
    return [...Array.from({ length: Number(segment) }, () => null), inner]
  }, value)
}
