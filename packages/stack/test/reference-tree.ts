import type { DocumentNode } from '../src/document/document-node.ts'

/**
 * A tree in the notation of reference-yaml.json: `map`, `seq` (`mapF`, `seqF` in flow style) or the style of a scalar,
 * `&name` for an anchor, `!` for a tag, the text, `@line:column` of the place where anchor, tag or content begins. A
 * value that is not written is plain and empty, without a place, since the reference has none to compare with.
 */
export function printTree(text: string, node: DocumentNode | undefined): string {
  if (node === undefined) return '-'
  const place = `@${printPlace(text, node.outerStart)}`
  if (node.kind === 'alias') return `*${node.name}${place}`
  const marks = `${node.anchor === undefined ? '' : `&${node.anchor}`}${node.tag === undefined || node.tag === '!' ? '' : '!'}`
  switch (node.kind) {
    case 'scalar':
      if (node.style === 'empty') return `plain${marks}""@`
      return `${node.style}${marks}${JSON.stringify(node.text)}${place}`
    case 'mapping': {
      const children = node.pairs.flatMap(({ key, value }) => [printTree(text, key), printTree(text, value)])
      return `map${node.flow ? 'F' : ''}${marks}${place}(${children.join(',')})`
    }
    default: {
      const children = node.items.map(({ value }) => printTree(text, value))
      return `seq${node.flow ? 'F' : ''}${marks}${place}(${children.join(',')})`
    }
  }
}

/** Line and column as the reference counts them: from 1, in characters. */
function printPlace(text: string, at: number): string {
  const lines = text.slice(0, at).split(/\r\n|[\n\r\u0085\u2028\u2029]/)
  return `${lines.length}:${Array.from(lines.at(-1) ?? '').length + 1}`
}
