import type { StacksealError } from '@stackseal/core'

import { type ConfigPlace, parseConfigPlace } from './config-place.ts'
import { readValue } from './config-reader.ts'
import type { Field } from './tree-reader.ts'
import { TreeReader } from './tree-reader.ts'
import { compareUtf8 } from '../values/go-json.ts'
import { secretsOf } from './value-shape.ts'
import type { ConfigValue } from '../values/config-value.ts'
import type { DocumentFormat } from '../document/document-format.ts'
import type { DocumentNode } from '../document/document-node.ts'
import { fitsType, fullTypeName, type ItemsType, VALUE_TYPES, type ValueTypeName } from './project-types.ts'

/** What a project file says about one configuration key. */
export interface ProjectConfigEntry {
  /** The key as it is spelled there: bare, or `<namespace>:<name>`. */
  readonly key: string
  /** Where a stack's value for it stands: the name is read as a property path. */
  readonly place: ConfigPlace
  /** Undefined where none is declared: then nothing is checked. */
  readonly type: ValueTypeName | undefined
  readonly items: ItemsType | undefined
  readonly description: string | undefined
  /** Whether a stack's value has to be encrypted; counts only beside a type. */
  readonly secret: boolean
  /** `default` or `value`: what a stack has where it says nothing itself. */
  readonly value: ConfigValue | undefined
}

/** The configuration of a project, in the order of its keys' bytes. */
export type ProjectConfig = readonly ProjectConfigEntry[]

const ATTRIBUTES = ['type', 'items', 'description', 'default', 'value', 'secret']

/**
 * Reads `config` of a project file. A text, a number, a boolean or a list in place of a declaration is the default of a
 * key of the project, and the value of any other key. docs/format.md, "Project configuration".
 * @throws ERR_MALFORMED_FILE with the reference's words for what it refuses
 */
export function readProjectConfig(
  node: DocumentNode | undefined,
  project: string,
  text: string,
  format: DocumentFormat,
): ProjectConfig {
  if (node === undefined) return []
  const reader = new TreeReader(text, format)
  const fields = reader.follow(node, (content) => (content.kind === 'mapping' ? reader.fields(content, 'plain') : []))
  return fields
    .map((field) => new EntryReader(reader, project, field, format).read())
    .toSorted((a, b) => compareUtf8(a.key, b.key))
}

class EntryReader {
  readonly #reader: TreeReader
  readonly #project: string
  readonly #field: Field
  readonly #format: DocumentFormat

  constructor(reader: TreeReader, project: string, field: Field, format: DocumentFormat) {
    this.#reader = reader
    this.#project = project
    this.#field = field
    this.#format = format
  }

  read(): ProjectConfigEntry {
    const { key, keyIsText, at, value } = this.#field
    if (!keyIsText) throw this.#reader.malformed({ start: at }, `the key ${key} is not text`)
    const place = parseConfigPlace(key, this.#project, true)
    const none = { key, place, type: undefined, items: undefined, description: undefined, secret: false }
    return this.#reader.follow(value, (content) => {
      if (content.kind === 'mapping') return this.#declaration(none, this.#reader.fields(content, 'any'))
      const given = this.#value(value)
      // Where nothing or a fraction stands, or in JSON any number, the reference can not load the file.
      const isNumber = typeof given === 'number' || (typeof given === 'bigint' && this.#format.floatsOnly)
      if (given === null || isNumber) throw this.#refused('is neither a value nor a declaration')
      return { ...none, value: asText(given, this.#format) }
    })
  }

  #declaration(none: Omit<ProjectConfigEntry, 'value'>, fields: readonly Field[]): ProjectConfigEntry {
    const attributes = new Map(fields.map((field) => [field.key, field.value]))
    for (const name of attributes.keys()) {
      if (!ATTRIBUTES.includes(name))
        throw this.#refused(
          `has an attribute '${name}', which is not allowed; the allowed ones are ${ATTRIBUTES.join(', ')}`,
        )
    }
    const own = !this.#field.key.includes(':') || this.#field.key.startsWith(`${this.#project}:`)
    const declared: ProjectConfigEntry = {
      ...none,
      type: this.#type(attributes.get('type')),
      items: this.#items(attributes.get('items')),
      description: this.#text(attributes.get('description'), 'description'),
      secret: this.#boolean(attributes.get('secret')),
      value: undefined,
    }
    const [byDefault, value] = ['default', 'value'].map((name) => this.#given(attributes.get(name)))
    this.#check(declared, byDefault, value, own)
    return { ...declared, value: asText(byDefault ?? value, this.#format) }
  }

  /** The reference's own checks, in its words. */
  #check(
    { key, type, items }: ProjectConfigEntry,
    byDefault: ConfigValue | undefined,
    value: ConfigValue | undefined,
    own: boolean,
  ): void {
    if (byDefault !== undefined && value !== undefined) {
      throw this.#says(`project config '${key}' cannot have both a 'default' and 'value' attribute`)
    }
    if (own) {
      if (type === 'array' && items === undefined) {
        throw this.#says(
          `The configuration key '${key}' declares an array but does not specify the underlying type via the 'items' attribute`,
        )
      }
      if (type !== undefined && byDefault !== undefined && !fitsType(byDefault, type, items)) {
        throw this.#says(
          `The default value specified for configuration key '${key}' is not of the expected type '${fullTypeName(type, items)}'`,
        )
      }
      return
    }
    if (type !== undefined) {
      throw this.#says(`Configuration key '${key}' is not namespaced by the project and should not define a type`)
    }
    if (byDefault !== undefined) {
      throw this.#says(
        `Configuration key '${key}' is not namespaced by the project and should not define a default value. Did you mean to use the 'value' attribute instead of 'default'?`,
      )
    }
    if (value === undefined) {
      throw this.#says(`Configuration key '${key}' is namespaced and must provide an attribute 'value'`)
    }
  }

  #type(node: DocumentNode | undefined): ValueTypeName | undefined {
    if (node === undefined) return undefined
    const name = this.#value(node)
    const known = VALUE_TYPES.find((type) => type === name)
    if (known === undefined) throw this.#refused(`has a type that is not one of ${VALUE_TYPES.join(', ')}`)
    return known
  }

  #items(node: DocumentNode | undefined): ItemsType | undefined {
    if (node === undefined) return undefined
    return this.#reader.follow(node, (content) => {
      const fields = content.kind === 'mapping' ? this.#reader.fields(content, 'any') : []
      const type = this.#type(fields.find(({ key }) => key === 'type')?.value)
      if (type === undefined) throw this.#refused("has items without a 'type'")
      const items = this.#items(fields.find(({ key }) => key === 'items')?.value)
      if (type === 'array' && items === undefined) throw this.#refused("has items of type array without 'items'")
      return items === undefined ? { type } : { type, items }
    })
  }

  #text(node: DocumentNode | undefined, name: string): string | undefined {
    const value = node === undefined ? undefined : this.#value(node)
    if (value === undefined || typeof value === 'string') return value
    throw this.#refused(`has a ${name} that is not text`)
  }

  #boolean(node: DocumentNode | undefined): boolean {
    const value = node === undefined ? false : this.#value(node)
    if (typeof value === 'boolean') return value
    throw this.#refused('has a secret that is neither true nor false')
  }

  /** A default or value; null is as good as none. */
  #given(node: DocumentNode | undefined): ConfigValue | undefined {
    return node === undefined ? undefined : (this.#value(node) ?? undefined)
  }

  #value(node: DocumentNode): ConfigValue {
    const value = readValue(node, this.#reader)
    if (secretsOf(value).length > 0) throw this.#refused('holds an encrypted value, which only stack files can have')
    return value
  }

  #refused(reason: string): StacksealError {
    return this.#says(`the configuration key '${this.#field.key}' ${reason}`)
  }

  #says(words: string): StacksealError {
    return this.#reader.malformed({ start: this.#field.at }, words)
  }
}

/** Booleans, and the integers of a YAML file, are text as in a stack file; JSON has floats alone, which stay numbers. */
function asText(value: ConfigValue | undefined, { floatsOnly }: DocumentFormat): ConfigValue | undefined {
  return typeof value === 'boolean' || (typeof value === 'bigint' && !floatsOnly) ? String(value) : value
}
