import type { CST } from 'yaml'
import { blockScalarText, readBlockScalarHeader } from './block-scalar-text.ts'
import type { ScalarNode } from './document-node.ts'
import { malformedYaml } from './malformed-yaml.ts'
import { doubleQuotedText, plainText, singleQuotedText } from './scalar-text.ts'

/** Anchor and tag before a node, and where they begin and end; both undefined where neither is written. */
export interface Properties {
  readonly anchor: string | undefined
  readonly tag: string | undefined
  readonly start: number | undefined
  readonly end: number | undefined
}

/** A value that is not written: it stands right behind its properties, or at `at`, behind what it belongs to. */
export function emptyScalar(properties: Properties, at: number): ScalarNode {
  const place = properties.end ?? at
  return scalar('empty', '', place, place, properties)
}

/** A file, and how long its scalars are whose tokens hold only a stand-in, by where they begin. */
export interface ScalarSource {
  readonly text: string
  readonly lengths: ReadonlyMap<number, number>
}

/** @throws ERR_MALFORMED_FILE */
export function flowScalar({ text, lengths }: ScalarSource, token: CST.FlowScalar, properties: Properties): ScalarNode {
  const start = token.offset
  const end = start + (lengths.get(start) ?? token.source.length)
  if (token.type === 'scalar') return scalar('plain', plainText(text.slice(start, end)), start, end, properties)
  const source = text.slice(start + 1, end - 1)
  if (token.type === 'single-quoted-scalar') {
    const unquoted = singleQuotedText(source)
    if (unquoted !== undefined) return scalar('single', unquoted, start, end, properties)
    throw malformedYaml(text, start, "missing closing 'quote")
  }
  const unquoted = doubleQuotedText(source)
  if (typeof unquoted === 'string') return scalar('double', unquoted, start, end, properties)
  throw malformedYaml(text, start + 1 + unquoted.invalidAt, 'an escape in double quotes is not one of YAML')
}

/** @throws ERR_MALFORMED_FILE */
export function blockScalar(
  { text, lengths }: ScalarSource,
  token: CST.BlockScalar,
  properties: Properties,
): ScalarNode {
  const start = token.offset
  const written = token.props[0]
  const header = written?.type === 'block-scalar-header' ? readBlockScalarHeader(written.source) : undefined
  if (header === undefined)
    throw malformedYaml(text, start, 'behind | or > only + or -, and a digit from 1 to 9, may stand')
  const contentStart = nextLine(text, start)
  const content = blockScalarText(text, contentStart, token.indent, header)
  if (content === undefined) throw malformedYaml(text, start, 'a tab stands in the indentation of a block scalar')
  // The library has found the end by itself. Blank lines may lie between the two ends, text may not.
  const end = contentStart + (lengths.get(contentStart) ?? token.source.length)
  const between = text.slice(Math.min(end, content.end), Math.max(end, content.end))
  if (/[^ \t\n\r\u0085\u2028\u2029]/.test(between)) {
    throw malformedYaml(
      text,
      Math.min(end, content.end),
      'a line is not indented like the block scalar that it stands in',
    )
  }
  return scalar(header.folded ? 'folded' : 'literal', content.text, start, content.end, properties)
}

function scalar(
  style: ScalarNode['style'],
  text: string,
  start: number,
  end: number,
  { anchor, tag, start: outerStart = start }: Properties,
): ScalarNode {
  return { kind: 'scalar', style, text, start, end, outerStart, anchor, tag }
}

function nextLine(text: string, at: number): number {
  const lineEnd = /\r\n|[\n\r\u0085\u2028\u2029]/g
  lineEnd.lastIndex = at
  return lineEnd.test(text) ? lineEnd.lastIndex : text.length
}
