import type { DocumentNode, ParsedDocument } from './document-node.ts'
import type { Splice } from './document-splice.ts'

/**
 * Where the values of one key stand, below a field of the top level, in which the file itself reads as `text` and `texts`
 * has another: each token with the other text in its place, in the order of the file. Quotes and layout stay. A value
 * that is written with escapes or over several lines is left out.
 */
export function replaceScalars(
  text: string,
  { root }: ParsedDocument,
  within: (key: string) => boolean,
  key: string,
  texts: ReadonlyMap<string, string>,
): readonly Splice[] {
  const splices = new Map<number, Splice>()
  const seen = new Set<DocumentNode>()
  const visit = (node: DocumentNode, name: string | undefined): void => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.kind === 'alias') visit(node.target, name)
    else if (node.kind === 'sequence') for (const { value } of node.items) visit(value, undefined)
    else if (node.kind === 'mapping') for (const pair of node.pairs) visit(pair.value, keyOf(pair.key))
    else if (name === key) {
      const replacement = texts.get(node.text)
      const at = text.slice(node.start, node.end).indexOf(node.text)
      if (replacement === undefined || at < 0) return
      const start = node.start + at
      splices.set(start, { start, end: start + node.text.length, text: replacement })
    }
  }
  if (root?.kind !== 'mapping') return []
  for (const pair of root.pairs) {
    const name = keyOf(pair.key)
    if (name !== undefined && within(name)) visit(pair.value, undefined)
  }
  return [...splices.values()].toSorted((a, b) => a.start - b.start)
}

function keyOf(node: DocumentNode): string | undefined {
  if (node.kind === 'scalar') return node.text
  return node.kind === 'alias' ? keyOf(node.target) : undefined
}
