import { isMap, isScalar, isSeq, parseDocument } from 'yaml'
import type { Node, Pair, Scalar } from 'yaml'
import type { ConfigValue } from '../src/values/config-value.ts'
import { SecretText } from '../src/values/config-value.ts'
import type { ScalarNode } from '../src/document/document-node.ts'
import { normalizeNumber } from '../src/values/go-number.ts'
import { keyText, resolveScalar } from '../src/document/yaml-scalar.ts'

const STYLES: Readonly<Record<string, ScalarNode['style']>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
}

/** A scalar without a place in a file. */
export function scalarNode(text: string, style: ScalarNode['style'] = 'plain', tag?: string): ScalarNode {
  return { kind: 'scalar', style, text, tag, anchor: undefined, start: 0, end: 0, outerStart: 0 }
}

/** One pair of the mapping that a YAML text is, with the text of the file that it takes. */
export interface ReadPair {
  readonly key: string
  readonly value: ConfigValue
  readonly source: string
}

/** Reads YAML with the `yaml` package's grammar and our own resolution of scalars. */
export function readYaml(text: string): ConfigValue {
  return valueOf(parseRoot(text))
}

/** The pairs of a file's block mapping `config`. */
export function readConfigPairs(text: string): ReadPair[] {
  const root = parseRoot(text)
  const config: unknown = isMap(root) ? root.get('config', true) : undefined
  if (!isMap<Node, Node | null>(config)) return []
  return config.items.map((pair) => ({
    key: keyOf(pair),
    value: valueOf(pair.value),
    source: text.slice(pair.key.range?.[0], pair.value?.range?.[2] ?? text.length),
  }))
}

function parseRoot(text: string): Node | null {
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false, logLevel: 'error' })
  const [error] = document.errors
  if (error !== undefined) throw error
  return document.contents
}

function valueOf(node: Node | null): ConfigValue {
  if (node === null) return null
  if (isScalar(node)) {
    const value = resolveScalar(textNode(node))
    return typeof value === 'number' || typeof value === 'bigint' ? normalizeNumber(value) : value
  }
  if (isSeq<Node>(node)) return node.items.map(valueOf)
  if (!isMap<Node, Node | null>(node)) throw new Error('an alias')
  const pairs = node.items.map((pair) => [keyOf(pair), valueOf(pair.value)] as const)
  const [only] = pairs
  if (pairs.length === 1 && only?.[0] === 'secure' && typeof only[1] === 'string') return new SecretText(only[1])
  return new Map(pairs)
}

function keyOf(pair: Pair<Node, Node | null>): string {
  if (!isScalar(pair.key)) throw new Error('a key that is no scalar')
  return keyText(resolveScalar(textNode(pair.key)))
}

function textNode(node: Scalar): ScalarNode {
  // `source` is the text before any tag of YAML's own is applied.
  const text = node.source ?? ''
  const style = text === '' && node.range?.[0] === node.range?.[1] ? 'empty' : STYLES[node.type ?? 'PLAIN']
  return scalarNode(text, style, node.tag === undefined ? undefined : `!<${node.tag}>`)
}
