import { Alias, type Node, parseDocument, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import type { DocumentNode, ItemNode, PairNode, ScalarNode } from '../src/document/document-node.ts'

const STYLES: Readonly<Record<string, ScalarNode['style']>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
}

/**
 * The tree of a YAML text's first document for tests of what reads trees: made by the YAML library's composer, in a few
 * lines. Offsets of keys and scalars are right, those of colons, dashes and ends are not. Undefined where the library
 * finds a fault.
 */
export function treeOf(yaml: string): { readonly root: DocumentNode | undefined } | undefined {
  const options = { schema: 'failsafe', uniqueKeys: false, logLevel: 'silent' } as const
  const document = parseDocument(yaml.replace(/\n---\n[^]*$/, '\n'), options)
  if (document.errors.length > 0) return undefined
  const builder = new TreeBuilder(yaml)
  const root = document.contents === null ? undefined : builder.node(document.contents, 0)
  return { root: root?.kind === 'scalar' && root.tag === undefined && root.text === '' ? undefined : root }
}

class TreeBuilder {
  readonly #yaml: string
  readonly #anchors = new Map<string, DocumentNode>()

  constructor(yaml: string) {
    this.#yaml = yaml
  }

  node(node: Node | null, fallback: number): DocumentNode {
    const [start, end] = node?.range ?? [fallback, fallback]
    const tag = node === null ? undefined : this.#tag(node, start)
    const anchor = node instanceof Alias ? undefined : (node as Scalar | null)?.anchor
    const outerStart = tag === undefined ? start : this.#yaml.lastIndexOf(tag, start)
    const located = { start, end, outerStart, anchor, tag }
    if (node instanceof Alias) {
      return { ...located, kind: 'alias', name: node.source, target: this.#anchors.get(node.source) as DocumentNode }
    }
    if (node instanceof YAMLMap) {
      const pairs: PairNode[] = []
      const mapping: DocumentNode = { ...located, kind: 'mapping', flow: node.flow === true, pairs }
      this.#name(anchor, mapping)
      for (const item of node.items) {
        const key = this.node(item.key as Node, start) as PairNode['key']
        const value = this.node(item.value as Node | null, key.end)
        pairs.push({ key, value, start: key.outerStart, colonEnd: key.end, end: value.end })
      }
      return mapping
    }
    if (node instanceof YAMLSeq) {
      const items: ItemNode[] = []
      const sequence: DocumentNode = { ...located, kind: 'sequence', flow: node.flow === true, items }
      this.#name(anchor, sequence)
      for (const item of node.items) {
        const value = this.node(item as Node | null, start)
        items.push({ value, start: value.start, dashEnd: value.start, end: value.end })
      }
      return sequence
    }
    const text = node instanceof Scalar ? (node.source ?? '') : ''
    const style = node instanceof Scalar && node.type !== undefined ? STYLES[node.type] : undefined
    const scalar: ScalarNode = {
      ...located,
      kind: 'scalar',
      style: text === '' && style === 'plain' ? 'empty' : (style ?? 'empty'),
      text,
    }
    this.#name(anchor, scalar)
    return scalar
  }

  #name(anchor: string | undefined, node: DocumentNode): void {
    if (anchor !== undefined) this.#anchors.set(anchor, node)
  }

  /** The tag as it is written before the content: the library keeps only what it stands for. */
  #tag(node: Node, start: number): string | undefined {
    if ((node as Scalar).tag === undefined) return undefined
    return /(![^\s,[\]{}]*)(?:\s+&\S+)?\s*$/.exec(this.#yaml.slice(0, start))?.[1]
  }
}
