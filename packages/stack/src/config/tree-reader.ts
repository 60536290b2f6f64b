import { isStacksealError, StacksealError } from '@stackseal/core'
import type { AliasNode, DocumentNode, MappingNode, ScalarNode } from '../document/document-node.ts'
import { MAX_DEPTH, MERGE_KEY } from './value-shape.ts'
import { keyText, resolveScalar, type YamlScalarValue } from '../document/yaml-scalar.ts'

/** One pair of a mapping, its own or merged into it. */
export interface Field {
  /** The key's text. Numbers, booleans and dates that stand as keys are text, as the reference prints them. */
  readonly key: string
  /** The key as it is written. */
  readonly written: string
  /** False where the key is a number, a boolean, a date or null. */
  readonly keyIsText: boolean
  /** Where the key begins, in UTF-16 units. */
  readonly at: number
  readonly value: DocumentNode
}

/** Which spellings of `<<` merge. `plain`: without quotes. `any`: quoted too, as the reference does below the configuration's keys. */
export type MergeSpelling = 'plain' | 'any'

interface OwnFields {
  readonly fields: readonly Field[]
  readonly merged: DocumentNode | undefined
}

type ContentNode = Exclude<DocumentNode, AliasNode>

const MERGE_TAGS: ReadonlySet<string | undefined> = new Set(['!!merge', '!<tag:yaml.org,2002:merge>'])

/**
 * One reading of a document's tree: follows aliases, merges mappings, finds keys that stand twice. What aliases may cost
 * is bounded by the reference's own rule, so that a few lines can not grow to gigabytes.
 */
export class TreeReader {
  readonly #text: string
  readonly #merges: boolean
  #visits = 0
  #visitsThroughAliases = 0
  readonly #open = new Set<DocumentNode>()

  /** `text` is the whole file; only lines for messages are counted in it. `merges`: whether the key `<<` has a meaning. */
  constructor(text: string, { merges }: { readonly merges: boolean } = { merges: true }) {
    this.#text = text
    this.#merges = merges
  }

  /**
   * Reads a node, or in place of an alias what it stands for.
   * @throws ERR_MALFORMED_FILE for an anchor that contains itself, or too much behind aliases
   */
  follow<T>(node: DocumentNode, read: (node: ContentNode) => T): T {
    this.#count(node)
    if (node.kind !== 'alias') return read(node)
    if (this.#open.has(node.target)) throw this.malformed(node, `the anchor ${node.name} contains itself`)
    this.#open.add(node.target)
    try {
      return this.follow(node.target, read)
    } finally {
      this.#open.delete(node.target)
    }
  }

  /**
   * The pairs of a mapping: its own in their order, then what is merged into it and not named by it; of several merged
   * mappings the first that has a key gives it.
   * @throws ERR_DUPLICATE_KEY, ERR_MALFORMED_FILE
   */
  fields(mapping: MappingNode, merge: MergeSpelling): readonly Field[] {
    const own = this.#own(mapping, merge)
    if (own.merged === undefined) return own.fields
    const fields = new Map(own.fields.map((field) => [field.key, field]))
    // Where all its own keys are text, the reference takes merged keys as they are written: 0x1 and not 1.
    const asWritten = own.fields.every((field) => field.keyIsText)
    this.#merge(own.merged, merge, asWritten, fields, 0)
    return [...fields.values()]
  }

  /**
   * Looks through what is not read any further for what makes the reference refuse the whole file: keys that stand
   * twice, tags that do not fit, merges of what is no mapping. Aliases are not followed.
   * @throws ERR_DUPLICATE_KEY, ERR_MALFORMED_FILE
   */
  check(node: DocumentNode, depth = 0): void {
    if (depth > MAX_DEPTH) throw this.tooDeep(node)
    if (node.kind === 'scalar') this.resolve(node)
    if (node.kind === 'sequence') for (const item of node.items) this.check(item.value, depth + 1)
    if (node.kind !== 'mapping') return
    this.fields(node, 'plain')
    for (const pair of node.pairs) this.check(pair.value, depth + 1)
  }

  /**
   * What a scalar stands for.
   * @throws ERR_MALFORMED_FILE where it does not fit its tag
   */
  resolve(node: ScalarNode): YamlScalarValue {
    try {
      return resolveScalar(node)
    } catch (error) {
      throw isStacksealError(error) ? this.malformed(node, error.message) : error
    }
  }

  /** The line of a place in the file, from 1, with the line breaks of YAML 1.1, which the reference counts by. */
  line(at: number): number {
    return this.#text.slice(0, at).split(/\r\n|[\n\r\u0085\u2028\u2029]/).length
  }

  malformed(node: { readonly start: number }, reason: string): StacksealError {
    const line = this.line(node.start)
    return new StacksealError('ERR_MALFORMED_FILE', `line ${line}: ${reason}`, { details: { line } })
  }

  tooDeep(node: DocumentNode): StacksealError {
    return this.malformed(node, `lists and mappings stand in each other more than ${MAX_DEPTH} levels deep`)
  }

  duplicate(key: string, first: number, second: number): StacksealError {
    // What is merged counts after what stands in the mapping itself, and may stand before it in the file.
    const [firstLine, line] = [this.line(Math.min(first, second)), this.line(Math.max(first, second))]
    return new StacksealError(
      'ERR_DUPLICATE_KEY',
      `the key ${key} stands in line ${firstLine} and again in line ${line}`,
      {
        hint: 'remove one of them',
        details: { key, firstLine, line },
      },
    )
  }

  #merge(
    merged: DocumentNode,
    spelling: MergeSpelling,
    asWritten: boolean,
    into: Map<string, Field>,
    depth: number,
  ): void {
    if (depth > MAX_DEPTH) throw this.tooDeep(merged)
    const add = (node: DocumentNode): void =>
      this.follow(node, (source) => {
        if (source.kind !== 'mapping') {
          throw this.malformed(node, `what ${MERGE_KEY} merges is neither a mapping nor a list of mappings`)
        }
        const own = this.#own(source, spelling)
        for (const field of own.fields) {
          const key = asWritten ? field.written : field.key
          if (!into.has(key)) into.set(key, asWritten ? { ...field, key, keyIsText: true } : field)
        }
        if (own.merged !== undefined) this.#merge(own.merged, spelling, asWritten, into, depth + 1)
      })
    if (merged.kind !== 'sequence') return add(merged)
    for (const item of merged.items) add(item.value)
  }

  /** The pairs that stand in the mapping itself, and apart from them what is merged into it. */
  #own(mapping: MappingNode, merge: MergeSpelling): OwnFields {
    const fields: Field[] = []
    let merged: DocumentNode | undefined
    const places = mapping.pairs.length === 1 ? undefined : new Map<string, number>()
    for (const { key: keyNode, value } of mapping.pairs) {
      const node = this.#keyScalar(keyNode)
      const resolved = this.resolve(node)
      const key = keyText(resolved)
      const at = keyNode.start
      if (places !== undefined) {
        this.#claim(places, key, at)
        // The reference compares the keys as they are written: 1 and "1" are the same, 0x1 and 1 it mixes up later.
        if (node.text !== key) this.#claim(places, node.text, at)
      }
      if (this.#merges && key === MERGE_KEY && isMerge(node, merge)) merged = value
      else fields.push({ key, written: node.text, keyIsText: resolved === node.text, at, value })
    }
    return { fields, merged }
  }

  #keyScalar(key: ScalarNode | AliasNode): ScalarNode {
    return this.follow(key, (content) => {
      if (content.kind === 'scalar') return content
      throw this.malformed(key, 'a list or a mapping can not be a key')
    })
  }

  #claim(places: Map<string, number>, key: string, at: number): void {
    const first = places.get(key)
    if (first !== undefined) throw this.duplicate(key, first, at)
    places.set(key, at)
  }

  #count(node: DocumentNode): void {
    this.#visits++
    if (this.#open.size === 0) return
    this.#visitsThroughAliases++
    if (this.#visitsThroughAliases <= 100 || this.#visits <= 1000) return
    if (this.#visitsThroughAliases / this.#visits > allowedShare(this.#visits)) {
      throw this.malformed(node, 'aliases make too much out of too little')
    }
  }
}

/** How much of what is read may stand behind aliases: nearly all of a small document, a tenth of a very large one. */
function allowedShare(visits: number): number {
  const [low, high] = [400_000, 4_000_000]
  if (visits <= low) return 0.99
  if (visits >= high) return 0.1
  return 0.99 - 0.89 * ((visits - low) / (high - low))
}

function isMerge(key: ScalarNode, merge: MergeSpelling): boolean {
  if (merge === 'any' || MERGE_TAGS.has(key.tag)) return true
  return key.style === 'plain' && (key.tag === undefined || key.tag === '!')
}
