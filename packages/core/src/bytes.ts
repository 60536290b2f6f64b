import { StacksealError } from './errors.ts'

const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The UTF-8 bytes of a string.
 * @throws ERR_INVALID_VALUE for half a surrogate pair: an encoder would silently put U+FFFD in its place.
 */
export function utf8Bytes(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw new StacksealError('ERR_INVALID_VALUE', 'the text holds half of a surrogate pair, which UTF-8 can not express')
  }
  return encoder.encode(text)
}

/** The text of UTF-8 bytes, or undefined if they are not UTF-8. A byte order mark is text like any other. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined // the decoder's only error: these bytes are not UTF-8
  }
}

/** Overwrites bytes of a key with zeros. */
export function wipe(bytes: Uint8Array): void {
  bytes.fill(0)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUE_OF = new Int8Array(256).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) VALUE_OF[ALPHABET.charCodeAt(i)] = i

const LF = 0x0a
const CR = 0x0d
const PAD = 0x3d

export type Base64Result = { readonly bytes: Uint8Array } | { readonly invalidAt: number }

/**
 * Decodes standard padded base64 (RFC 4648 §4) exactly as the reference does: line ends inside are passed over,
 * bits that the padding leaves unused may be anything; a foreign character, missing or misplaced padding is refused
 * with the offset (in UTF-8 bytes) at which the reference reports it. docs/format.md, "Base64".
 */
export function decodeBase64(text: string): Base64Result {
  const out = new Uint8Array(Math.ceil((text.length * 3) / 4))
  let written = 0
  let group = 0
  let inGroup = 0
  let position = 0
  const skipLineEnds = (): void => {
    while (position < text.length && (text.charCodeAt(position) === LF || text.charCodeAt(position) === CR)) position++
  }
  for (;;) {
    skipLineEnds()
    if (position >= text.length) {
      // An incomplete group is reported at its start (its distance from the end counts no line ends).
      return inGroup === 0 ? { bytes: out.subarray(0, written) } : { invalidAt: byteOffset(text, position - inGroup) }
    }
    const code = text.charCodeAt(position)
    if (code === PAD) {
      if (inGroup < 2) return { invalidAt: byteOffset(text, position) }
      position++
      if (inGroup === 2) {
        skipLineEnds()
        if (position >= text.length) return { invalidAt: byteOffset(text, position) }
        if (text.charCodeAt(position) !== PAD) return { invalidAt: byteOffset(text, position) }
        position++
      }
      skipLineEnds()
      if (position < text.length) return { invalidAt: byteOffset(text, position) }
      group <<= 6 * (4 - inGroup)
      out[written++] = group >> 16
      if (inGroup === 3) out[written++] = (group >> 8) & 0xff
      return { bytes: out.subarray(0, written) }
    }
    const value = code < 256 ? (VALUE_OF[code] as number) : -1
    if (value < 0) return { invalidAt: byteOffset(text, position) }
    group = (group << 6) | value
    inGroup++
    position++
    if (inGroup === 4) {
      out[written++] = (group >> 16) & 0xff
      out[written++] = (group >> 8) & 0xff
      out[written++] = group & 0xff
      group = 0
      inGroup = 0
    }
  }
}

function byteOffset(text: string, position: number): number {
  return encoder.encode(text.slice(0, position)).length
}

/** Encodes bytes as standard base64 with padding, without line ends. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = ''
  // In pieces: one call takes its arguments from the stack.
  for (let i = 0; i < bytes.length; i += 0x2000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x2000))
  return btoa(binary)
}
