// What the last mutation runs came to: a table for each package, as in docs/reliability.md, and with `--survivors` every
// mutant that no test found, with what was put in its place.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Mutant {
  readonly status: 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'Ignored' | 'RuntimeError' | 'CompileError'
  readonly statusReason?: string
  readonly mutatorName: string
  readonly replacement: string
  readonly location: { readonly start: Place; readonly end: Place }
}
type Place = { readonly line: number; readonly column: number }
type Report = {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>
}

const COLUMNS = ['file', 'mutants', 'killed', 'timed out', 'survived', 'no coverage', 'left out', 'score'] as const

const root = join(import.meta.dirname, '../..')
const showsSurvivors = process.argv.includes('--survivors')

for (const name of ['provider-passphrase', 'core', 'stack']) {
  const file = join(root, `.reports/mutation-${name}.json`)
  if (!existsSync(file)) continue
  const { files } = JSON.parse(readFileSync(file, 'utf8')) as Report
  const entries = Object.entries(files).filter(([, { mutants }]) => mutants.length > 0)
  console.log(`\npackages/${name}\n`)
  if (showsSurvivors) for (const [path, { source, mutants }] of entries) printSurvivors(path, source, mutants)
  else printTable(entries.map(([path, { mutants }]) => [path.replace(/^.*\//, ''), mutants]))
}

function printTable(entries: readonly (readonly [string, readonly Mutant[]])[]): void {
  console.log(`| ${COLUMNS.join(' | ')} |\n|${' --- |'.repeat(COLUMNS.length)}`)
  for (const [file, mutants] of [...entries, ['all', entries.flatMap(([, some]) => some)] as const]) {
    const count = (status: Mutant['status']): number => mutants.filter((mutant) => mutant.status === status).length
    const found = count('Killed') + count('Timeout')
    const tried = found + count('Survived') + count('NoCoverage')
    const score = tried === 0 ? '' : `${((100 * found) / tried).toFixed(1)} %`
    const counts = [tried, count('Killed'), count('Timeout'), count('Survived'), count('NoCoverage'), count('Ignored')]
    console.log(`| ${[file, ...counts, score].join(' | ')} |`)
  }
}

function printSurvivors(path: string, source: string, mutants: readonly Mutant[]): void {
  const lines = source.split('\n')
  for (const { status, mutatorName, replacement, location } of mutants) {
    if (status !== 'Survived' && status !== 'NoCoverage') continue
    const { start, end } = location
    const line = lines[start.line - 1] ?? ''
    const original =
      start.line === end.line ? line.slice(start.column - 1, end.column - 1) : `${line.slice(start.column - 1)} …`
    const mark = status === 'NoCoverage' ? ' (not run)' : ''
    console.log(
      `${path}:${start.line}:${start.column} ${mutatorName}${mark}\n    ${line.trim()}\n  - ${original}\n  + ${replacement.replaceAll('\n', ' ')}`,
    )
  }
}
