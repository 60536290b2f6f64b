import { type ErrorCode, isStacksealError, Secret, StacksealError } from '@stackseal/core'

import { type ConfigEntry, type ConfigMap, getValue, removeValue, setValue } from './config/config-map.ts'
import { type ConfigPlace, displayConfigPlace, parseConfigPlace } from './config/config-place.ts'
import { valueText } from './config/config-output.ts'
import { type ConfigValue, SecretText } from './values/config-value.ts'
import type { NewValue } from './config/new-value.ts'
import type { StackFile } from './stack-file.ts'
import { secretsOf } from './config/value-shape.ts'

/** A key as a program or a command line names it: `name`, `namespace:name`, with a path behind it where `path` is set. */
export interface KeyOptions {
  /** Reads the key as a property path: `servers[0].host`. */
  readonly path?: boolean
}

/** A change that waits to be saved. It is applied to the file as it is at that moment, so that others' changes stay. */
export type PendingEdit =
  | { readonly kind: 'set'; readonly place: ConfigPlace; readonly value: NewValue }
  | { readonly kind: 'set-secret'; readonly place: ConfigPlace; readonly plaintext: string }
  | { readonly kind: 'remove'; readonly place: ConfigPlace }

/** Failures of one value, which do not know themselves which value it was. */
const OF_ONE_VALUE = new Set<ErrorCode>(['ERR_DECRYPT_FAILED', 'ERR_MALFORMED_CIPHERTEXT', 'ERR_SECRET_NOT_TEXT'])

/** What a configuration needs of its stack. */
export interface ConfigHost {
  readonly project: string
  readonly stack: string
  readonly decrypt: (ciphertexts: readonly string[]) => Promise<readonly string[]>
  readonly encrypt: (plaintext: string) => Promise<string>
  readonly save: (edits: readonly PendingEdit[]) => Promise<SaveResult & { readonly file: StackFile }>
}

/** What a save did. */
export interface SaveResult {
  /** False where everything stood as it was asked for: the file was not touched. */
  readonly changed: boolean
  /** Secrets that did not open and were replaced. */
  readonly replacedDamaged: readonly ConfigPlace[]
}

/**
 * The configuration of one stack. Reading plain values needs no key and is synchronous; secrets need the data key and
 * are not. Changes stay in memory until {@link save}, which writes all of them or nothing.
 */
export class StackConfig {
  readonly #host: ConfigHost
  #config: ConfigMap
  #edits: PendingEdit[] = []

  constructor(file: StackFile, host: ConfigHost) {
    this.#host = host
    this.#config = file.config
  }

  /** The keys, `namespace:name`, in the order of the file. */
  keys(): string[] {
    return [...this.#config.keys()]
  }

  /** Every key with its value, in the order of the file; secrets stand in it as their ciphertexts. */
  entries(): ConfigEntry[] {
    return [...this.#config.values()]
  }

  /** The value at a key as it is stored; undefined where there is none. Secrets stand in it as their ciphertexts. */
  find(key: string, options: KeyOptions = {}): ConfigValue | undefined {
    const place = this.#place(key, options)
    return getValue(this.#config, place.key, place.path)
  }

  /**
   * The text of a plain value, as `config get` prints it; undefined where there is none.
   * @throws ERR_INVALID_VALUE if the value is a secret or holds one: {@link getSecret} reads those
   */
  get(key: string, options: KeyOptions = {}): string | undefined {
    const value = this.find(key, options)
    if (value === undefined) return undefined
    return valueText(value, () => {
      throw new StacksealError('ERR_INVALID_VALUE', `${key} is a secret`, {
        hint: `read it with getSecret(${JSON.stringify(key)})`,
      })
    })
  }

  /** As {@link get}; throws ERR_CONFIG_KEY_NOT_FOUND where there is none. */
  require(key: string, options: KeyOptions = {}): string {
    return this.get(key, options) ?? this.#notFound(key, options)
  }

  /**
   * The text of a value, secret or not, as a {@link Secret}; undefined where there is none. One use of the data key,
   * whatever the number of secrets inside.
   */
  async getSecret(key: string, options: KeyOptions = {}): Promise<Secret | undefined> {
    const value = this.find(key, options)
    if (value === undefined) return undefined
    const secrets = [...secretsOf(value)].map(({ secret }) => secret)
    const plaintexts = secrets.length === 0 ? [] : await this.#decrypt(secrets, this.#place(key, options))
    const opened = new Map(secrets.map((secret, i) => [secret, { plaintext: plaintexts[i] as string }]))
    return new Secret(valueText(value, (secret) => opened.get(secret)))
  }

  /** As {@link getSecret}; throws ERR_CONFIG_KEY_NOT_FOUND where there is none. */
  async requireSecret(key: string, options: KeyOptions = {}): Promise<Secret> {
    return (await this.getSecret(key, options)) ?? this.#notFound(key, options)
  }

  /** Sets a plain value. Text is stored as text; with `path` below the top level `true` and `10` become what they look like. */
  set(key: string, value: NewValue | string, options: KeyOptions = {}): void {
    const place = this.#place(key, options)
    const newValue = typeof value === 'string' ? { text: value } : value
    this.#config = setValue(this.#config, place.key, place.path, newValue)
    this.#edits.push({ kind: 'set', place, value: newValue })
  }

  /** Encrypts a text and sets it. The value it has already keeps its ciphertext when it is saved. */
  async setSecret(key: string, plaintext: string | Secret, options: KeyOptions = {}): Promise<void> {
    const place = this.#place(key, options)
    const text = typeof plaintext === 'string' ? plaintext : plaintext.reveal()
    // Checked against the values that are there before the key is used.
    setValue(this.#config, place.key, place.path, new SecretText(''))
    this.#config = setValue(this.#config, place.key, place.path, new SecretText(await this.#host.encrypt(text)))
    this.#edits.push({ kind: 'set-secret', place, plaintext: text })
  }

  /** Takes a key out, or the value at a path. Where nothing is there nothing changes. */
  remove(key: string, options: KeyOptions = {}): void {
    const place = this.#place(key, options)
    this.#config = removeValue(this.#config, place.key, place.path)
    this.#edits.push({ kind: 'remove', place })
  }

  /** Writes every change that waits, or, if one can not be made, nothing. */
  async save(): Promise<SaveResult> {
    if (this.#edits.length === 0) return { changed: false, replacedDamaged: [] }
    const { file, changed, replacedDamaged } = await this.#host.save(this.#edits)
    this.#config = file.config
    this.#edits = []
    return { changed, replacedDamaged }
  }

  async #decrypt(secrets: readonly SecretText[], place: ConfigPlace): Promise<readonly string[]> {
    try {
      return await this.#host.decrypt(secrets.map((secret) => secret.ciphertext))
    } catch (error) {
      if (!isStacksealError(error) || !OF_ONE_VALUE.has(error.code)) throw error
      const name = displayConfigPlace(place, this.#host.project)
      throw new StacksealError(error.code, `${name} of stack ${this.#host.stack}: ${error.message}`, {
        hint: error.hint ?? 'look with "stackseal verify" which secrets open',
        details: { ...error.details, key: name, stack: this.#host.stack },
      })
    }
  }

  #place(key: string, options: KeyOptions): ConfigPlace {
    return parseConfigPlace(key, this.#host.project, options.path === true)
  }

  #notFound(key: string, options: KeyOptions): never {
    const name = displayConfigPlace(this.#place(key, options), this.#host.project)
    throw new StacksealError('ERR_CONFIG_KEY_NOT_FOUND', `stack ${this.#host.stack} has no configuration key ${name}`, {
      hint: 'list the keys with "stackseal config"',
      details: { key: name, stack: this.#host.stack },
    })
  }
}
