import { type Decrypted, Secret, StacksealError } from '@stackseal/core'

import { type ConfigPlace, displayConfigPlace, parseConfigPlace } from './config-place.ts'
import { type Reveal, valueText } from './config-output.ts'
import type { NewValue } from './new-value.ts'
import type { CoveredValue } from './secret-marks.ts'
import { booleanOf, numberOf, objectOf, plainObject } from './typed-text.ts'
import { isList, isObject } from './value-shape.ts'
import { type ConfigValue, SecretText } from '../values/config-value.ts'

/** How a program names a value. */
export interface KeyOptions {
  /** Reads the key as a property path: `servers[0].host`. */
  readonly path?: boolean
}

/** What a view reads and changes: the configuration of one stack in memory. */
export interface ConfigSource {
  readonly project: string
  readonly stack: string
  /** The value at a place as it is stored, or as the project gives it. */
  find(place: ConfigPlace): ConfigValue | undefined
  /** The same with a secret in place of every value that is marked `!secret`. */
  read(place: ConfigPlace): CoveredValue | undefined
  /** Opens every secret of a value. */
  open(value: CoveredValue, place: ConfigPlace): Promise<(secret: SecretText) => Decrypted>
  set(place: ConfigPlace, value: NewValue): void
  setSealed(place: ConfigPlace, value: CoveredValue): Promise<void>
  remove(place: ConfigPlace): void
}

/**
 * A stack's configuration as a program reads it, with keys of one namespace. `name` is a key of that namespace; a key
 * of another one is written out (`aws:region`). Every getter has a form that throws ERR_CONFIG_KEY_NOT_FOUND where
 * there is no value (`require…`), and one for secrets, which is asynchronous and gives a {@link Secret}.
 *
 * A getter that is not for secrets never gives what is encrypted or marked `!secret`: it throws ERR_INVALID_VALUE.
 */
export class ConfigView {
  /** The namespace of keys that name none. */
  readonly namespaceName: string
  readonly #source: ConfigSource

  /** @internal */
  constructor(source: ConfigSource, namespaceName: string) {
    this.#source = source
    this.namespaceName = namespaceName
  }

  /**
   * The value at a key as it is stored; undefined where there is none. Secrets stand in it as their ciphertexts, and
   * values that are marked `!secret` in clear.
   */
  find(key: string, options: KeyOptions = {}): ConfigValue | undefined {
    return this.#source.find(this.#place(key, options))
  }

  /**
   * The text of a plain value, as `config get` prints it; undefined where there is none.
   * @throws ERR_INVALID_VALUE if the value is a secret or holds one: {@link getSecret} reads those
   */
  get(key: string, options: KeyOptions = {}): string | undefined {
    const read = this.#source.read(this.#place(key, options))
    return read === undefined ? undefined : valueText(read.value, this.#refuse(key, 'getSecret'))
  }

  /** As {@link get}; throws ERR_CONFIG_KEY_NOT_FOUND where there is none. */
  require(key: string, options: KeyOptions = {}): string {
    return this.#required(this.get(key, options), key, options)
  }

  /**
   * A plain value as a boolean: its text is `true` or `false`.
   * @throws ERR_INVALID_VALUE for another text, and as {@link get}
   */
  getBoolean(key: string, options: KeyOptions = {}): boolean | undefined {
    const text = this.get(key, options)
    return text === undefined ? undefined : booleanOf(text, this.#name(key, options))
  }

  /** As {@link getBoolean}; throws ERR_CONFIG_KEY_NOT_FOUND where there is none. */
  requireBoolean(key: string, options: KeyOptions = {}): boolean {
    return this.#required(this.getBoolean(key, options), key, options)
  }

  /**
   * A plain value as a number: its text is decimal digits as a whole, with a fraction or an exponent or without.
   * @throws ERR_INVALID_VALUE for another text, and as {@link get}
   */
  getNumber(key: string, options: KeyOptions = {}): number | undefined {
    const text = this.get(key, options)
    return text === undefined ? undefined : numberOf(text, this.#name(key, options))
  }

  /** As {@link getNumber}; throws ERR_CONFIG_KEY_NOT_FOUND where there is none. */
  requireNumber(key: string, options: KeyOptions = {}): number {
    return this.#required(this.getNumber(key, options), key, options)
  }

  /**
   * A plain list or mapping, or what the JSON of a text stands for. Its shape is not checked against `T`.
   * @throws ERR_INVALID_VALUE for a text that is not JSON, and as {@link get}: {@link getObjectWithSecrets} and
   *   {@link getSecretObject} read secrets
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what shape it expects
  getObject<T = unknown>(key: string, options: KeyOptions = {}): T | undefined {
    const read = this.#source.read(this.#place(key, options))
    if (read === undefined) return undefined
    const instead = read.value instanceof SecretText ? 'getSecretObject' : 'getObjectWithSecrets'
    const text = valueText(read.value, this.#refuse(key, instead))
    return objectOf(text, this.#name(key, options)) as T
  }

  /** As {@link getObject}; throws ERR_CONFIG_KEY_NOT_FOUND where there is none. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as above
  requireObject<T = unknown>(key: string, options: KeyOptions = {}): T {
    return this.#required(this.getObject<T>(key, options), key, options)
  }

  /**
   * The text of a value, secret or not, as a {@link Secret}; undefined where there is none. One use of the data key,
   * whatever the number of secrets inside.
   * @throws ERR_DECRYPT_FAILED, ERR_MALFORMED_CIPHERTEXT, ERR_SECRET_NOT_TEXT, and what opening the data key throws
   */
  async getSecret(key: string, options: KeyOptions = {}): Promise<Secret | undefined> {
    const place = this.#place(key, options)
    const read = this.#source.read(place)
    if (read === undefined) return undefined
    const reveal: Reveal = await this.#source.open(read, place)
    return new Secret(valueText(read.value, reveal))
  }

  /** As {@link getSecret}; throws ERR_CONFIG_KEY_NOT_FOUND where there is none. */
  async requireSecret(key: string, options: KeyOptions = {}): Promise<Secret> {
    return this.#required(await this.getSecret(key, options), key, options)
  }

  /** As {@link getBoolean}, of a secret or a plain value. */
  async getSecretBoolean(key: string, options: KeyOptions = {}): Promise<Secret<boolean> | undefined> {
    return (await this.getSecret(key, options))?.map((text) => booleanOf(text, this.#name(key, options)))
  }

  /** As {@link getSecretBoolean}; throws ERR_CONFIG_KEY_NOT_FOUND where there is none. */
  async requireSecretBoolean(key: string, options: KeyOptions = {}): Promise<Secret<boolean>> {
    return this.#required(await this.getSecretBoolean(key, options), key, options)
  }

  /** As {@link getNumber}, of a secret or a plain value. */
  async getSecretNumber(key: string, options: KeyOptions = {}): Promise<Secret<number> | undefined> {
    return (await this.getSecret(key, options))?.map((text) => numberOf(text, this.#name(key, options)))
  }

  /** As {@link getSecretNumber}; throws ERR_CONFIG_KEY_NOT_FOUND where there is none. */
  async requireSecretNumber(key: string, options: KeyOptions = {}): Promise<Secret<number>> {
    return this.#required(await this.getSecretNumber(key, options), key, options)
  }

  /** As {@link getObject}, of a secret or a plain value: one {@link Secret} around the whole, plain parts included. */
  async getSecretObject<T = unknown>(key: string, options: KeyOptions = {}): Promise<Secret<T> | undefined> {
    return (await this.getSecret(key, options))?.map((text) => objectOf(text, this.#name(key, options)) as T)
  }

  /** As {@link getSecretObject}; throws ERR_CONFIG_KEY_NOT_FOUND where there is none. */
  async requireSecretObject<T = unknown>(key: string, options: KeyOptions = {}): Promise<Secret<T>> {
    return this.#required(await this.getSecretObject<T>(key, options), key, options)
  }

  /**
   * A list or mapping with a {@link Secret} of text at each place where a secret stands, and its plain parts in clear;
   * undefined where there is none. Its shape is not checked against `T`.
   * @throws ERR_INVALID_VALUE for a text that is a secret as a whole ({@link getSecretObject} reads those) or not JSON
   */
  async getObjectWithSecrets<T = unknown>(key: string, options: KeyOptions = {}): Promise<T | undefined> {
    const place = this.#place(key, options)
    const read = this.#source.read(place)
    if (read === undefined) return undefined
    if (!isList(read.value) && !isObject(read.value)) return this.getObject<T>(key, options)
    const reveal = await this.#source.open(read, place)
    return plainObject(read.value, (secret) => {
      const opened = reveal(secret)
      if ('error' in opened) throw opened.error
      return new Secret(opened.plaintext)
    }) as T
  }

  /** As {@link getObjectWithSecrets}; throws ERR_CONFIG_KEY_NOT_FOUND where there is none. */
  async requireObjectWithSecrets<T = unknown>(key: string, options: KeyOptions = {}): Promise<T> {
    return this.#required(await this.getObjectWithSecrets<T>(key, options), key, options)
  }

  /**
   * Sets a plain value, in memory. Text is stored as text; with `path` below the top level `true` and `10` become what
   * they look like.
   * @throws ERR_INVALID_CONFIG_KEY, ERR_INVALID_PROPERTY_PATH, ERR_INVALID_VALUE
   */
  set(key: string, value: NewValue | string, options: KeyOptions = {}): void {
    this.#source.set(this.#place(key, options), typeof value === 'string' ? { text: value } : value)
  }

  /**
   * Encrypts a text and sets it, in memory. The value it has already keeps its ciphertext when it is saved.
   * @throws as {@link set}, and what opening the data key throws
   */
  async setSecret(key: string, plaintext: string | Secret, options: KeyOptions = {}): Promise<void> {
    const secret = new SecretText('')
    const text = typeof plaintext === 'string' ? plaintext : plaintext.reveal()
    const place = this.#place(key, options)
    await this.#source.setSealed(place, { value: secret, plaintexts: new Map([[secret, text]]) })
  }

  /** Takes a key out, or the value at a path, in memory. Where nothing is there nothing changes. */
  remove(key: string, options: KeyOptions = {}): void {
    this.#source.remove(this.#place(key, options))
  }

  #refuse(key: string, instead: string): Reveal {
    return () => {
      throw new StacksealError('ERR_INVALID_VALUE', `${key} is a secret, or holds one`, {
        hint: `read it with ${instead}(${JSON.stringify(key)})`,
        details: { key },
      })
    }
  }

  #required<T>(value: T | undefined, key: string, options: KeyOptions): T {
    if (value !== undefined) return value
    const name = this.#name(key, options)
    const { stack } = this.#source
    throw new StacksealError('ERR_CONFIG_KEY_NOT_FOUND', `stack ${stack} has no configuration key ${name}`, {
      hint: 'list the keys with "stackseal config"',
      details: { key: name, stack },
    })
  }

  #name(key: string, options: KeyOptions): string {
    return displayConfigPlace(this.#place(key, options), this.#source.project)
  }

  #place(key: string, options: KeyOptions): ConfigPlace {
    return parseConfigPlace(key, this.namespaceName, options.path === true)
  }
}
