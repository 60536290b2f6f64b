import type { ConfigValue } from '../values/config-value.ts'
import { SecretText } from '../values/config-value.ts'
import { compareNatural } from '../values/natural-order.ts'
import { isSimpleKey, renderScalar } from './yaml-scalar-style.ts'

export { isLostByReference, isSimpleKey, renderScalar } from './yaml-scalar-style.ts'
export type { ScalarPlace } from './yaml-scalar-style.ts'

type Pairs = readonly (readonly [string, ConfigValue])[]

/**
 * Everything here is laid out as in a file that the reference writes anew: block style, two spaces a level, sequences
 * indented too, mapping keys in natural order.
 *
 * No text of this module ends with its last line end and none begins with the indentation of its first line, so
 * `indentation + text + lineEnd` is always a run of whole lines. A text whose own last line is empty, so that it ends
 * with a line end after all, is a block scalar with `|+`: it takes in every empty line that follows it in a file.
 */

/** The pair `key: value` of a block mapping whose keys stand `indent` spaces in. */
export function renderPair(key: string, value: ConfigValue, indent: number, lineEnd: string): string {
  if (isSimpleKey(key)) {
    return `${renderScalar(key, { context: 'block-key', indent, lineEnd })}:${renderBlockValue(value, indent, lineEnd)}`
  }
  const explicitKey = `? ${renderScalar(key, { context: 'block-value', indent, lineEnd })}`
  return `${explicitKey}${lineEnd}${spaces(indent)}:${renderItemValue(value, indent, lineEnd)}`
}

/** What stands right after `key:` of a mapping `indent` spaces in: ` scalar`, ` {}`, or a line end and deeper lines. */
export function renderBlockValue(value: ConfigValue, indent: number, lineEnd: string): string {
  if (!isBlock(value)) return ` ${renderLeaf(value, indent, lineEnd)}`
  return lineEnd + spaces(indent + 2) + renderBlock(value, indent + 2, lineEnd)
}

/** What stands right after the `-` of a sequence `indent` spaces in; a collection begins on the same line. */
export function renderItemValue(value: ConfigValue, indent: number, lineEnd: string): string {
  return ` ${isBlock(value) ? renderBlock(value, indent + 2, lineEnd) : renderLeaf(value, indent, lineEnd)}`
}

/** A value in flow style, on one line. */
export function renderFlowValue(value: ConfigValue): string {
  if (isScalar(value)) return renderScalar(value, { context: 'flow-value', indent: 0, lineEnd: '\n' })
  if (isList(value)) return `[${value.map(renderFlowValue).join(', ')}]`
  return `{${sortedPairs(value)
    .map(([key, item]) => renderFlowPair(key, item))
    .join(', ')}}`
}

/** The pair `key: value` of a flow mapping. */
export function renderFlowPair(key: string, value: ConfigValue): string {
  const text = renderScalar(key, { context: 'flow-key', indent: 0, lineEnd: '\n' })
  return isSimpleKey(key) ? `${text}: ${renderFlowValue(value)}` : `? ${text} : ${renderFlowValue(value)}`
}

/** The text of a new file, with its final line end: the given pairs in their order, `{}` if there are none. */
export function renderDocument(pairs: Pairs): string {
  if (pairs.length === 0) return '{}\n'
  return pairs.map(([key, value]) => `${renderPair(key, value, 0, '\n')}\n`).join('')
}

type Collection = readonly ConfigValue[] | ReadonlyMap<string, ConfigValue> | SecretText
type Scalar = Exclude<ConfigValue, Collection>

function renderBlock(value: Collection, indent: number, lineEnd: string): string {
  const lines = isList(value)
    ? value.map((item) => `-${renderItemValue(item, indent, lineEnd)}`)
    : sortedPairs(value).map(([key, item]) => renderPair(key, item, indent, lineEnd))
  return lines.join(lineEnd + spaces(indent))
}

/** A scalar or an empty collection. */
function renderLeaf(value: ConfigValue, indent: number, lineEnd: string): string {
  return isScalar(value) ? renderScalar(value, { context: 'block-value', indent, lineEnd }) : renderFlowValue(value)
}

function isScalar(value: ConfigValue): value is Scalar {
  return typeof value !== 'object' || value === null
}

function isList(value: Collection): value is readonly ConfigValue[] {
  return Array.isArray(value)
}

function isBlock(value: ConfigValue): value is Collection {
  if (isScalar(value)) return false
  if (isList(value)) return value.length > 0
  return value instanceof SecretText || value.size > 0
}

function sortedPairs(value: ReadonlyMap<string, ConfigValue> | SecretText): Pairs {
  if (value instanceof SecretText) return [['secure', value.ciphertext]]
  return [...value].toSorted(([a], [b]) => compareNatural(a, b))
}

function spaces(count: number): string {
  return ' '.repeat(count)
}
