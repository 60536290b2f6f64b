import type { CST, YAMLError } from 'yaml'
import type { DocumentNode, ParsedDocument } from './document-node.ts'
import { readFirstDocument } from './first-document.ts'
import { malformedYaml } from './malformed-yaml.ts'
import { YamlTree } from './yaml-tree.ts'

/** More levels than anybody nests; fewer than would reach the end of the stack. */
const MAX_DEPTH = 1000

// The reference's reader lets no control characters through but tab, LF, CR and U+0085, and no half of a pair. A byte
// order mark behind the start it may take for the start.
const FORBIDDEN = /(?!^\ufeff)[^\t\n\r -~\u0085\u00a0-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]|\p{Cs}/u

/**
 * Finds the tree of the first document of any YAML text, as the reference (yaml.v3) reads it. The YAML library is loaded
 * at the first call.
 *
 * Aliases are not expanded: they share the node that they stand for.
 *
 * @throws ERR_MALFORMED_FILE with details `line` and `column`, both from 1
 */
export async function parseYamlDocument(text: string): Promise<ParsedDocument> {
  const yaml = await import('yaml')
  const forbidden = text.search(FORBIDDEN)
  if (forbidden !== -1) throw malformedYaml(text, forbidden, 'it has a control character')
  const { document, contentStart, contentEnd } = readFirstDocument(yaml, text, MAX_DEPTH)
  if (document === undefined) return { root: undefined, contentStart, contentEnd, aliased: new Set() }
  checkSyntax(new yaml.Composer({ schema: 'failsafe', uniqueKeys: false }), text, document)
  const tree = new YamlTree(text, MAX_DEPTH)
  const root = tree.root(document)
  return { root: isNull(root) ? undefined : root, contentStart, contentEnd, aliased: tree.aliased }
}

function checkSyntax(
  composer: { compose(tokens: CST.Token[]): Iterable<{ errors: YAMLError[] }> },
  text: string,
  document: CST.Document,
): void {
  for (const { errors } of composer.compose([document])) {
    // Escapes are checked by the reference's rules when they are read.
    const error = errors.find(({ code }) => code !== 'BAD_DQ_ESCAPE')
    if (error !== undefined) throw malformedYaml(text, error.pos[0], describe(error))
  }
}

// Messages of the library with a piece of the file in them; it might be a piece of a secret.
const QUOTING = new Set(['BAD_ALIAS', 'BAD_DIRECTIVE', 'TAG_RESOLVE_FAILED', 'UNEXPECTED_TOKEN'])

function describe({ code, message }: YAMLError): string {
  if (QUOTING.has(code)) return 'something stands where it can not'
  return message.charAt(0).toLowerCase() + message.slice(1)
}

function isNull(root: DocumentNode): boolean {
  if (root.kind !== 'scalar' || root.tag !== undefined) return false
  return root.style === 'empty' || (root.style === 'plain' && /^(?:~|null|Null|NULL)$/.test(root.text))
}
