const ASCII = /^[\u0020-\u007e]*$/
// oxlint-disable-next-line no-control-regex -- an escape sequence begins with one
const ESCAPE_SEQUENCE = /\u001b(?:[@-Z\\-_]|\[[0-?]*[ -/]*[@-~])/g
const NOTHING = /^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Mn}\p{Me}\p{Emoji_Modifier}]$/u
// East Asian Width W and F of Unicode, without the pictographs.
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u321e\u3220-\u3247\u3250-\u4dbf\u4e00-\ua4c6\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]$/u
const TEXT_STYLE = '\ufe0e'
const EMOJI_STYLE = '\ufe0f'

/** How many cells a text takes on a terminal, counted as the reference counts for its tables. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
  return Array.from(segmenter.segment(text.replace(ESCAPE_SEQUENCE, '')), ({ segment }) =>
    graphemeWidth(segment),
  ).reduce((sum, width) => sum + width, 0)
}

function graphemeWidth(grapheme: string): number {
  const [first = '', ...rest] = grapheme
  if (/\p{Regional_Indicator}/u.test(first)) return 2
  if (/\p{Extended_Pictographic}/u.test(first)) {
    const style = rest.findLast((part) => part === TEXT_STYLE || part === EMOJI_STYLE)
    if (style !== undefined) return style === EMOJI_STYLE ? 2 : 1
    return /\p{Emoji_Presentation}/u.test(first) ? 2 : 1
  }
  // Jamo that make one syllable together.
  if (/[\u1100-\u115f\ua960-\ua97c]/.test(first)) return 2
  return [first, ...rest].reduce((sum, character) => sum + characterWidth(character), 0)
}

function characterWidth(character: string): number {
  if (NOTHING.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}
