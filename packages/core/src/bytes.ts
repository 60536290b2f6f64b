import { StacksealError } from './errors.ts'

const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The UTF-8 bytes of a string.
 * @throws ERR_INVALID_VALUE for half a surrogate pair: an encoder would silently put U+FFFD in its place.
 */
export function utf8Bytes(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw new StacksealError(
      'ERR_INVALID_VALUE',
      'the text holds half of a surrogate pair, which UTF-8 can not express',
    )
  }
  return encoder.encode(text)
}

/** The text of UTF-8 bytes, or undefined if they are not UTF-8. A byte order mark is text like any other. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  // Most secrets are short and ASCII: without a call of the decoder they cost a tenth.
  if (bytes.length <= SHORT_BYTES && bytes.every(isAscii)) return String.fromCharCode.apply(undefined, bytes as never)
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined // the decoder's only error: these bytes are not UTF-8
  }
}

const SHORT_BYTES = 64

function isAscii(byte: number): boolean {
  return byte < 0x80
}

/** Overwrites bytes of a key with zeros. */
export function wipe(bytes: Uint8Array): void {
  bytes.fill(0)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
// By ASCII code; what is not of the alphabet is negative, and stays so when groups are put together with | and <<.
const VALUE_OF = new Int8Array(128).fill(-1)
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
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='))
  const out = new Uint8Array(Math.ceil((text.length * 3) / 4) - padding)
  let position = decodeWholeGroups(text, out)
  let written = (position / 4) * 3
  let group = 0
  let inGroup = 0
  const skipLineEnds = (): void => {
    while (text.charCodeAt(position) === LF || text.charCodeAt(position) === CR) position++
  }
  for (;;) {
    skipLineEnds()
    if (position >= text.length) {
      // An incomplete group is reported as many bytes before the end as it has characters, line ends not counted.
      if (inGroup > 0) return { invalidAt: byteOffset(text, position) - inGroup }
      return { bytes: written === out.length ? out : out.subarray(0, written) }
    }
    const code = text.charCodeAt(position)
    if (code === PAD) {
      if (inGroup < 2) return { invalidAt: byteOffset(text, position) }
      position++
      skipLineEnds()
      if (inGroup === 2) {
        if (position >= text.length) return { invalidAt: byteOffset(text, position) }
        // The reference names the byte before the one that should have been the second padding character.
        if (text.charCodeAt(position) !== PAD) return { invalidAt: byteOffset(text, position) - 1 }
        position++
        skipLineEnds()
      }
      if (position < text.length) return { invalidAt: byteOffset(text, position) }
      group <<= 6 * (4 - inGroup)
      out[written++] = group >> 16
      if (inGroup === 3) out[written++] = group >> 8
      return { bytes: written === out.length ? out : out.subarray(0, written) }
    }
    const value = code < VALUE_OF.length ? VALUE_OF[code]! : -1
    if (value < 0) return { invalidAt: byteOffset(text, position) }
    group = (group << 6) | value
    position++
    if (++inGroup === 4) {
      out[written++] = group >> 16
      out[written++] = group >> 8
      out[written++] = group
      group = 0
      inGroup = 0
    }
  }
}

/** Decodes groups of four characters of the alphabet, and gives the position of the first group that is not one. */
function decodeWholeGroups(text: string, out: Uint8Array): number {
  const last = text.length - 4
  let position = 0
  for (let written = 0; position <= last; position += 4, written += 3) {
    const a = text.charCodeAt(position)
    const b = text.charCodeAt(position + 1)
    const c = text.charCodeAt(position + 2)
    const d = text.charCodeAt(position + 3)
    if ((a | b | c | d) >= VALUE_OF.length) break
    const group = (VALUE_OF[a]! << 18) | (VALUE_OF[b]! << 12) | (VALUE_OF[c]! << 6) | VALUE_OF[d]!
    if (group < 0) break
    out[written] = group >> 16
    out[written + 1] = group >> 8
    out[written + 2] = group
  }
  return position
}

function byteOffset(text: string, position: number): number {
  return encoder.encode(text.slice(0, position)).length
}

/** Encodes bytes as standard base64 with padding, without line ends. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = ''
  // In pieces: one call takes its arguments from the stack. Spreading them would cost ten times as much.
  for (let i = 0; i < bytes.length; i += 0x2000) {
    const piece: string = Reflect.apply(String.fromCharCode, undefined, bytes.subarray(i, i + 0x2000))
    binary += piece
  }
  return btoa(binary)
}
