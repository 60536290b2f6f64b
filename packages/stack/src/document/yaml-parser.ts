import type * as YamlModule from 'yaml'
import type { CST, ErrorCode } from 'yaml'
import type { DocumentNode, ParsedDocument } from './document-node.ts'
import { readFirstDocument } from './first-document.ts'
import { malformedYaml } from './malformed-yaml.ts'
import { YamlTree } from './yaml-tree.ts'

type Yaml = typeof YamlModule

/** More levels than a value may have; few enough for the smaller stack of Node 22. */
const MAX_DEPTH = 600

// The reference's reader lets no control characters through but tab, LF, CR and U+0085, and no half of a pair. A byte
// order mark behind the start of a file it may take for the start.
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
  const { document, contentStart, contentEnd, lengths } = readFirstDocument(yaml, text, MAX_DEPTH)
  if (document === undefined) return { root: undefined, contentStart, contentEnd, aliased: new Set() }
  checkSyntax(yaml, text, document)
  const tree = new YamlTree({ text, lengths }, MAX_DEPTH)
  const root = tree.root(document)
  return { root: isNull(root) ? undefined : root, contentStart, contentEnd, aliased: tree.aliased }
}

function isNull(root: DocumentNode): boolean {
  if (root.kind !== 'scalar' || (root.tag !== undefined && root.tag !== '!')) return false
  return root.style === 'empty' || (root.style === 'plain' && /^(?:~|null|Null|NULL)$/.test(root.text))
}

type ErrorPlace = number | readonly number[] | { readonly offset: number }

/** Lets the library look for what it finds wrong with the tokens, and stops at the first. */
function checkSyntax({ Composer }: Yaml, text: string, document: CST.Document): void {
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false })
  let first: Error | undefined
  const onError = (place: ErrorPlace, code: ErrorCode, message: string, isWarning?: boolean): void => {
    if (isWarning === true || JUDGED_ELSEWHERE.has(code)) return
    first ??= malformedYaml(text, placeOf(place), describe(code, message))
    throw first
  }
  // No option does this: the library collects an error object for every fault, which may be one for every byte.
  Object.defineProperty(composer, 'onError', { value: onError })
  for (const _ of composer.compose([document]));
}

function placeOf(place: ErrorPlace): number {
  if (typeof place === 'number') return place
  return 'offset' in place ? place.offset : (place[0] ?? 0)
}

// By the reference's rules, when texts and keys are read. (The library measures keys wrongly behind a stand-in.)
const JUDGED_ELSEWHERE: ReadonlySet<ErrorCode> = new Set(['BAD_DQ_ESCAPE', 'KEY_OVER_1024_CHARS'])

// Messages of the library that may show a piece of the file, which may be a piece of a secret.
const QUOTING: ReadonlySet<ErrorCode> = new Set([
  'BAD_ALIAS',
  'RESOURCE_EXHAUSTION',
  'TAG_RESOLVE_FAILED',
  'UNEXPECTED_TOKEN',
])

function describe(code: ErrorCode, message: string): string {
  if (QUOTING.has(code)) return 'something stands where it can not'
  return message.charAt(0).toLowerCase() + message.slice(1)
}
