import { type Document, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml'
import { printConfigKey } from '../src/config/config-key.ts'
import type { ConfigPlace } from '../src/config/config-place.ts'

/**
 * Whether an edit left everything outside its slot alone, found out by other means than the splicer's: the lines on
 * which the edited value or its nearest container stands are taken out of the old text; every other line must stand in
 * the new text, in order. For a value inside one line the rest of that line must stand too.
 */
export function outsideOfEdit(before: string, place: ConfigPlace, after: string): { kept: true } | { lost: string } {
  if (before === after) return { kept: true }
  const [start, end] = slotOf(before, place)
  const rest = before.slice(0, lineStart(before, start)).split('\n').slice(0, -1)
  const tail = before.slice(lineEnd(before, end)).split('\n').slice(1)
  const lines = after.split('\n')
  let at = 0
  for (const [i, line] of [...rest, ...tail].entries()) {
    // Behind a block scalar that keeps its blank lines, those that follow a removed entry go with it.
    const isBlankBehind = i >= rest.length && tail.slice(0, i - rest.length + 1).every((it) => it.trim() === '')
    if (isBlankBehind && lines[at] !== line) continue
    // The entry behind a removed first one moves up to the dash that they shared.
    const movesUp = i === rest.length
    const found = lines.findIndex(
      (it, j) => j >= at && (it === line || (movesUp && it.endsWith(`- ${line.trimStart()}`))),
    )
    if (found < 0) return { lost: line }
    at = found + 1
  }
  return { kept: true }
}

function slotOf(text: string, { key, path }: ConfigPlace): [number, number] {
  const [document] = parseAllDocuments(text, { uniqueKeys: false }) as Document.Parsed[]
  let node: unknown = isMap(document?.contents) ? document.contents : undefined
  const root = rangeOf(node)
  // A whole flow mapping is one slot; in a block mapping a new key has none of the old lines.
  let slot: [number, number] =
    isMap(node) && node.flow === true && root !== undefined ? [root[0], root[1]] : [text.length, text.length]
  let onlyChild = false
  for (const [depth, step] of ['config', printConfigKey(key), ...path].entries()) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) =>
          isScalar(item.key) &&
          spellings(step, depth === 1 ? key.name : undefined).includes(item.key.source ?? String(item.key.value)),
      )
      if (pair === undefined) return slot
      const start = rangeOf(pair.key)?.[0] ?? 0
      // The key of a container that its only entry leaves goes, or is written anew, with that entry.
      slot = [onlyChild ? slot[0] : start, rangeOf(pair.value)?.[1] ?? rangeOf(pair.key)?.[1] ?? 0]
      onlyChild = (isMap(pair.value) || isSeq(pair.value)) && pair.value.items.length === 1
      node = pair.value
    } else if (isSeq(node) && typeof step === 'bigint') {
      const item: unknown = node.items[Number(step)]
      if (item === undefined) return slot
      const range = rangeOf(item)
      if (range !== undefined) slot = [onlyChild ? slot[0] : range[0], range[1]]
      onlyChild = (isMap(item) || isSeq(item)) && item.items.length === 1
      node = item
    } else {
      return slot
    }
  }
  return slot
}

function spellings(step: string | bigint, bare: string | undefined): unknown[] {
  return bare === undefined ? [step] : [step, bare, String(step).replace(':', ':config:')]
}

function rangeOf(node: unknown): readonly [number, number, number] | undefined {
  const range = (node as { range?: readonly [number, number, number] | null } | null)?.range
  return range ?? undefined
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1
}

function lineEnd(text: string, at: number): number {
  if (at > 0 && text[at - 1] === '\n') return at - 1
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}
