// C0 and C1 control characters and the marks that reorder text: what a file or a server could use to move the cursor,
// change a title, or show another text than the one that is there.
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
// The same, without line ends and tabs.
const UNPRINTABLE_IN_LINES = new RegExp(`(?!\\r\\n|[\\n\\t])${UNPRINTABLE.source}`, 'g')

/** One line that is safe to show on a terminal: every control character is written as `\u001b`, line ends too. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escape)
}

/** The same for text of several lines: line ends and tabs stay. In JSON the escapes mean what they stand for. */
export function printableLines(text: string): string {
  return text.replace(UNPRINTABLE_IN_LINES, escape)
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
