const ESCAPED_BYTE = 0xdc00

/**
 * The bytes of a text. A byte that is no part of a character stands in texts of the stack library as U+DC80…U+DCFF
 * (its byte-text.ts), and becomes that byte again: a value that is no UTF-8 goes out as it came in.
 */
export function textBytes(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8')
  const parts = text.split(/([\udc80-\udcff])/u)
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 0 ? Buffer.from(part, 'utf8') : Buffer.of(part.charCodeAt(0) - ESCAPED_BYTE))),
  )
}
