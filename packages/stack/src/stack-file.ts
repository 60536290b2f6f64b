import { isStacksealError, parseKeyUrl, type SealedKey, StacksealError } from '@stackseal/core'

import type { ConfigKey } from './config-key.ts'
import { type ConfigMap, coerceNewValue, getValue, type Header, type NewValue, readConfig, removeValue, setValue } from './config-map.ts'
import { type ConfigValue, secretsIn, SecretText } from './config-value.ts'
import { removeAt, setAt } from './document-edit.ts'
import type { ParsedDocument } from './document-node.ts'
import { findDocument } from './find-document.ts'
import { parseConfigPath } from './property-path.ts'
import { renderDocument } from './yaml-emit.ts'
import { topLevelText } from './yaml-scalar.ts'

/** Words that mean a passphrase, or the absence of a choice, where a key URL could stand; the reference writes neither. */
const NO_URL = new Set(['passphrase', 'default', ''])

/**
 * The text of a `Pulumi.<stack>.yaml` and what it says. Immutable: an edit gives a new one. Every edit is spliced into
 * the text, read again, and compared with what the edit means for the values, so that nothing else can have changed.
 */
export class StackFile {
  readonly text: string
  readonly config: ConfigMap
  readonly header: Header
  readonly #document: ParsedDocument
  readonly #project: string
  readonly #name: string

  private constructor(text: string, document: ParsedDocument, project: string, name: string) {
    const read = readConfig(document.root, project, text)
    this.text = text
    this.config = read.config
    this.header = read.header
    this.#document = document
    this.#project = project
    this.#name = name
  }

  /**
   * Reads the text of a stack file; `name` stands in messages.
   * @throws ERR_MALFORMED_FILE, ERR_DUPLICATE_KEY
   */
  static async parse(text: string, project: string, name: string): Promise<StackFile> {
    try {
      return new StackFile(text, await findDocument(text), project, name)
    } catch (error) {
      if (!isStacksealError(error)) throw error
      throw new StacksealError(error.code, `${name} can not be read: ${error.message}`, {
        hint: error.hint,
        details: { ...error.details, file: name },
      })
    }
  }

  /** The text of a new stack file that holds nothing but its sealed key. */
  static newText(sealedKey: SealedKey): string {
    return renderDocument(headerPairs(sealedKey))
  }

  /**
   * What the file stores of its data key; undefined where it says nothing of one.
   * @throws ERR_MISSING_SEALED_KEY, ERR_MALFORMED_FILE
   */
  get sealedKey(): SealedKey | undefined {
    const { secretsprovider = '', encryptedkey = '', encryptionsalt = '' } = this.header
    if (!NO_URL.has(secretsprovider)) {
      if (encryptedkey === '') throw this.#missingKey('encryptedkey')
      return { url: this.#keyUrl(secretsprovider), sealed: encryptedkey }
    }
    if (encryptionsalt !== '') return { url: parseKeyUrl('passphrase:'), sealed: encryptionsalt }
    const secrets = [...this.secrets()]
    if (secrets.length === 0) return undefined
    if (secrets.some((secret) => secret.value.ciphertext.startsWith('v1:'))) throw this.#missingKey('encryptionsalt')
    throw new StacksealError('ERR_SERVICE_SECRETS', `the secrets of ${this.#name} are held by Pulumi Cloud`, {
      hint: 'take them over with "pulumi stack change-secrets-provider passphrase" (or a key URL), then use stackseal',
      details: { file: this.#name },
    })
  }

  /** Every secret with its place: top-level key, and the path inside its value. */
  *secrets(): Generator<{ readonly key: ConfigKey; readonly path: readonly (string | bigint)[]; readonly value: SecretText }> {
    for (const { key, value } of this.config.values()) {
      for (const { path, secret } of secretsIn(value)) yield { key, path, value: secret }
    }
  }

  /** Puts a value at a key, or at a path that begins with the key's name where `path` is set. */
  async set(key: ConfigKey, path: boolean, value: NewValue): Promise<StackFile> {
    const config = setValue(this.config, key, path, value)
    const written = coerceNewValue(value, path && parseConfigPath(key.name).length > 1)
    if (sameValue(getValue(this.config, key, path), written) && !isTyped(value)) return this
    return this.#edited(config, (text, document, quoteLines) => setAt(text, document, this.#placeOf(key, path), written, { quoteLines }))
  }

  /** Takes a key out, or the value at a path. Where nothing is there nothing changes. */
  async remove(key: ConfigKey, path: boolean): Promise<StackFile> {
    const config = removeValue(this.config, key, path)
    if (config === this.config || sameConfig(config, this.config)) return this
    return this.#edited(config, (text, document) => removeAt(text, document, this.#placeOf(key, path)))
  }

  /** Stores a sealed key in a file that has none, or a better text for the one it has. */
  async withSealedKey(sealedKey: SealedKey): Promise<StackFile> {
    let file: StackFile = this
    for (const [field, value] of headerPairs(sealedKey)) {
      if (file.header[field] === value) continue
      file = await file.#edited(file.config, (text, document) => setAt(text, document, [field], value, { quoteLines: false }), {
        ...file.header,
        [field]: value,
      })
    }
    return file
  }

  async #edited(
    config: ConfigMap,
    edit: (text: string, document: ParsedDocument, quoteLines: boolean) => string,
    header: Header = this.header,
  ): Promise<StackFile> {
    let refusal: unknown
    for (const quoteLines of [false, true]) {
      let edited: StackFile
      try {
        const text = edit(this.text, this.#document, quoteLines)
        edited = new StackFile(text, await findDocument(text), this.#project, this.#name)
      } catch (error) {
        if (!isStacksealError(error)) throw error
        refusal = error
        if (error.code === 'ERR_CANNOT_EDIT') break
        continue
      }
      if (sameConfig(edited.config, config) && sameHeader(edited.header, header) && this.#sameElsewhere(edited)) return edited
      refusal = undefined
    }
    if (isStacksealError(refusal) && refusal.code === 'ERR_CANNOT_EDIT') throw refusal.with({ details: { file: this.#name } })
    throw new StacksealError('ERR_CANNOT_EDIT', `the value can not be changed in ${this.#name} without changing another one`, {
      hint: 'write that part of the file in a plainer form (no anchors, aliases or tags), then try again',
      details: { file: this.#name },
    })
  }

  /** Whether everything but `config` and the sealed key's fields stands in another text as it stands here. */
  #sameElsewhere(other: StackFile): boolean {
    return sameList(this.#otherFields(), other.#otherFields())
  }

  #otherFields(): string[] {
    const root = this.#document.root
    if (root?.kind !== 'mapping') return []
    const known = new Set(['config', 'encryptionsalt', 'encryptedkey', 'secretsprovider'])
    return root.pairs
      .filter((pair) => pair.key.kind !== 'scalar' || !known.has(pair.key.text))
      .map((pair) => this.text.slice(pair.start, pair.end).trimEnd())
  }

  /** The place of a value in the document, with the key as it is spelled there. */
  #placeOf(key: ConfigKey, path: boolean): (string | bigint)[] {
    const [name, ...rest] = path ? parseConfigPath(key.name) : [key.name]
    const printed = `${key.namespace}:${name}`
    return ['config', this.config.get(printed)?.spelling ?? printed, ...rest]
  }

  #keyUrl(text: string): SealedKey['url'] {
    try {
      return parseKeyUrl(text)
    } catch (error) {
      if (!isStacksealError(error)) throw error
      throw new StacksealError('ERR_MALFORMED_FILE', `secretsprovider in ${this.#name} is not a key URL`, {
        hint: error.hint,
        details: { file: this.#name, field: 'secretsprovider' },
      })
    }
  }

  #missingKey(field: string): StacksealError {
    return new StacksealError('ERR_MISSING_SEALED_KEY', `${this.#name} has no ${field}, without which its secrets can not be opened`, {
      hint: `take the line "${field}: …" from an earlier version of the file, or from the stack's state; a new key would make the secrets unreadable`,
      details: { file: this.#name, field },
    })
  }
}

function headerPairs({ url, sealed }: SealedKey): [keyof Header, string][] {
  if (url.scheme === 'passphrase') return [['encryptionsalt', sealed]]
  return [
    ['secretsprovider', url.text],
    ['encryptedkey', sealed],
  ]
}

function isTyped(value: NewValue): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type !== undefined
}

function sameHeader(a: Header, b: Header): boolean {
  return a.secretsprovider === b.secretsprovider && a.encryptedkey === b.encryptedkey && a.encryptionsalt === b.encryptionsalt
}

/** Whether two configurations mean the same: a typed scalar right under its key is its text, as after loading. */
function sameConfig(a: ConfigMap, b: ConfigMap): boolean {
  if (a.size !== b.size) return false
  for (const [key, entry] of a) {
    const other = b.get(key)
    if (other === undefined || (other.value !== entry.value && !sameValue(loaded(entry.value), loaded(other.value)))) return false
  }
  return true
}

function loaded(value: ConfigValue): ConfigValue {
  return typeof value === 'boolean' || typeof value === 'bigint' || typeof value === 'number' ? topLevelText(value) : value
}

function sameValue(a: ConfigValue | undefined, b: ConfigValue | undefined): boolean {
  if (a === b) return true
  if (a instanceof SecretText || b instanceof SecretText) {
    return a instanceof SecretText && b instanceof SecretText && a.ciphertext === b.ciphertext
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => sameValue(item as ConfigValue, b[i] as ConfigValue))
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...(a as Map<string, ConfigValue>)].every(([name, item]) => b.has(name) && sameValue(item, (b as Map<string, ConfigValue>).get(name)))
  }
  return false
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}
