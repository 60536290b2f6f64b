import { isStacksealError, type SealedKey, StacksealError } from '@stackseal/core'

import { printConfigKey } from './config/config-key.ts'
import { type ConfigMap, getValue, removeValue, setValue } from './config/config-map.ts'
import type { ConfigPlace } from './config/config-place.ts'
import { readConfig, readTopLevel, readValue, type SecretMark } from './config/config-reader.ts'
import { type ConfigValue, SecretText } from './values/config-value.ts'
import { type DocumentFormat, formatOf, yamlFormat } from './document/document-format.ts'
import type { ParsedDocument } from './document/document-node.ts'
import { coerceNewValue, type NewValue } from './config/new-value.ts'
import {
  HEADER_FIELDS,
  headerPairs,
  missingKey,
  readHeader,
  sameHeader,
  type StackHeader,
  storedKey,
} from './stack-header.ts'
import { refuseLostDigits } from './config/lost-digits.ts'
import { sameConfig, sameValue } from './config/same-config.ts'
import { TreeReader } from './config/tree-reader.ts'
import { isList, isObject, mapSecrets, SECRET_KEY, secretsOf } from './config/value-shape.ts'
import { replaceScalars } from './document/replace-scalars.ts'

const ENVIRONMENT = 'environment'

/**
 * The text of a `Pulumi.<stack>.yaml` (or `.json`) and what it says. Immutable: an edit gives a new one. Every edit is spliced into
 * the text, read again, and compared with what the edit means for the values, so that nothing else can have changed.
 */
export class StackFile {
  readonly text: string
  readonly config: ConfigMap
  readonly header: StackHeader
  /** Values that are marked `!secret` and stand in plain text, waiting to be encrypted. */
  readonly marks: readonly SecretMark[]
  /** Printed keys that stand there without a value. */
  readonly withoutValue: readonly string[]
  readonly #format: DocumentFormat
  readonly #document: ParsedDocument
  readonly #project: string
  readonly #name: string

  private constructor(text: string, document: ParsedDocument, project: string, name: string) {
    const format = formatOf(name)
    const read = readConfig(document.root, project, text, format)
    this.text = text
    this.config = read.config
    this.marks = read.marks
    this.withoutValue = read.withoutValue
    this.header = readHeader(document.root, text, format)
    this.#format = format
    this.#document = document
    this.#project = project
    this.#name = name
  }

  /**
   * Reads the text of a stack file; `name` stands in messages, and its ending says whether the text is JSON.
   * @throws ERR_MALFORMED_FILE, ERR_DUPLICATE_KEY
   */
  static async parse(text: string, project: string, name: string): Promise<StackFile> {
    try {
      return new StackFile(text, await formatOf(name).find(text), project, name)
    } catch (error) {
      if (!isStacksealError(error)) throw error
      throw new StacksealError(error.code, `${name} can not be read: ${error.message}`, {
        hint: error.hint,
        details: { ...error.details, file: name },
      })
    }
  }

  /** The text of a new stack file, as the reference would write it: its sealed key, and configuration to begin with. */
  static newText(
    sealedKey: SealedKey | undefined,
    config: ConfigMap = new Map(),
    format: DocumentFormat = yamlFormat,
  ): string {
    const pairs: [string, ConfigValue][] = sealedKey === undefined ? [] : headerPairs(sealedKey)
    if (config.size > 0) pairs.push(['config', new Map([...config].map(([key, { value }]) => [key, value]))])
    return format.render(pairs)
  }

  /**
   * What the file stores of its data key; undefined where it says nothing of one.
   * @throws ERR_MISSING_SEALED_KEY, ERR_MALFORMED_FILE
   */
  get sealedKey(): SealedKey | undefined {
    const stored = storedKey(this.header, this.#name)
    if (stored !== undefined) return stored
    const secrets = [...this.secrets()]
    if (secrets.length === 0) return undefined
    if (secrets.some(({ secret }) => secret.ciphertext.startsWith('v1:')))
      throw missingKey('encryptionsalt', this.#name)
    throw new StacksealError('ERR_SERVICE_SECRETS', `the secrets of ${this.#name} are held by Pulumi Cloud`, {
      hint: 'take them over with "pulumi stack change-secrets-provider passphrase" (or a key URL), then use stackseal',
      details: { file: this.#name },
    })
  }

  /**
   * The `environment` as a copy of the whole configuration takes it along: a list of names or a definition, as far as
   * it names or defines anything. docs/format.md, "Stack files".
   */
  get environment(): ConfigValue | undefined {
    const reader = new TreeReader(this.text, this.#format)
    const field = readTopLevel(this.#document.root, reader, this.#format).find(({ key }) => key === ENVIRONMENT)
    if (field === undefined) return undefined
    const value = readValue(field.value, reader)
    return isNotEmpty(value) ? value : undefined
  }

  /** Every secret with its place, in the order of the file. */
  *secrets(): Generator<{ readonly place: ConfigPlace; readonly secret: SecretText }> {
    for (const { key, value } of this.config.values()) {
      for (const { path, secret } of secretsOf(value)) yield { place: { key, path }, secret }
    }
  }

  /** The line (from 1) on which a character of the text stands. */
  lineAt(offset: number): number {
    let line = 1
    for (let at = this.text.indexOf('\n'); at >= 0 && at < offset; at = this.text.indexOf('\n', at + 1)) line++
    return line
  }

  /** Puts a value at a place. */
  async set(place: ConfigPlace, value: NewValue): Promise<StackFile> {
    const config = setValue(this.config, place.key, place.path, value)
    const written = coerceNewValue(value, place.path.length)
    if (this.#format.floatsOnly) refuseLostDigits(written, this.#name)
    if (!isTyped(value) && sameValue(getValue(this.config, place.key, place.path), written)) return this
    // A secret right under its key gives way as a whole: nothing can be put beside its `secure`.
    const givesWay = place.path.length > 0 && getValue(this.config, place.key) instanceof SecretText
    const at = this.#locate(givesWay ? { key: place.key, path: [] } : place)
    const put = givesWay ? (getValue(config, place.key) as ConfigValue) : written
    return this.#edited(config, (text, document, careful) => this.#format.setAt(text, document, at, put, { careful }))
  }

  /** Takes out the value at a place. Where nothing is there nothing changes. */
  async remove(place: ConfigPlace): Promise<StackFile> {
    const config = removeValue(this.config, place.key, place.path)
    if (config === this.config) return this
    return this.#edited(config, (text, document, careful) =>
      this.#format.removeAt(text, document, this.#locate(place), { careful }),
    )
  }

  /**
   * Puts other ciphertexts in the place of those that stand there, all at once: `ciphertexts` has the new one for each.
   * A secret that is not in it stays.
   * @throws ERR_CANNOT_EDIT
   */
  async withCiphertexts(ciphertexts: ReadonlyMap<string, string>): Promise<StackFile> {
    const renewed = (secret: SecretText): SecretText => {
      const ciphertext = ciphertexts.get(secret.ciphertext)
      return ciphertext === undefined ? secret : new SecretText(ciphertext)
    }
    const config: ConfigMap = new Map(
      [...this.config].map(([key, entry]) => [key, { ...entry, value: mapSecrets(entry.value, renewed) }]),
    )
    const isConfig = (key: string): boolean => this.#format.fieldName(key) === 'config'
    const edited = await this.#editedOrUndefined(config, (text, document) => {
      const parts: string[] = []
      let end = 0
      for (const splice of replaceScalars(text, document, isConfig, SECRET_KEY, ciphertexts)) {
        parts.push(text.slice(end, splice.start), splice.text)
        end = splice.end
      }
      return parts.join('') + text.slice(end)
    })
    if (edited !== undefined) return edited
    // Some are written with escapes or over several lines: one after the other, as any value is set.
    const places = [...this.secrets()].filter(({ secret }) => ciphertexts.has(secret.ciphertext))
    return places.reduce<Promise<StackFile>>(
      async (file, { place, secret }) => (await file).set(place, renewed(secret)),
      Promise.resolve(this),
    )
  }

  /** Stores a sealed key, in place of the one that the file has; fields that do not belong to it go. */
  async withSealedKey(sealedKey: SealedKey): Promise<StackFile> {
    const pairs = new Map(headerPairs(sealedKey))
    const stale = HEADER_FIELDS.find((field) => this.header[field] !== pairs.get(field))
    if (stale === undefined) return this
    const { [stale]: _, ...others } = this.header
    const value = pairs.get(stale)
    const edited =
      value === undefined
        ? await this.#edited(
            this.config,
            (text, document, careful) => this.#format.removeAt(text, document, [this.#field(stale)], { careful }),
            { header: others },
          )
        : await this.#edited(
            this.config,
            (text, document) => this.#format.setAt(text, document, [this.#field(stale)], value, { careful: false }),
            { header: { ...others, [stale]: value } },
          )
    return edited.withSealedKey(sealedKey)
  }

  /** Puts a list of environments, or a definition of one, in place of that of the file. */
  async withEnvironment(value: ConfigValue): Promise<StackFile> {
    if (this.environment !== undefined && sameValue(this.environment, value)) return this
    const at = [this.#field(ENVIRONMENT)]
    return this.#edited(
      this.config,
      (text, document, careful) => this.#format.setAt(text, document, at, value, { careful }),
      { environment: value },
    )
  }

  /** The edit, if it reads as it is meant; else undefined. */
  async #editedOrUndefined(
    config: ConfigMap,
    edit: (text: string, document: ParsedDocument) => string,
  ): Promise<StackFile | undefined> {
    const text = edit(this.text, this.#document)
    const edited = new StackFile(text, await this.#format.find(text), this.#project, this.#name)
    const isMeant =
      sameConfig(edited.config, config, this.#format) &&
      sameHeader(edited.header, this.header) &&
      this.#sameElsewhere(edited)
    return isMeant ? edited : undefined
  }

  async #edited(
    config: ConfigMap,
    edit: (text: string, document: ParsedDocument, careful: boolean) => string,
    { header = this.header, environment }: { readonly header?: StackHeader; readonly environment?: ConfigValue } = {},
  ): Promise<StackFile> {
    let refusal: unknown
    for (const careful of [false, true]) {
      let edited: StackFile
      try {
        const text = edit(this.text, this.#document, careful)
        edited = new StackFile(text, await this.#format.find(text), this.#project, this.#name)
      } catch (error) {
        if (!isStacksealError(error)) throw error
        refusal = error
        if (error.code === 'ERR_CANNOT_EDIT') break
        continue
      }
      if (
        sameConfig(edited.config, config, this.#format) &&
        sameHeader(edited.header, header) &&
        this.#sameElsewhere(edited, environment)
      )
        return edited
      refusal = undefined
    }
    if (isStacksealError(refusal) && refusal.code === 'ERR_CANNOT_EDIT')
      throw refusal.with({ details: { file: this.#name } })
    throw new StacksealError(
      'ERR_CANNOT_EDIT',
      `the value can not be changed in ${this.#name} without changing another one`,
      {
        hint: 'write that part of the file in a plainer form (no anchors, aliases or tags), then try again',
        details: { file: this.#name },
      },
    )
  }

  /**
   * Whether everything but `config` and the sealed key's fields stands in another text as it stands here, and an
   * `environment` that was set has the value that it was set to.
   */
  #sameElsewhere(other: StackFile, environment?: ConfigValue): boolean {
    if (environment === undefined) return sameList(this.#otherFields(), other.#otherFields())
    return (
      sameValue(other.environment, environment) &&
      sameList(this.#otherFields(ENVIRONMENT), other.#otherFields(ENVIRONMENT))
    )
  }

  #otherFields(...except: readonly string[]): string[] {
    const root = this.#document.root
    if (root?.kind !== 'mapping') return []
    const known = new Set<string>(['config', ...HEADER_FIELDS, ...except])
    return root.pairs
      .filter((pair) => pair.key.kind !== 'scalar' || !known.has(this.#format.fieldName(pair.key.text)))
      .map((pair) => this.text.slice(pair.start, pair.end).trimEnd())
  }

  /** Where a value stands in the document, with its key as it is spelled there. */
  #locate({ key, path }: ConfigPlace): (string | bigint)[] {
    const printed = printConfigKey(key)
    return [this.#field('config'), this.config.get(printed)?.spelling ?? printed, ...path]
  }

  /** A field of the top level as it is spelled there. */
  #field(name: string): string {
    const root = this.#document.root
    const pairs = root?.kind === 'mapping' ? root.pairs : []
    const pair = pairs.find(({ key }) => key.kind === 'scalar' && this.#format.fieldName(key.text) === name)
    return pair?.key.kind === 'scalar' ? pair.key.text : name
  }
}

function isTyped(value: NewValue): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type !== undefined
}

/** Whether an `environment` names or defines anything: the reference then finds imports in it. */
function isNotEmpty(environment: ConfigValue): boolean {
  if (isList(environment)) return environment.length > 0
  if (!isObject(environment)) return false
  const [imports, values] = [environment.get('imports'), environment.get('values')]
  return (
    (imports !== undefined && isList(imports) && imports.length > 0) ||
    (values !== undefined && isObject(values) && values.size > 0)
  )
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}
