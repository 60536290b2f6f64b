import type { SealedKey } from '@stackseal/core'
import { type BlockStyle, parseProviderBlock, printProviderBlock, styleOfBlock } from './provider-block.ts'
import type { Edit } from './splice.ts'
import type { BlockPlace, BlockRange } from './block-finder.ts'

const NAME = '"secrets_providers"'
/** What the reference indents by. */
const INDENT = '    '

/**
 * The edit that puts a sealed key into a document; undefined where it is there already.
 * @param slice the document's bytes between two offsets, as text
 */
export function blockEdit(
  sealedKey: SealedKey,
  block: BlockRange | undefined,
  place: BlockPlace | undefined,
  slice: (start: number, end: number) => string,
): Edit | undefined | 'no place' {
  if (block !== undefined && block.text !== 'null') {
    // Also where it is spelled in another way: every byte that need not change stays.
    if (holds(block.text, sealedKey)) return undefined
    return { start: block.start, end: block.end, text: printProviderBlock(sealedKey, styleOfBlock(block.text)) }
  }
  if (place === undefined) return 'no place'
  const style = styleOfPlace(place, slice)
  const text = printProviderBlock(sealedKey, style.ofBlock)
  if (block !== undefined) return { start: block.start, end: block.end, text }
  return {
    start: place.at,
    end: place.at,
    text: insertion(place.position, `${NAME}:${style.afterColon}${text}`, style),
  }
}

interface PlaceStyle {
  readonly beforeMember: string
  readonly afterColon: string
  readonly ofBlock: BlockStyle
}

function insertion(position: BlockPlace['position'], member: string, { beforeMember, afterColon }: PlaceStyle): string {
  const lines = beforeMember.includes('\n')
  if (position === 'alone') return member
  // On one line what follows a comma is what follows a colon: nothing, or a space.
  if (position === 'after') return `,${lines ? beforeMember : afterColon}${member}`
  return lines ? `${beforeMember}${member},` : `${beforeMember}${member},${afterColon}`
}

function styleOfPlace(place: BlockPlace, slice: (start: number, end: number) => string): PlaceStyle {
  const beforeMember = slice(...place.beforeMember)
  const afterColon = /:(\s*)$/.exec(slice(...place.colon))?.[1] ?? ''
  const line = beforeMember.lastIndexOf('\n')
  if (line < 0) {
    return { beforeMember, afterColon, ofBlock: { beforeMember, indent: '', afterColon, escapesHtml: true } }
  }
  const margin = beforeMember.length - line - 1
  const indent = margin % place.depth === 0 ? beforeMember.slice(line + 1, line + 1 + margin / place.depth) : INDENT
  return {
    beforeMember,
    afterColon,
    ofBlock: { beforeMember: beforeMember + indent, indent, afterColon, escapesHtml: true },
  }
}

function holds(text: string, sealedKey: SealedKey): boolean {
  const provider = parseProviderBlock(text)
  if (provider === undefined || !('sealedKey' in provider)) return false
  const { url, sealed } = provider.sealedKey
  return (
    (provider.type === 'passphrase') === (sealedKey.url.scheme === 'passphrase') &&
    url.text === sealedKey.url.text &&
    sealed === sealedKey.sealed
  )
}
