import { isStacksealError } from '@stackseal/core'
import { type ConfigKey, parseConfigKey, printConfigKey } from './config-key.ts'
import type { ConfigEntry, ConfigMap } from './config-map.ts'
import { type ConfigValue, SecretText } from '../values/config-value.ts'
import { type DocumentFormat, yamlFormat } from '../document/document-format.ts'
import type { DocumentNode, MappingNode, ScalarNode, SequenceNode } from '../document/document-node.ts'
import { normalizeNumber } from '../values/go-number.ts'
import { type PathSegment, printPropertyPath } from './property-path.ts'
import { type Field, TreeReader } from './tree-reader.ts'
import { hasSecret, isSecretShape, MAX_DEPTH, plainLeaves, SECRET_KEY } from './value-shape.ts'
import { topLevelText, type YamlScalarValue } from '../document/yaml-scalar.ts'

/** A value with the tag `!secret`, a text or a whole list or mapping: meant for encryption, and still in clear. */
export interface SecretMark {
  /** The printed key it belongs to. */
  readonly key: string
  /** Where in that key's value; empty for the value itself. */
  readonly path: readonly PathSegment[]
  /** Where the tag stands in the file, in UTF-16 units. */
  readonly offset: number
}

/** What a stack file's `config` holds. */
export interface ConfigReading {
  readonly config: ConfigMap
  /** Printed keys without a value (`key:` or `key: null`): empty text, in JSON null. The reference warns of them. */
  readonly withoutValue: readonly string[]
  readonly marks: readonly SecretMark[]
}

const SECRET_TAGS: ReadonlySet<string | undefined> = new Set(['!secret', '!<!secret>'])

/** The fields of a stack file's top level, of which only those that Pulumi knows are read, under the names that count. */
export function readTopLevel(
  root: DocumentNode | undefined,
  reader: TreeReader,
  format: DocumentFormat,
): readonly Field[] {
  if (root === undefined) return []
  if (root.kind === 'scalar' && reader.resolve(root) === null) return []
  if (root.kind !== 'mapping') throw reader.malformed(root, 'a stack file has to be a mapping of names to values')
  const places = new Map<string, number>()
  return reader.fields(root, 'any').map((field) => {
    const { at, keyIsText } = field
    if (!keyIsText) throw reader.malformed({ start: at }, `the key ${field.key} is not text`)
    const key = format.fieldName(field.key)
    const first = places.get(key)
    if (first !== undefined) throw reader.duplicate(key, first, at)
    places.set(key, at)
    return { ...field, key }
  })
}

/**
 * Reads the configuration out of a stack file's tree, as the reference loads it: keys without a namespace belong to
 * the project, legacy keys lose their middle word, scalars at the top level become text, aliases and merges are
 * resolved. `text` is the whole file, for the lines in messages. docs/format.md, "Loading".
 * @throws ERR_MALFORMED_FILE, ERR_DUPLICATE_KEY (also for two spellings of one key)
 */
export function readConfig(
  root: DocumentNode | undefined,
  project: string,
  text: string,
  format: DocumentFormat = yamlFormat,
): ConfigReading {
  const reader = new TreeReader(text, format)
  const values = new ValueReader(reader)
  const config = new Map<string, ConfigEntry>()
  const withoutValue: string[] = []
  for (const { key: name, written, value } of readTopLevel(root, reader, format)) {
    if (name !== 'config') {
      reader.check(value)
      continue
    }
    // The reference knows only this spelling when it adds the project to keys.
    const namespace = written === 'config' ? project : undefined
    const fields = configFields(value, reader)
    for (const field of fields) {
      const key = storedKey(field, namespace, reader)
      // Nearly every key is spelled as it is printed; taking that text saves a third of the time for long files.
      const isPrinted = key.namespace.length + 1 + key.name.length === field.key.length
      const printed = isPrinted ? field.key : printConfigKey(key)
      if (config.has(printed)) {
        const first = fields.find((it) => printConfigKey(storedKey(it, namespace, reader)) === printed) as Field
        throw reader.duplicate(printed, first.at, field.at)
      }
      const read = values.topLevel(field.value, key)
      if (read === null) withoutValue.push(printed)
      config.set(printed, { key, value: read ?? format.nullValue, spelling: field.key })
    }
  }
  return { config, withoutValue, marks: values.marks }
}

/**
 * The value of any node, a scalar with its type, as it is below a configuration key.
 * @throws ERR_MALFORMED_FILE, ERR_DUPLICATE_KEY
 */
export function readValue(node: DocumentNode, reader: TreeReader): ConfigValue {
  return new ValueReader(reader).value(node, 0)
}

function configFields(node: DocumentNode, reader: TreeReader): readonly Field[] {
  return reader.follow(node, (content) => {
    if (content.kind === 'mapping') return reader.fields(content, 'plain')
    if (content.kind === 'scalar' && reader.resolve(content) === null) return []
    throw reader.malformed(node, 'config has to be a mapping of keys to values')
  })
}

function storedKey(field: Field, namespace: string | undefined, reader: TreeReader): ConfigKey {
  const where = { start: field.at }
  if (!field.keyIsText) throw reader.malformed(where, `the configuration key ${field.key} is not text`)
  try {
    return parseConfigKey(field.key.includes(':') || namespace === undefined ? field.key : `${namespace}:${field.key}`)
  } catch (error) {
    throw isStacksealError(error) ? reader.malformed(where, error.message) : error
  }
}

/** Makes configuration values of nodes, and knows where it is, for messages and marks. */
class ValueReader {
  readonly marks: SecretMark[] = []
  readonly #reader: TreeReader
  #key: ConfigKey = { namespace: '', name: '' }
  readonly #path: PathSegment[] = []

  constructor(reader: TreeReader) {
    this.#reader = reader
  }

  /** The value of a key; null where nothing stands. */
  topLevel(node: DocumentNode, key: ConfigKey): ConfigValue {
    this.#key = key
    return this.#reader.follow(node, (content) => {
      if (content.kind !== 'scalar') return this.#collection(content, 0)
      const scalar = this.#scalar(content)
      return scalar === null ? null : topLevelText(scalar)
    })
  }

  value(node: DocumentNode, depth: number): ConfigValue {
    if (depth > MAX_DEPTH) throw this.#reader.tooDeep(node)
    return this.#reader.follow(node, (content) => {
      if (content.kind !== 'scalar') return this.#collection(content, depth)
      const scalar = this.#scalar(content)
      return typeof scalar === 'number' || typeof scalar === 'bigint' ? normalizeNumber(scalar) : scalar
    })
  }

  #collection(node: MappingNode | SequenceNode, depth: number): ConfigValue {
    const marksBefore = this.marks.length
    const value = this.#content(node, depth)
    if (SECRET_TAGS.has(node.tag)) this.#markCollection(node, value, marksBefore)
    return value
  }

  #content(node: MappingNode | SequenceNode, depth: number): ConfigValue {
    if (node.kind === 'sequence') return node.items.map((item, index) => this.#within(BigInt(index), item.value, depth))
    const ciphertext = this.#usualCiphertext(node)
    if (ciphertext !== undefined) return new SecretText(ciphertext)
    const object = new Map<string, ConfigValue>()
    for (const { key, value } of this.#reader.fields(node, 'any')) object.set(key, this.#within(key, value, depth))
    return isSecretShape(object) ? new SecretText(object.get(SECRET_KEY) as string) : object
  }

  /** A shortcut for the secrets of long files: nearly all are written without tags, aliases and merges. */
  #usualCiphertext(node: MappingNode): string | undefined {
    const [pair] = node.pairs
    if (pair === undefined || node.pairs.length > 1) return undefined
    const { key, value } = pair
    if (key.kind !== 'scalar' || key.text !== SECRET_KEY || key.tag !== undefined) return undefined
    if (value.kind !== 'scalar' || value.tag !== undefined) return undefined
    const text = this.#reader.resolve(value)
    return typeof text === 'string' ? text : undefined
  }

  #within(step: PathSegment, node: DocumentNode, depth: number): ConfigValue {
    this.#path.push(step)
    const value = this.value(node, depth + 1)
    this.#path.pop()
    return value
  }

  #scalar(node: ScalarNode): YamlScalarValue {
    const value = this.#reader.resolve(node)
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw this.#reader.malformed(
        node,
        `${this.#place()} is infinite or not a number, which no configuration can hold`,
      )
    }
    if (SECRET_TAGS.has(node.tag)) this.#mark(node)
    return value
  }

  #mark(node: DocumentNode, path: readonly PathSegment[] = []): void {
    this.marks.push({ key: printConfigKey(this.#key), path: [...this.#path, ...path], offset: node.outerStart })
  }

  /** A marked list or mapping is one secret; where some of it is encrypted already, the rest is marked piece by piece. */
  #markCollection(node: MappingNode | SequenceNode, value: ConfigValue, marksBefore: number): void {
    if (value instanceof SecretText) return
    this.marks.length = marksBefore
    if (!hasSecret(value)) return this.#mark(node)
    for (const path of plainLeaves(value)) this.#mark(node, path)
  }

  #place(): string {
    if (this.#path.length === 0) return printConfigKey(this.#key)
    return `${this.#key.namespace}:${printPropertyPath([this.#key.name, ...this.#path])}`
  }
}
