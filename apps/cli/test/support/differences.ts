import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What happens instead of what the reference does. */
export interface Instead {
  readonly code: string
  readonly exit: number
  /** Values that are listed all the same, by key, and keys that are listed with the code. */
  readonly shown?: Readonly<Record<string, string>>
  readonly damaged?: readonly string[]
}

/** A row of the reference that Stackseal answers otherwise on purpose. */
export interface Difference {
  readonly table: string
  readonly row: string
  /** The id of the difference, of which `docs/differences.md` says the reason. */
  readonly difference: string
  readonly instead: Instead
}

const FILE = fileURLToPath(new URL('../../../../vectors/differences.json', import.meta.url))

/** The differences on purpose of one table, by row; each of them must be one of its rows, so that none is forgotten. */
export function differencesOf(table: string, rows: readonly string[]): ReadonlyMap<string, Difference> {
  const all = (JSON.parse(readFileSync(FILE, 'utf8')) as { readonly rows: readonly Difference[] }).rows
  const here = all.filter((difference) => difference.table === table)
  const strays = here.filter(({ row }) => !rows.includes(row))
  if (strays.length > 0) throw new Error(`no such rows in ${table}: ${strays.map(({ row }) => row).join(', ')}`)
  return new Map(here.map((difference) => [difference.row, difference]))
}
