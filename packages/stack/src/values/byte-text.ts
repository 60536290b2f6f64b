import { StacksealError, utf8Bytes, utf8Text } from '@stackseal/core'

const ESCAPED_BYTE = 0xdc00

/**
 * The text of bytes that need not be UTF-8: each byte that is no part of a character becomes the lone surrogate
 * U+DC80…U+DCFF, which {@link bytesOfText} turns back. Nothing is lost, and every check for well-formed text still sees
 * that it is none.
 */
export function textOfBytes(bytes: Uint8Array): string {
  const text = utf8Text(bytes)
  if (text !== undefined) return text
  const parts: string[] = []
  for (let i = 0; i < bytes.length;) {
    const length = characterLength(bytes, i)
    const character = length === 0 ? undefined : utf8Text(bytes.subarray(i, i + length))
    parts.push(character ?? String.fromCharCode(ESCAPED_BYTE + (bytes[i] ?? 0)))
    i += character === undefined ? 1 : length
  }
  return parts.join('')
}

/**
 * The bytes that a text of {@link textOfBytes} stands for.
 * @throws ERR_INVALID_VALUE for half of a surrogate pair that stands for no byte.
 */
export function bytesOfText(text: string): Uint8Array {
  if (text.isWellFormed()) return utf8Bytes(text)
  const bytes: number[] = []
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code - ESCAPED_BYTE)
    else if (character.isWellFormed()) bytes.push(...utf8Bytes(character))
    else
      throw new StacksealError(
        'ERR_INVALID_VALUE',
        'the text holds half of a surrogate pair, which UTF-8 can not express',
      )
  }
  return Uint8Array.from(bytes)
}

/** How many bytes the first byte of a character announces; 0 if no character begins with it. */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  if (lead < 0xc2) return 0
  if (lead < 0xe0) return 2
  if (lead < 0xf0) return 3
  return lead < 0xf5 ? 4 : 0
}
