import { StacksealError } from '@stackseal/core'

import { type ConfigObject, type ConfigValue, SecretText } from '../values/config-value.ts'
import type { DocumentNode, MappingNode, PairNode, ParsedDocument } from './document-node.ts'
import { type DocumentPath, wrapped } from './document-path.ts'
import {
  appendItem,
  appendPair,
  type EditStyle,
  type Place,
  removeEntry,
  replaceValue,
  type Splice,
  startDocument,
} from './document-splice.ts'
import { keyText, resolveScalar } from './yaml-scalar.ts'

/**
 * Puts a value at a place and gives the new text; every byte outside that place stays. The caller has checked that the
 * path fits the values that are there, and reads the result again to see that nothing else changed.
 * @throws ERR_CANNOT_EDIT where others share the place through an anchor, alias or merge key
 */
export function setAt(
  text: string,
  document: ParsedDocument,
  path: DocumentPath,
  value: ConfigValue,
  style: EditStyle,
): string {
  if (document.root === undefined) {
    return applySplices(text, startDocument(text, document, wrapped(path, value) as ConfigObject, style))
  }
  let node = document.root
  let place: Place | undefined
  for (const [depth, segment] of path.entries()) {
    refuseShared(node, document)
    const next = placeIn(node, segment)
    if (next === undefined) {
      const rest = wrapped(path.slice(depth + 1), value)
      if (node.kind === 'mapping' && typeof segment === 'string') {
        refuseMerged(node, segment)
        return applySplices(text, appendPair(text, document, node, segment, rest, style))
      }
      if (node.kind === 'sequence' && typeof segment === 'bigint') {
        return applySplices(text, appendItem(text, document, node, rest, style))
      }
      // A scalar or nothing stands where the path goes on: a container takes its place.
      return applySplices(text, replaceValue(text, required(place), wrapped(path.slice(depth), value), style))
    }
    place = next
    node = next.entry.value
  }
  // An alias at the very end is only a mention: what it mentions stays.
  if (node.kind !== 'alias') refuseShared(node, document)
  if (value instanceof SecretText) {
    const inner = secretScalar(node)
    if (inner !== undefined) {
      refuseShared(inner.entry.value, document)
      return applySplices(text, replaceValue(text, inner, value.ciphertext, style))
    }
  }
  return applySplices(text, replaceValue(text, required(place), value, style))
}

/**
 * Takes out the value at a place, with its key or dash. A container that becomes empty stays as `{}` or `[]`, except
 * that `config:` itself goes with its last key.
 * @throws ERR_CANNOT_EDIT as {@link setAt}
 */
export function removeAt(text: string, document: ParsedDocument, path: DocumentPath, style: EditStyle): string {
  let node = document.root
  let place: Place | undefined
  let outer: Place | undefined
  for (const segment of path) {
    if (node === undefined) return text
    refuseShared(node, document)
    const next = placeIn(node, segment)
    if (next === undefined) {
      if (node.kind === 'mapping' && typeof segment === 'string') refuseMerged(node, segment)
      return text
    }
    outer = place
    place = next
    node = next.entry.value
  }
  if (place === undefined) return text
  const size = place.parent.kind === 'mapping' ? place.parent.pairs.length : place.parent.items.length
  if (size > 1 || outer === undefined) return applySplices(text, removeEntry(text, place, style))
  if (path.length === 2 && path[0] === 'config') return applySplices(text, removeEntry(text, outer, style))
  const empty: ConfigValue = place.parent.kind === 'mapping' ? new Map() : []
  return applySplices(text, replaceValue(text, outer, empty, style))
}

function applySplices(text: string, splices: readonly Splice[]): string {
  let result = ''
  let position = 0
  for (const splice of splices) {
    result += text.slice(position, splice.start) + splice.text
    position = splice.end
  }
  return result + text.slice(position)
}

function placeIn(node: DocumentNode, segment: string | bigint): Place | undefined {
  if (node.kind === 'mapping' && typeof segment === 'string') {
    const written = (pair: PairNode): boolean => pair.key.kind === 'scalar' && pair.key.text === segment
    // `1.50`, `0x1F` and `~` stand for the names 1.5, 31 and <nil>; two keys that are equal either way are refused.
    const read = (pair: PairNode): boolean => pair.key.kind === 'scalar' && keyText(resolveScalar(pair.key)) === segment
    const entry = node.pairs.find(written) ?? node.pairs.find(read)
    return entry === undefined ? undefined : { parent: node, entry }
  }
  if (node.kind === 'sequence' && typeof segment === 'bigint') {
    const entry = node.items[Number(segment)]
    return entry === undefined ? undefined : { parent: node, entry }
  }
  return undefined
}

function required(place: Place | undefined): Place {
  if (place !== undefined) return place
  throw new StacksealError('ERR_CANNOT_EDIT', 'the document as a whole is not a mapping')
}

/** The pair `secure: <text>` of a mapping that is a secret. */
function secretScalar(node: DocumentNode): Place | undefined {
  if (node.kind !== 'mapping' || node.pairs.length !== 1) return undefined
  const entry = node.pairs[0] as PairNode
  const isSecret = entry.key.kind === 'scalar' && entry.key.text === 'secure' && entry.value.kind === 'scalar'
  return isSecret ? { parent: node, entry } : undefined
}

function refuseShared(node: DocumentNode, document: ParsedDocument): void {
  if (node.kind === 'alias') {
    throw cannotEdit(
      `it is reached through the alias *${node.name}`,
      'change it where the anchor stands, or write the value out in place of the alias',
    )
  }
  if (node.anchor !== undefined && document.aliased.has(node.anchor)) {
    throw cannotEdit(
      `it lies inside the anchor &${node.anchor}, which other values share`,
      'write the value out where the aliases stand, then change it',
    )
  }
}

function refuseMerged(mapping: MappingNode, key: string): void {
  for (const pair of mapping.pairs) {
    if (pair.key.kind !== 'scalar' || pair.key.text !== '<<') continue
    if (merges(pair.value, key)) {
      throw cannotEdit(`${key} comes from a merge key (<<)`, 'write the merged values out, then change them')
    }
  }
}

function merges(node: DocumentNode, key: string): boolean {
  if (node.kind === 'alias') return merges(node.target, key)
  if (node.kind === 'sequence') return node.items.some((item) => merges(item.value, key))
  if (node.kind !== 'mapping') return false
  return node.pairs.some(
    (pair) =>
      pair.key.kind === 'scalar' && (pair.key.text === key || (pair.key.text === '<<' && merges(pair.value, key))),
  )
}

function cannotEdit(reason: string, hint: string): StacksealError {
  return new StacksealError('ERR_CANNOT_EDIT', `the value can not be changed alone: ${reason}`, { hint })
}
