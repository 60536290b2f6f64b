import { goJsonString } from '../values/go-json.ts'
import type { SlotMember, StateSlot } from './state-slot.ts'

/** Replaces the bytes from `start` to `end` by the UTF-8 bytes of a text. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** What puts another value into a slot: nothing where it has that value, and only the tokens that change. */
export function slotEdits(
  { member: oldMember, text: oldText, tokens }: StateSlot,
  member: SlotMember,
  text: string,
): Edit[] {
  const edits: Edit[] = []
  if (member !== oldMember) edits.push({ start: tokens.keyStart, end: tokens.keyEnd, text: `"${member}"` })
  // The reference's outer encoder leaves <, > and & as they are; what is inside of a plaintext was escaped before.
  if (member !== oldMember || text !== oldText) {
    edits.push({ start: tokens.valueStart, end: tokens.valueEnd, text: goJsonString(text, false) })
  }
  return edits
}

/** A copy of the bytes with the edits made, which must not overlap. */
export function splice(bytes: Uint8Array, edits: readonly Edit[]): Buffer {
  const sorted = edits.toSorted((a, b) => a.start - b.start)
  let length = bytes.length
  for (const { start, end, text } of sorted) length += Buffer.byteLength(text) - (end - start)
  const out = Buffer.allocUnsafe(length)
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let read = 0
  let written = 0
  for (const { start, end, text } of sorted) {
    written += source.copy(out, written, read, start)
    written += out.write(text, written)
    read = end
  }
  source.copy(out, written, read)
  return out
}
