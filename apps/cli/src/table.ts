import type { Terminal } from './terminal.ts'
import { textWidth } from './text-width.ts'

/** Two columns, behind a margin; further lines of a value stand below its first. */
export function table(rows: readonly (readonly [string, string])[], terminal: Terminal, margin = ''): string {
  const cells = rows.map(([key, value]) => {
    const cell = terminal.cell(key)
    return { cell, value, width: textWidth(cell) }
  })
  const column = 2 + cells.reduce((widest, { width }) => Math.max(widest, width), 0)
  const below = `\n${margin}${' '.repeat(column)}`
  return cells
    .map(({ cell, value, width }) => `${margin}${cell}${' '.repeat(column - width)}${value.replaceAll('\n', below)}\n`)
    .join('')
}
