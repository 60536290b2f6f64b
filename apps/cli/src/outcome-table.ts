import type { Terminal } from './terminal.ts'
import { textWidth } from './text-width.ts'
import { wrap } from './wrap.ts'

/** What became of a file, and what there is to say of it. */
export interface OutcomeRow {
  readonly file: string
  /** A word or two: `changed`. */
  readonly outcome: string
  readonly detail: string
  /** Further lines, below. */
  readonly more?: readonly string[]
}

/**
 * Three columns; on a terminal that is too narrow for them the file has a line of its own, and the rest stands below it,
 * broken at its spaces.
 */
export function outcomeTable(rows: readonly OutcomeRow[], terminal: Terminal): string {
  const cells = rows.map(({ file, outcome, detail, more = [] }) => ({
    file: terminal.cell(file),
    outcome,
    detail: terminal.cell(detail),
    more: more.map((line) => terminal.cell(line)),
  }))
  const first = 2 + widest(cells.map(({ file }) => file))
  const second = 2 + widest(cells.map(({ outcome }) => outcome))
  const third = widest(cells.map(({ detail }) => detail))
  const { width } = terminal
  if (terminal.stdoutIsTerminal && first + second + third > width) {
    return cells
      .map(({ file, outcome, detail, more }) => {
        const lines = [`${outcome}${detail === '' ? '' : `: ${detail}`}`, ...more]
        return `${file}\n${lines.map((line) => `${wrap(line, width, 2)}\n`).join('')}`
      })
      .join('')
  }
  return cells
    .map(({ file, outcome, detail, more }) => {
      const line = `${padded(file, first)}${padded(outcome, second)}${detail}`.trimEnd()
      return `${line}\n${more.map((each) => `  ${each}\n`).join('')}`
    })
    .join('')
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, textWidth(text)), 0)
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}
