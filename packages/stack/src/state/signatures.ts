/** The key that makes an object special wherever the reference reads property values; docs/format.md, "State". */
export const SIGNATURE_KEY = '4dabf18193072939515e22adb298388d'

export const SECRET_SIGNATURE = '1b47061264138c4ac30d75fd1eb44270'

/** A float64 that JSON can not express: its 64 bits as 16 hexadecimal digits. */
export const FLOAT_SIGNATURE = '8ad145fe-0d11-4827-bfd7-1abcbf086f5c'

/** A string whose bytes are not UTF-8: its bytes in standard base64. */
export const BYTE_STRING_SIGNATURE = '803fd3297a5875dc03ca845dda5d2a98'

/**
 * Only in a program's own state: an ordinary object that has {@link SIGNATURE_KEY} among its keys. Its `members` are a list
 * of pairs, so that nothing in it looks like a signed object.
 */
export const ESCAPED_SIGNATURE = 'e2b3a5f0c4d94f7c9a1d6b8e7f203145'

/** What a signature may say in a state, besides "secret": assets, archives, references to resources, byte strings, floats. */
export const OTHER_SIGNATURES: ReadonlySet<string> = new Set([
  'c44067f5952c0a294b673a41bacd8c17',
  '0def7320c3a5731c473e5ecbe6d01bc7',
  '5cf8f73096256a8f31e491e813e4eb8e',
  BYTE_STRING_SIGNATURE,
  FLOAT_SIGNATURE,
  ESCAPED_SIGNATURE,
])
