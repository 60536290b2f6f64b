import { type Decrypted, StacksealError } from '@stackseal/core'

import { compareNatural } from './values/natural-order.ts'
import type { ConfigEntry } from './config/config-map.ts'
import { type ConfigPlace, displayConfigPlace, parseConfigPlace } from './config/config-place.ts'
import { ConfigView, type KeyOptions } from './config/config-view.ts'
import { checkProjectConfig } from './config/project-defaults.ts'
import { secretsOf } from './config/value-shape.ts'
import { type JsonConfigEntry, parseConfigJson } from './config/config-json.ts'
import { type MemoryHost, StackConfigMemory } from './stack-config-memory.ts'
import type { PendingEdit } from './stack-edits.ts'
import type { StackFile } from './stack-file.ts'
import type { SecretText } from './values/config-value.ts'

/** What a configuration needs of its stack. */
export interface ConfigHost extends MemoryHost {
  /** The file behind any link. */
  readonly file: string
  readonly save: (edits: readonly PendingEdit[]) => Promise<SaveResult & { readonly file: StackFile }>
}

/** What a save did. */
export interface SaveResult {
  /** False where everything stood as it was asked for: the file was not touched. */
  readonly changed: boolean
  /** Secrets that did not open and were replaced. */
  readonly replacedDamaged: readonly ConfigPlace[]
}

/** Several values to set at once. */
export interface SetAll {
  /** Keys with plain values, in this order. */
  readonly plaintext?: readonly (readonly [key: string, value: string])[]
  /** Keys with values to encrypt, set after the plain ones. */
  readonly secret?: readonly (readonly [key: string, value: string])[]
  /** What `config --json` prints; it excludes the others and `path`. A secret object becomes one secret. */
  readonly json?: string
  /** Reads the keys of `plaintext` and `secret` as property paths. */
  readonly path?: boolean
}

/**
 * The configuration of one stack, with what its project gives for keys that the stack has not. Reading plain values
 * needs no key and is synchronous; secrets need the data key and are not. Changes stay in memory, where every reader
 * sees them, until {@link save}, which writes all of them or nothing.
 */
export class StackConfig extends ConfigView {
  readonly #host: ConfigHost
  readonly #memory: StackConfigMemory

  /** @internal */
  constructor(file: StackFile, host: ConfigHost) {
    const memory = new StackConfigMemory(file, host)
    super(memory, host.project)
    this.#host = host
    this.#memory = memory
  }

  /** The same configuration with the keys of another namespace: `namespace('aws').get('region')` is `get('aws:region')`. */
  namespace(name: string): ConfigView {
    return new ConfigView(this.#memory, name)
  }

  /** The keys, `namespace:name`: those of the file in its order, then those that the project gives. */
  keys(): string[] {
    return [...this.#memory.merged.keys()]
  }

  /**
   * Every key with its value, in the order of {@link keys}. Secrets stand in it as their ciphertexts, and values that
   * are marked `!secret` in clear.
   */
  entries(): ConfigEntry[] {
    return [...this.#memory.merged.values()]
  }

  /** As {@link entries}, without what the project gives. */
  ownEntries(): ConfigEntry[] {
    return [...this.#memory.own.values()]
  }

  /**
   * Checks the configuration against what the project file declares, as Pulumi does before an update.
   * @throws ERR_CONFIG_KEY_NOT_FOUND for keys without a value, ERR_CHECK_FAILED for one that is not of its type or not
   *   encrypted, both in Pulumi's words; and what opening a secret throws
   */
  async validate(): Promise<void> {
    const { merged } = this.#memory
    const opened = new Map<SecretText, Decrypted>()
    for (const { key, value } of merged.values()) {
      const secrets = secretsOf(value)
      if (secrets.length === 0) continue
      const reveal = await this.#memory.open({ value, plaintexts: new Map() }, { key, path: [] })
      for (const { secret } of secrets) opened.set(secret, reveal(secret))
    }
    checkProjectConfig(
      merged,
      this.#host.projectConfig,
      { name: this.#host.stack, projectName: this.#host.project },
      (secret) => opened.get(secret) as Decrypted,
    )
  }

  /**
   * Sets several values, in memory: the plain ones, then the secret ones, then those of the JSON. All of them or none.
   * @throws ERR_USAGE for JSON beside the others or of another shape; and as `set` and `setSecret`
   */
  async setAll({ plaintext = [], secret = [], json, path = false }: SetAll): Promise<void> {
    if (json !== undefined && (plaintext.length > 0 || secret.length > 0 || path)) {
      throw new StacksealError(
        'ERR_USAGE',
        'the --json option cannot be used with the --plaintext, --secret or --path options',
      )
    }
    const entries = json === undefined ? [] : parseConfigJson(json)
    await this.#memory.allOrNothing(async () => {
      for (const [key, value] of plaintext) this.set(key, value, { path })
      for (const [key, value] of secret) await this.setSecret(key, value, { path })
      for (const entry of entries) await this.#setEntry(entry)
    })
  }

  /**
   * Copies values to another stack's configuration, in memory there: secrets are decrypted here and encrypted under the
   * other stack's key. Keys that are there are overwritten; nothing else of either stack changes, and the other file
   * does not before it is saved.
   * @param keys what to copy; every value of this stack's file if not given, and its `environment` where that names or
   *   defines anything, in place of the other's
   * @throws ERR_USAGE for a copy to the same stack, ERR_CONFIG_KEY_NOT_FOUND; and what opening either key throws
   */
  async copyTo(other: StackConfig, keys?: readonly string[], options: KeyOptions = {}): Promise<void> {
    if (other.#host.file === this.#host.file) {
      throw new StacksealError('ERR_USAGE', 'current stack and destination stack are the same')
    }
    const places =
      keys === undefined
        ? // The reference writes them in this order, and so appends what is new.
          [...this.#memory.own]
            .toSorted(([a], [b]) => compareNatural(a, b))
            .map(([, { key }]): ConfigPlace => ({ key, path: [] }))
        : keys.map((key) => parseConfigPlace(key, this.#host.project, options.path === true))
    await other.#memory.allOrNothing(async () => {
      for (const place of places) await this.#copy(place, other.#memory)
      const { environment } = this.#memory
      if (keys === undefined && environment !== undefined) other.#memory.setEnvironment(environment)
    })
  }

  /**
   * Encrypts, in memory, every value that is marked `!secret` in the file; when it is saved only they and their marks
   * change. Gives their places.
   */
  async encryptMarked(): Promise<readonly ConfigPlace[]> {
    return this.#memory.allOrNothing(() => this.#memory.encryptMarked())
  }

  /** Writes every change that waits, or, if one can not be made, nothing. */
  async save(): Promise<SaveResult> {
    if (this.#memory.edits.length === 0) return { changed: false, replacedDamaged: [] }
    const { file, changed, replacedDamaged } = await this.#host.save(this.#memory.edits)
    this.#memory.load(file)
    return { changed, replacedDamaged }
  }

  async #copy(place: ConfigPlace, to: StackConfigMemory): Promise<void> {
    const read = this.#memory.readOwn(place)
    if (read === undefined) {
      const name = displayConfigPlace(place, this.#host.project)
      const { stack } = this.#host
      throw new StacksealError(
        'ERR_CONFIG_KEY_NOT_FOUND',
        `configuration key '${name}' not found for stack '${stack}'`,
        {
          hint: 'list the keys with "stackseal config"',
          details: { key: name, stack },
        },
      )
    }
    const reveal = await this.#memory.open(read, place)
    const plaintexts = new Map(secretsOf(read.value).map(({ secret }) => [secret, plaintextOf(reveal(secret))]))
    if (plaintexts.size === 0) to.set(place, read.value)
    else await to.setSealed(place, { value: read.value, plaintexts })
  }

  async #setEntry(entry: JsonConfigEntry): Promise<void> {
    if ('object' in entry) this.set(entry.key, entry.object)
    else if (entry.secret) await this.setSecret(entry.key, entry.text)
    else this.set(entry.key, entry.text)
  }
}

function plaintextOf(opened: Decrypted): string {
  if ('error' in opened) throw opened.error
  return opened.plaintext
}
