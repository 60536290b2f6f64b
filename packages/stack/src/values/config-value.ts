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
