import { StacksealError } from '@stackseal/core'

import type { ConfigObject, ConfigValue } from '../values/config-value.ts'
import type { DocumentNode, ItemNode, MappingNode, PairNode, ParsedDocument, SequenceNode } from './document-node.ts'
import { renderBlockValue, renderFlowValue, renderItemValue, renderPair, renderScalar } from './yaml-emit.ts'

/** Replaces the characters from start to end (exclusive) with a text. */
export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** How the new text is written where there is a choice. */
export interface EditStyle {
  /**
   * For a place where the usual way would change a neighbour, because a block scalar that keeps its blank lines (`|+`)
   * would take in those that follow: text of several lines stands in double quotes, and the blank lines behind a
   * removed entry go with it.
   */
  readonly careful: boolean
}

/** Writes the first pairs of a document that holds none, after its comments. */
export function startDocument(text: string, document: ParsedDocument, pairs: ConfigObject, style: EditStyle): Splice[] {
  const at = document.contentEnd
  const lineEnd = lineEndOf(text)
  const opened = at === 0 || text[at - 1] === '\n' || text[at - 1] === '\uFEFF'
  const lines = [...pairs].map(([key, value]) => pairText(key, value, 0, lineEnd, style)).join(lineEnd)
  return [{ start: at, end: at, text: `${opened ? '' : lineEnd}${lines}${lineEnd}` }]
}

/** Where a value stands: the pair or item that holds it, in its mapping or list. */
export type Place =
  | { readonly parent: MappingNode; readonly entry: PairNode }
  | { readonly parent: SequenceNode; readonly entry: ItemNode }

/** Puts a value in the place of the one that a pair or an item has. */
export function replaceValue(text: string, place: Place, value: ConfigValue, style: EditStyle): Splice[] {
  const old = place.entry.value
  const after = 'colonEnd' in place.entry ? place.entry.colonEnd : place.entry.dashEnd
  const isEmpty = old.kind === 'scalar' && old.style === 'empty'
  const anchor = old.anchor === undefined ? '' : ` &${old.anchor}`
  if (place.parent.flow) {
    const written = `${anchor} ${flowText(value, old)}`
    if (isEmpty) return [{ start: old.end, end: old.end, text: written }]
    return [{ start: old.outerStart, end: old.end, text: written.slice(1) }]
  }

  const indent = columnOf(text, place.entry.start)
  const lineEnd = lineEndOf(text)
  const [first, more] = splitFirstLine(anchor + valueText(value, place, old, indent, lineEnd, style))

  if (isBlockCollection(old) && lineStart(text, old.start) > after) {
    // The value stands on lines of its own. The key's line keeps its comment.
    const end = endOfLastLine(text, old)
    const comment = commentBehind(text, after, endOfLine(text, after))
    return [{ start: after, end, text: first + comment + more + closing(text, end, more, lineEnd) }]
  }
  if (old.kind === 'scalar' && (old.style === 'literal' || old.style === 'folded')) {
    const end = endOfLastLine(text, old)
    const comment = commentBehind(text, old.start, endOfLine(text, old.start))
    return [{ start: after, end, text: first + comment + more + closing(text, end, more, lineEnd) }]
  }
  // The value begins on the line of its key or dash: what stands behind it there stays, and the spaces before it too.
  const end = isBlockCollection(old) ? endOfLastLine(text, old) : Math.max(old.end, after)
  const restEnd = more === '' ? end : endOfLine(text, end)
  const rest = text.slice(end, restEnd)
  const tail = rest + more + closing(text, restEnd, more, lineEnd)
  if (isEmpty || first === '') return [{ start: after, end: restEnd, text: first + tail }]
  return [{ start: old.outerStart, end: restEnd, text: first.slice(1) + tail }]
}

function isBlockCollection(node: DocumentNode): boolean {
  return (node.kind === 'mapping' || node.kind === 'sequence') && !node.flow
}

/** The comment between two places of one line, with the blanks before it; empty where there is none. */
function commentBehind(text: string, start: number, end: number): string {
  return /[ \t]+#.*$/.exec(text.slice(start, end))?.[0] ?? ''
}

/** Adds a pair at the end of a mapping. */
export function appendPair(
  text: string,
  document: ParsedDocument,
  mapping: MappingNode,
  key: string,
  value: ConfigValue,
  style: EditStyle,
): Splice[] {
  const last = mapping.pairs.at(-1)
  if (mapping.flow) {
    const pair = `${renderScalar(key, { context: 'flow-key', indent: 0, lineEnd: '\n' })}: ${flowText(value, undefined)}`
    if (last === undefined) return [{ start: mapping.start + 1, end: mapping.start + 1, text: pair }]
    // Behind a key without a value: `c:,` would be the key `c:` for the reference.
    const gap = last.value.kind === 'scalar' && last.value.style === 'empty' ? ' ' : ''
    return [{ start: last.end, end: last.end, text: `${gap}, ${pair}` }]
  }
  if (last === undefined) throw new StacksealError('ERR_INTERNAL', 'a block mapping has at least one pair')
  const indent = columnOf(text, (mapping.pairs[0] as PairNode).start)
  const lineEnd = lineEndOf(text)
  return appendLines(text, document, mapping, indent, pairText(key, value, indent, lineEnd, style), lineEnd)
}

/** Adds an item at the end of a list. */
export function appendItem(
  text: string,
  document: ParsedDocument,
  sequence: SequenceNode,
  value: ConfigValue,
  style: EditStyle,
): Splice[] {
  const last = sequence.items.at(-1)
  if (sequence.flow) {
    const item = flowText(value, undefined)
    if (last === undefined) return [{ start: sequence.start + 1, end: sequence.start + 1, text: item }]
    return [{ start: last.end, end: last.end, text: `, ${item}` }]
  }
  if (last === undefined) throw new StacksealError('ERR_INTERNAL', 'a block sequence has at least one item')
  const indent = columnOf(text, (sequence.items[0] as ItemNode).start)
  const lineEnd = lineEndOf(text)
  return appendLines(text, document, sequence, indent, `-${itemText(value, indent, lineEnd, style)}`, lineEnd)
}

/** Takes a pair out of its mapping, or an item out of its list, with its lines. The collection has other entries. */
export function removeEntry(text: string, { parent, entry }: Place, style: EditStyle): Splice[] {
  const entries: readonly (PairNode | ItemNode)[] = parent.kind === 'mapping' ? parent.pairs : parent.items
  const index = entries.indexOf(entry)
  const next = entries[index + 1]
  const previous = entries[index - 1]
  if (parent.flow) {
    if (next !== undefined) return [{ start: entry.start, end: next.start, text: '' }]
    if (previous !== undefined) return [{ start: previous.end, end: entry.end, text: '' }]
    return [{ start: parent.start + 1, end: parent.end - 1, text: '' }]
  }
  const start = lineStart(text, entry.start)
  const end = endOfLastLine(text, { start: entry.start, end: entry.end })
  if (text.slice(start, entry.start).trim() === '') {
    let after = end + lineEndLength(text, end)
    while (style.careful && lineEndLength(text, after) > 0) after += lineEndLength(text, after)
    return [{ start, end: after, text: '' }]
  }
  // The entry shares its line with a dash (`- name: x`): the next line moves up to it, if it is the next entry's.
  const isNextLine = next !== undefined && /^\r?\n *$/.test(text.slice(end, next.start))
  if (isNextLine) return [{ start: entry.start, end: next.start, text: '' }]
  return [{ start: entry.start, end, text: '' }]
}

function appendLines(
  text: string,
  document: ParsedDocument,
  collection: MappingNode | SequenceNode,
  indent: number,
  lines: string,
  lineEnd: string,
): Splice[] {
  let at = endOfLastLine(text, collection)
  // Comments right below that are indented like the entries belong to them: the new entry goes after those.
  for (;;) {
    const next = at + lineEndLength(text, at)
    if (next === at || next >= document.contentEnd) break
    const line = text.slice(next, endOfLine(text, next))
    const content = line.trimStart()
    if (!content.startsWith('#') || line.length - content.length < Math.max(indent, 1)) break
    at = endOfLine(text, next)
  }
  const addition = `${lineEnd}${' '.repeat(indent)}${lines}`
  return [{ start: at, end: at, text: addition + closing(text, at, addition, lineEnd) }]
}

/** A block scalar at the very end of a file needs its line end, or it reads as text without one. */
function closing(text: string, at: number, written: string, lineEnd: string): string {
  return at >= text.length && written.includes('\n') ? lineEnd : ''
}

function valueText(
  value: ConfigValue,
  place: Place,
  old: DocumentNode,
  indent: number,
  lineEnd: string,
  style: EditStyle,
): string {
  if (isScalar(value)) {
    const quotes = style.careful && typeof value === 'string' && value.includes('\n') ? 'double' : quotesOf(old)
    return ` ${renderScalar(value, { context: 'block-value', indent, lineEnd, ...(quotes === undefined ? {} : { style: quotes }) })}`
  }
  return place.parent.kind === 'mapping'
    ? withLineEnd(lineEnd, style, (written) => renderBlockValue(value, indent, written))
    : itemText(value, indent, lineEnd, style)
}

function pairText(key: string, value: ConfigValue, indent: number, lineEnd: string, style: EditStyle): string {
  return withLineEnd(lineEnd, style, (written) => renderPair(key, value, indent, written))
}

function itemText(value: ConfigValue, indent: number, lineEnd: string, style: EditStyle): string {
  return withLineEnd(lineEnd, style, (written) => renderItemValue(value, indent, written))
}

/** With CRLF the emitter writes no block scalars; every line end in its text is then one between entries. */
function withLineEnd(lineEnd: string, style: EditStyle, render: (lineEnd: string) => string): string {
  return style.careful ? render('\r\n').replaceAll('\r\n', lineEnd) : render(lineEnd)
}

function flowText(value: ConfigValue, old: DocumentNode | undefined): string {
  if (!isScalar(value)) return renderFlowValue(value)
  const quotes = old === undefined ? undefined : quotesOf(old)
  return renderScalar(value, {
    context: 'flow-value',
    indent: 0,
    lineEnd: '\n',
    ...(quotes === undefined ? {} : { style: quotes }),
  })
}

type ScalarValue = null | boolean | bigint | number | string

function isScalar(value: ConfigValue): value is ScalarValue {
  return value === null || typeof value !== 'object'
}

function quotesOf(node: DocumentNode): 'single' | 'double' | undefined {
  if (node.kind !== 'scalar') return undefined
  return node.style === 'single' || node.style === 'double' ? node.style : undefined
}

function splitFirstLine(written: string): [first: string, more: string] {
  const end = written.search(/\r?\n/)
  return end < 0 ? [written, ''] : [written.slice(0, end), written.slice(end)]
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1
}

function columnOf(text: string, at: number): number {
  const start = lineStart(text, at)
  return at - (text.charCodeAt(start) === 0xfeff ? start + 1 : start)
}

/** Where the line ends that a position lies on: before its line end, or at the end of the text. */
function endOfLine(text: string, at: number): number {
  const newline = text.indexOf('\n', at)
  if (newline < 0) return text.length
  return newline > at && text[newline - 1] === '\r' ? newline - 1 : newline
}

/** Where the last line of a node ends; a block scalar's own end lies behind its last line end. */
function endOfLastLine(text: string, node: { readonly start: number; readonly end: number }): number {
  if (node.end > node.start && text[node.end - 1] === '\n') return lineEndBefore(text, node.end)
  return endOfLine(text, node.end)
}

function lineEndBefore(text: string, at: number): number {
  if (at > 0 && text[at - 1] === '\n') return at > 1 && text[at - 2] === '\r' ? at - 2 : at - 1
  return at
}

function lineEndLength(text: string, at: number): number {
  if (text[at] === '\n') return 1
  return text[at] === '\r' && text[at + 1] === '\n' ? 2 : 0
}

function lineEndOf(text: string): string {
  const newline = text.indexOf('\n')
  return newline > 0 && text[newline - 1] === '\r' ? '\r\n' : '\n'
}
