import type { ConfigValue } from '../values/config-value.ts'
import { SecretText } from '../values/config-value.ts'
import { compareUtf8, goJson, goJsonString } from '../values/go-json.ts'
import type { DocumentNode, ItemNode, MappingNode, PairNode, ParsedDocument, SequenceNode } from './document-node.ts'
import type { DocumentPath } from './document-path.ts'
import { wrapped } from './document-path.ts'

type Collection = MappingNode | SequenceNode
type Entry = PairNode | ItemNode

interface Span {
  readonly start: number
  readonly end: number
}

/** How a file is laid out. */
interface Layout {
  /** What one level is indented by. */
  readonly unit: string
  readonly lineEnd: string
  /** What stands between a name and its value, and between entries of one line. */
  readonly colon: string
  readonly comma: string
  /** Whether `<`, `>` and `&` are escaped: in the configuration, which has a marshaller of its own, and nowhere else. */
  readonly escapeHtml: boolean
}

const REFERENCE_LAYOUT: Layout = { unit: '    ', lineEnd: '\n', colon: ': ', comma: ', ', escapeHtml: true }

/** The text of a new JSON file, as the reference writes it: four spaces a level, names sorted below the top level. */
export function renderJsonDocument(pairs: readonly (readonly [string, ConfigValue])[]): string {
  const { unit } = REFERENCE_LAYOUT
  const members = pairs.map(([name, value]) => {
    const layout = { ...REFERENCE_LAYOUT, escapeHtml: typeof value !== 'string' }
    return `${unit}${goJsonString(name, false)}: ${written(value, unit, layout)}`
  })
  return members.length === 0 ? '{}\n' : `{\n${members.join(',\n')}\n}\n`
}

/**
 * Puts a value at a place of a JSON file and gives the new text; every byte outside that place and the comma beside it
 * stays. The path fits what is there; the caller reads the result again to see that nothing else changed.
 */
export function setJsonAt(text: string, document: ParsedDocument, path: DocumentPath, value: ConfigValue): string {
  const { root, contentStart, contentEnd } = document
  const layout = layoutOf(text, root)
  if (root === undefined) {
    const whole = renderJsonDocument([[String(path[0]), wrapped(path.slice(1), value)]]).trimEnd()
    return replaced(text, { start: contentStart, end: contentEnd }, whole.replaceAll('\n', layout.lineEnd))
  }
  let node: DocumentNode = root
  let holder: Entry | undefined
  for (const [depth, segment] of path.entries()) {
    const entry = entryOf(node, segment)
    if (entry === undefined) {
      const fits = typeof segment === 'string' ? node.kind === 'mapping' : node.kind === 'sequence'
      // Where a scalar or nothing stands and the path goes on, a container takes its place.
      if (!fits) return replaceNode(text, node, holder, wrapped(path.slice(depth), value), layout)
      const inner = wrapped(path.slice(depth + 1), value)
      const name = typeof segment === 'string' ? segment : undefined
      return insertEntry(text, { parent: node as Collection, holder }, name, inner, layout)
    }
    holder = entry
    node = entry.value
  }
  const ciphertext = value instanceof SecretText ? secretTextNode(node) : undefined
  if (ciphertext !== undefined) return replaced(text, ciphertext, goJsonString((value as SecretText).ciphertext))
  return replaceNode(text, node, holder, value, { ...layout, escapeHtml: path.length > 1 })
}

/** Takes out the value at a place. A container that becomes empty stays, except for the configuration itself. */
export function removeJsonAt(text: string, document: ParsedDocument, path: DocumentPath): string {
  const taken: { readonly parent: Collection; readonly entry: Entry }[] = []
  let node = document.root
  for (const segment of path) {
    const entry = node === undefined ? undefined : entryOf(node, segment)
    if (entry === undefined) return text
    taken.push({ parent: node as Collection, entry })
    node = entry.value
  }
  const [outer, last] = taken.slice(-2)
  if (outer === undefined) return text
  if (last === undefined) return removeEntry(text, outer)
  return removeEntry(text, path.length === 2 && entriesOf(last.parent).length === 1 ? outer : last)
}

function replaceNode(
  text: string,
  node: DocumentNode,
  holder: Entry | undefined,
  value: ConfigValue,
  layout: Layout,
): string {
  return replaced(
    text,
    node,
    written(value, ownLine(text, holder) ? indentationOf(text, node.start) : undefined, layout),
  )
}

function insertEntry(
  text: string,
  { parent, holder }: { readonly parent: Collection; readonly holder: Entry | undefined },
  name: string | undefined,
  value: ConfigValue,
  layoutOfFile: Layout,
): string {
  const isField = holder === undefined
  const layout = isField ? { ...layoutOfFile, escapeHtml: typeof value !== 'string' } : layoutOfFile
  const entries = entriesOf(parent)
  const key = name === undefined ? '' : goJsonString(name, !isField) + colonIn(text, parent, layout)
  const [first] = entries
  if (first === undefined) {
    const inside = { start: parent.start + 1, end: parent.end - 1 }
    if (!ownLine(text, holder)) return replaced(text, inside, key + written(value, undefined, layout))
    const outer = layout.lineEnd + indentationOf(text, parent.start)
    const deeper = indentationOf(text, parent.start) + layout.unit
    return replaced(text, inside, outer + layout.unit + key + written(value, deeper, layout) + outer)
  }
  const indentation = startsLine(text, first.start) ? indentationOf(text, first.start) : undefined
  const entry = key + written(value, indentation, layout)
  const comma = indentation === undefined ? commaIn(text, entries, layout) : `,${layout.lineEnd}${indentation}`
  const next = name === undefined ? undefined : entryBehind(parent, name, isField)
  if (next !== undefined) return replaced(text, { start: next.start, end: next.start }, entry + comma)
  const { end } = entries.at(-1) as Entry
  return replaced(text, { start: end, end }, comma + entry)
}

function removeEntry(text: string, { parent, entry }: { readonly parent: Collection; readonly entry: Entry }): string {
  const entries = entriesOf(parent)
  const index = entries.indexOf(entry)
  const next = entries[index + 1]
  const previous = entries[index - 1]
  if (next !== undefined) return replaced(text, { start: entry.start, end: next.start }, '')
  if (previous !== undefined) return replaced(text, { start: previous.end, end: entry.end }, '')
  return replaced(text, { start: parent.start + 1, end: parent.end - 1 }, '')
}

/** The fields of a stack file in the order in which the reference writes them. */
const FIELDS = ['secretsprovider', 'encryptedkey', 'encryptionsalt', 'config', 'environment']

/** The entry before which a name belongs, where the names that are there stand in the reference's order. */
function entryBehind(parent: Collection, name: string, isField: boolean): PairNode | undefined {
  if (parent.kind !== 'mapping') return undefined
  const names = parent.pairs.map(({ key }) => (key.kind === 'scalar' ? key.text : ''))
  const order = isField ? compareFields : compareUtf8
  const sorted = names.every((it, i) => i === 0 || order(names[i - 1] as string, it) <= 0)
  return sorted ? parent.pairs.find((_, i) => order(name, names[i] as string) < 0) : undefined
}

function compareFields(a: string, b: string): number {
  return rankOf(a) - rankOf(b)
}

function rankOf(name: string): number {
  const rank = FIELDS.indexOf(name.toLowerCase())
  return rank < 0 ? FIELDS.length : rank
}

function entryOf(node: DocumentNode, segment: string | bigint): Entry | undefined {
  if (node.kind === 'mapping' && typeof segment === 'string') {
    return node.pairs.find(({ key }) => key.kind === 'scalar' && key.text === segment)
  }
  return node.kind === 'sequence' && typeof segment === 'bigint' ? node.items[Number(segment)] : undefined
}

function entriesOf(collection: Collection): readonly Entry[] {
  return collection.kind === 'mapping' ? collection.pairs : collection.items
}

/** The ciphertext's node of a mapping that is a secret. */
function secretTextNode(node: DocumentNode): DocumentNode | undefined {
  if (node.kind !== 'mapping' || node.pairs.length !== 1) return undefined
  const [pair] = node.pairs
  return pair?.key.kind === 'scalar' && pair.key.text === 'secure' && pair.value.kind === 'scalar'
    ? pair.value
    : undefined
}

/** A value on one line, or, where an indentation is given, on several: all but the first begin with it. */
function written(value: ConfigValue, indentation: string | undefined, layout: Layout): string {
  const { escapeHtml, unit, lineEnd } = layout
  const options = { escapeHtml, secrets: (secret: SecretText): SecretText => secret }
  if (indentation === undefined) return goJson(value, options)
  return goJson(value, { ...options, indent: unit }).replaceAll('\n', lineEnd + indentation)
}

function layoutOf(text: string, root: DocumentNode | undefined): Layout {
  const newline = text.indexOf('\n')
  const lineEnd = newline > 0 && text.charAt(newline - 1) === '\r' ? '\r\n' : '\n'
  const [first] = root?.kind === 'mapping' ? root.pairs : []
  if (first === undefined) return { ...REFERENCE_LAYOUT, lineEnd }
  const colon = text.slice(first.key.end, first.value.start)
  const comma = colon.endsWith(':') ? ',' : REFERENCE_LAYOUT.comma
  const unit = startsLine(text, first.start) ? indentationOf(text, first.start) : ''
  return {
    ...REFERENCE_LAYOUT,
    lineEnd,
    ...(colon.includes('\n') ? {} : { colon, comma }),
    ...(unit === '' ? {} : { unit }),
  }
}

/** Whether a value may go on in further lines: nothing but its name, or nothing at all, stands before it in its own. */
function ownLine(text: string, holder: Entry | undefined): boolean {
  return holder === undefined || startsLine(text, holder.start)
}

function colonIn(text: string, parent: Collection, layout: Layout): string {
  const [first] = parent.kind === 'mapping' ? parent.pairs : []
  const colon = first === undefined ? layout.colon : text.slice(first.key.end, first.value.start)
  return colon.includes('\n') ? layout.colon : colon
}

function commaIn(text: string, entries: readonly Entry[], layout: Layout): string {
  const [first, second] = entries
  const comma = first === undefined || second === undefined ? layout.comma : text.slice(first.end, second.start)
  return comma.includes('\n') ? layout.comma : comma
}

function startsLine(text: string, at: number): boolean {
  const start = text.lastIndexOf('\n', at - 1) + 1
  return start > 0 && text.slice(start, at).trim() === ''
}

function indentationOf(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1
  return /^[ \t]*/.exec(text.slice(start, at))?.[0] ?? ''
}

function replaced(text: string, { start, end }: Span, by: string): string {
  return text.slice(0, start) + by + text.slice(end)
}
