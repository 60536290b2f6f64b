import { type Decrypted, type ErrorCode, isStacksealError, StacksealError } from '@stackseal/core'

import { type ConfigMap, getValue, removeValue, setValue } from './config/config-map.ts'
import { type ConfigPlace, displayConfigPlace } from './config/config-place.ts'
import type { ConfigSource } from './config/config-view.ts'
import type { NewValue } from './config/new-value.ts'
import type { ProjectConfig } from './config/project-config.ts'
import { withProjectConfig } from './config/project-defaults.ts'
import {
  type CoveredValue,
  coverMarked,
  type MarkedPlace,
  marksAfterRemove,
  marksAfterSet,
} from './config/secret-marks.ts'
import { mapSecrets, secretsOf } from './config/value-shape.ts'
import type { PendingEdit } from './stack-edits.ts'
import type { StackFile } from './stack-file.ts'
import { type ConfigValue, SecretText } from './values/config-value.ts'

/** Failures of one value, which do not know themselves which value it was. */
const OF_ONE_VALUE = new Set<ErrorCode>(['ERR_DECRYPT_FAILED', 'ERR_MALFORMED_CIPHERTEXT', 'ERR_SECRET_NOT_TEXT'])

/** What a configuration in memory needs of its stack. */
export interface MemoryHost {
  readonly project: string
  readonly stack: string
  readonly projectConfig: ProjectConfig
  readonly decrypt: (ciphertexts: readonly string[]) => Promise<readonly string[]>
  readonly encrypt: (plaintext: string) => Promise<string>
}

/** The configuration of a stack file with the changes that wait to be saved, and what the project adds to it. */
export class StackConfigMemory implements ConfigSource {
  readonly project: string
  readonly stack: string
  readonly #host: MemoryHost
  #own: ConfigMap
  #marks: readonly MarkedPlace[]
  #merged: ConfigMap | undefined
  #edits: readonly PendingEdit[] = []
  #file: StackFile
  #environment: ConfigValue | undefined

  constructor(file: StackFile, host: MemoryHost) {
    this.project = host.project
    this.stack = host.stack
    this.#host = host
    this.#own = file.config
    this.#marks = file.marks
    this.#file = file
  }

  /** Begins anew with what a file says. */
  load(file: StackFile): void {
    this.#own = file.config
    this.#marks = file.marks
    this.#merged = undefined
    this.#edits = []
    this.#file = file
    this.#environment = undefined
  }

  /** Takes back what a change did that fails halfway. */
  async allOrNothing<T>(change: () => Promise<T>): Promise<T> {
    const [own, marks, merged, edits] = [this.#own, this.#marks, this.#merged, this.#edits]
    const environment = this.#environment
    try {
      return await change()
    } catch (error) {
      this.#own = own
      this.#marks = marks
      this.#merged = merged
      this.#edits = edits
      this.#environment = environment
      throw error
    }
  }

  /** The stack's own values. */
  get own(): ConfigMap {
    return this.#own
  }

  /** The same with what the project gives for keys that are absent. */
  get merged(): ConfigMap {
    this.#merged ??= withProjectConfig(this.#own, this.#host.projectConfig)
    return this.#merged
  }

  /** Places of values that are marked `!secret`. */
  get marks(): readonly MarkedPlace[] {
    return this.#marks
  }

  /** The `environment` of the stack file, where it names or defines anything. */
  get environment(): ConfigValue | undefined {
    return this.#environment ?? this.#file.environment
  }

  get edits(): readonly PendingEdit[] {
    return this.#edits
  }

  find({ key, path }: ConfigPlace): ConfigValue | undefined {
    return getValue(this.merged, key, path)
  }

  read(place: ConfigPlace): CoveredValue | undefined {
    const value = this.find(place)
    return value === undefined ? undefined : coverMarked(value, place, this.#marks)
  }

  /** As {@link read}, without what the project gives. */
  readOwn(place: ConfigPlace): CoveredValue | undefined {
    const value = getValue(this.#own, place.key, place.path)
    return value === undefined ? undefined : coverMarked(value, place, this.#marks)
  }

  async open({ value, plaintexts }: CoveredValue, place: ConfigPlace): Promise<(secret: SecretText) => Decrypted> {
    const opened = new Map(plaintexts)
    const sealed = secretsOf(value).filter(({ secret }) => !plaintexts.has(secret))
    if (sealed.length > 0) {
      const texts = await this.#decrypt(
        sealed.map(({ secret }) => secret.ciphertext),
        place,
      )
      for (const [i, { secret }] of sealed.entries()) opened.set(secret, texts[i] as string)
    }
    return (secret) => ({ plaintext: opened.get(secret) as string })
  }

  set(place: ConfigPlace, value: NewValue): void {
    this.#put(place, value, { kind: 'set', place, value })
  }

  async setSealed(place: ConfigPlace, { value, plaintexts }: CoveredValue): Promise<void> {
    // Checked against the values that are there before the key is used.
    setValue(this.#own, place.key, place.path, value)
    const ciphertexts = new Map<SecretText, SecretText>()
    for (const [secret, text] of plaintexts) ciphertexts.set(secret, new SecretText(await this.#host.encrypt(text)))
    const encrypted = mapSecrets(value, (secret) => ciphertexts.get(secret) as SecretText)
    this.#put(place, encrypted, { kind: 'set-sealed', place, value, plaintexts })
  }

  remove(place: ConfigPlace): void {
    this.#own = removeValue(this.#own, place.key, place.path)
    this.#marks = marksAfterRemove(this.#marks, place)
    this.#remember({ kind: 'remove', place })
  }

  setEnvironment(value: ConfigValue): void {
    this.#environment = value
    this.#remember({ kind: 'set-environment', value })
  }

  /** Encrypts every value that is marked, and gives their places. */
  async encryptMarked(): Promise<readonly ConfigPlace[]> {
    const marked: ConfigPlace[] = []
    for (const [printed, { key, value }] of this.#own) {
      if (!this.#marks.some((mark) => mark.key === printed)) continue
      const { value: covered, plaintexts } = coverMarked(value, { key, path: [] }, this.#marks)
      for (const { path, secret } of secretsOf(covered)) {
        const text = plaintexts.get(secret)
        if (text === undefined) continue
        this.#own = setValue(this.#own, key, path, new SecretText(await this.#host.encrypt(text)))
        marked.push({ key, path })
      }
    }
    this.#marks = []
    if (marked.length > 0) this.#remember({ kind: 'encrypt-marked' })
    return marked
  }

  #put(place: ConfigPlace, value: NewValue, edit: PendingEdit): void {
    this.#own = setValue(this.#own, place.key, place.path, value)
    this.#marks = marksAfterSet(this.#marks, place)
    this.#remember(edit)
  }

  #remember(edit: PendingEdit): void {
    this.#merged = undefined
    this.#edits = [...this.#edits, edit]
  }

  async #decrypt(ciphertexts: readonly string[], place: ConfigPlace): Promise<readonly string[]> {
    try {
      return await this.#host.decrypt(ciphertexts)
    } catch (error) {
      if (!isStacksealError(error) || !OF_ONE_VALUE.has(error.code)) throw error
      const name = displayConfigPlace(place, this.project)
      throw new StacksealError(error.code, `${name} of stack ${this.stack}: ${error.message}`, {
        hint: error.hint ?? 'look with "stackseal verify" which secrets open',
        details: { ...error.details, key: name, stack: this.stack },
      })
    }
  }
}
