/**
 * One value of a stack's configuration, as the reference holds it after loading.
 *
 * Integers that fit 64 signed bits are bigint, every other number is a float64 (`number`); a float64 that prints as
 * such an integer does not occur. Mappings keep the order of the file; whatever prints them sorts.
 */
export type ConfigValue = null | boolean | bigint | number | string | SecretText | readonly ConfigValue[] | ConfigObject

export type ConfigObject = ReadonlyMap<string, ConfigValue>

/** A secret's place: a mapping with the one key `secure` and a string in it. */
export class SecretText {
  /** The ciphertext as it stands in the file, or whatever stands there in its place. */
  readonly ciphertext: string

  constructor(ciphertext: string) {
    this.ciphertext = ciphertext
  }
}

/** Every secret inside a value, with its path there, in the order in which they stand. */
export function* secretsIn(
  value: ConfigValue,
  path: readonly (string | bigint)[] = [],
): Generator<{ readonly path: readonly (string | bigint)[]; readonly secret: SecretText }> {
  if (value instanceof SecretText) {
    yield { path, secret: value }
  } else if (isList(value)) {
    for (const [index, item] of value.entries()) yield* secretsIn(item, [...path, BigInt(index)])
  } else if (value instanceof Map) {
    for (const [name, item] of value as ConfigObject) yield* secretsIn(item, [...path, name])
  }
}

/** Array.isArray, for a readonly list. */
export function isList(value: ConfigValue | undefined): value is readonly ConfigValue[] {
  return Array.isArray(value)
}
