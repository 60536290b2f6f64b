const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20

/**
 * Whether a character ends a line for the reference's reader (yaml.v3, which follows YAML 1.1 here): LF, CR, U+0085,
 * U+2028 or U+2029.
 */
export function isLineEnd(code: number): boolean {
  return code === LF || code === CR || code === 0x85 || code === 0x2028 || code === 0x2029
}

/** CR LF is one line end. */
export function lineEndLength(source: string, at: number): number {
  return source.charCodeAt(at) === CR && source.charCodeAt(at + 1) === LF ? 2 : 1
}

/** What a line end is in a text: U+2028 and U+2029 stay what they are, the others are LF. */
export function lineEndText(source: string, at: number): string {
  return source.charCodeAt(at) < 0x2028 ? '\n' : source.charAt(at)
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}
