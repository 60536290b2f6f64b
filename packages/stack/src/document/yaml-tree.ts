import type { CST } from 'yaml'
import type {
  AliasNode,
  DocumentNode,
  ItemNode,
  MappingNode,
  PairNode,
  ScalarNode,
  SequenceNode,
} from './document-node.ts'
import { malformedYaml } from './malformed-yaml.ts'
import { blockScalar, emptyScalar, flowScalar, type Properties, type ScalarSource } from './scalar-node.ts'

type Item = CST.CollectionItem
type Indicator = 'doc-start' | 'explicit-key-ind' | 'map-value-ind' | 'seq-item-ind'

/** Makes the tree of a document, from the tokens that the YAML library has made of it and found without fault. */
export class YamlTree {
  /** Names of the anchors that an alias uses. */
  readonly aliased: Set<string> = new Set()
  readonly #source: ScalarSource
  readonly #maxDepth: number
  readonly #anchors = new Map<string, DocumentNode | 'open'>()
  #depth = 0

  /** @param source the file as it is: the texts of scalars are read from it, by the reference's rules */
  constructor(source: ScalarSource, maxDepth: number) {
    this.#source = source
    this.#maxDepth = maxDepth
  }

  /** @throws ERR_MALFORMED_FILE */
  root({ start, value, offset }: CST.Document): DocumentNode {
    const marker = indicator(start, 'doc-start')
    return this.#node(value, properties(start), marker === undefined ? offset : marker.offset + 3)
  }

  #node(token: CST.Token | null | undefined, props: Properties, emptyAt: number): DocumentNode {
    switch (token?.type) {
      case undefined:
        return this.#anchored(emptyScalar(props, emptyAt))
      case 'alias':
        return this.#alias(token)
      case 'scalar':
        if (token.source === '') return this.#anchored(emptyScalar(props, emptyAt))
        return this.#anchored(flowScalar(this.#source, token, props))
      case 'single-quoted-scalar':
      case 'double-quoted-scalar':
        return this.#anchored(flowScalar(this.#source, token, props))
      case 'block-scalar':
        return this.#anchored(blockScalar(this.#source, token, props))
      case 'block-map':
      case 'block-seq':
      case 'flow-collection':
        return this.#collection(token, props)
      default:
        throw malformedYaml(this.#source.text, token?.offset ?? emptyAt, 'something stands where a value should')
    }
  }

  #anchored<T extends DocumentNode>(node: T): T {
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    return node
  }

  #alias({ source, offset: start }: CST.FlowScalar): AliasNode {
    const name = source.slice(1)
    const target = this.#anchors.get(name)
    if (target === undefined) throw malformedYaml(this.#source.text, start, 'an alias has no anchor before it')
    if (target === 'open') throw malformedYaml(this.#source.text, start, 'an alias stands inside of what it stands for')
    this.aliased.add(name)
    const end = start + source.length
    return { kind: 'alias', name, target, start, end, outerStart: start, anchor: undefined, tag: undefined }
  }

  #collection(token: CST.BlockMap | CST.BlockSequence | CST.FlowCollection, props: Properties): DocumentNode {
    if (++this.#depth > this.#maxDepth) {
      throw malformedYaml(this.#source.text, token.offset, `more than ${this.#maxDepth} levels are nested`)
    }
    if (props.anchor !== undefined) this.#anchors.set(props.anchor, 'open')
    const node = this.#anchored(this.#content(token, props))
    this.#depth--
    return node
  }

  #content(token: CST.BlockMap | CST.BlockSequence | CST.FlowCollection, props: Properties): DocumentNode {
    if (token.type === 'block-seq') {
      const items = token.items.filter(isWritten).map((item) => this.#blockItem(item))
      return sequence(items, false, items[0]?.start ?? token.offset, items.at(-1)?.end ?? token.offset, props)
    }
    if (token.type === 'block-map') {
      const written = token.items.filter(isWritten)
      for (const item of written) this.#checkColon(item)
      const pairs = written.map((item) => this.#pair(item))
      return mapping(pairs, false, pairs[0]?.start ?? token.offset, pairs.at(-1)?.end ?? token.offset, props)
    }
    const start = token.offset
    const end = (token.end[0]?.offset ?? start) + 1
    const written = token.items.filter(isWritten)
    if (token.start.type === 'flow-map-start') {
      return mapping(
        written.map((item) => this.#pair(item)),
        true,
        start,
        end,
        props,
      )
    }
    return sequence(
      written.map((item) => this.#flowItem(item)),
      true,
      start,
      end,
      props,
    )
  }

  #blockItem({ start, value }: Item): ItemNode {
    const dash = indicator(start, 'seq-item-ind')?.offset ?? 0
    const node = this.#node(value, properties(start), dash + 1)
    return { value: node, start: dash, dashEnd: dash + 1, end: node.end }
  }

  #flowItem(item: Item): ItemNode {
    const isPair = item.sep !== undefined || indicator(item.start, 'explicit-key-ind') !== undefined
    let node: DocumentNode
    if (isPair) {
      // `[a: b]`: a mapping of one pair, without brackets of its own.
      const pair = this.#pair(item)
      if (pair.key.end === pair.key.outerStart) {
        throw malformedYaml(this.#source.text, pair.start, 'a pair in square brackets has no key')
      }
      node = mapping([pair], true, pair.start, pair.end, NO_PROPERTIES)
    } else {
      node = this.#node(item.value, properties(item.start), 0)
    }
    return { value: node, start: node.outerStart, dashEnd: node.outerStart, end: node.end }
  }

  #pair({ start, key: keyToken, sep = [], value: valueToken }: Item): PairNode {
    const mark = indicator(start, 'explicit-key-ind')
    const colon = indicator(sep, 'map-value-ind')
    const key = this.#node(keyToken, properties(start), mark === undefined ? (colon?.offset ?? 0) : mark.offset + 1)
    if (!isScalarKey(key)) throw malformedYaml(this.#source.text, key.start, 'a key is a mapping or a sequence')
    if (mark === undefined && key.kind === 'scalar' && key.style === 'empty') {
      throw malformedYaml(this.#source.text, key.start, 'a colon has no key before it')
    }
    const valueProps = properties(sep)
    if (colon === undefined && (valueToken !== undefined || valueProps.start !== undefined)) {
      throw malformedYaml(this.#source.text, key.end, 'a value has no colon before it')
    }
    const colonEnd = colon === undefined ? key.end : colon.offset + 1
    const value = this.#node(valueToken, valueProps, colonEnd)
    return { key, value, start: mark?.offset ?? key.outerStart, colonEnd, end: value.end }
  }

  /** In block style a colon stands in the line of its key, or right below the `?` of its key. */
  #checkColon({ start, sep = [] }: Item): void {
    const mark = indicator(start, 'explicit-key-ind')
    const colon = indicator(sep, 'map-value-ind')
    if (colon === undefined) return
    const isThere = mark === undefined ? sep.find(isNewlineOrColon) === colon : mark.indent === colon.indent
    if (!isThere) throw malformedYaml(this.#source.text, colon.offset, 'a colon has no key before it in its line')
  }
}

function isNewlineOrColon({ type }: CST.SourceToken): boolean {
  return type === 'newline' || type === 'map-value-ind'
}

const NO_PROPERTIES: Properties = { anchor: undefined, tag: undefined, start: undefined, end: undefined }

/** The library keeps blanks and commas at the end of a collection as items. */
function isWritten({ start, key, sep, value }: Item): boolean {
  if (key !== undefined || sep !== undefined || value !== undefined) return true
  return start.some(({ type }) => type !== 'space' && type !== 'newline' && type !== 'comma')
}

function indicator(tokens: readonly CST.SourceToken[], type: Indicator): CST.SourceToken | undefined {
  return tokens.find((token) => token.type === type)
}

function properties(tokens: readonly CST.SourceToken[]): Properties {
  let found = NO_PROPERTIES
  for (const { type, source, offset } of tokens) {
    if (type !== 'anchor' && type !== 'tag') continue
    const place = { start: found.start ?? offset, end: offset + source.length }
    found = type === 'anchor' ? { ...found, ...place, anchor: source.slice(1) } : { ...found, ...place, tag: source }
  }
  return found
}

function isScalarKey(node: DocumentNode): node is ScalarNode | AliasNode {
  if (node.kind === 'alias') return node.target.kind === 'scalar'
  return node.kind === 'scalar'
}

function mapping(pairs: PairNode[], flow: boolean, start: number, end: number, props: Properties): MappingNode {
  const { anchor, tag, start: outerStart = start } = props
  return { kind: 'mapping', flow, pairs, start, end, outerStart, anchor, tag }
}

function sequence(items: ItemNode[], flow: boolean, start: number, end: number, props: Properties): SequenceNode {
  const { anchor, tag, start: outerStart = start } = props
  return { kind: 'sequence', flow, items, start, end, outerStart, anchor, tag }
}
