import { readdirSync, readFileSync } from 'node:fs'

const PULUMI = new URL('../../../vectors/pulumi/', import.meta.url)

interface StackFileRow {
  readonly name: string
  readonly ext: string
  readonly raw: string | null
  readonly expect_saved?: string
  readonly expect_loadError?: string
}

export interface VectorTables {
  readonly stackFiles: readonly StackFileRow[]
  readonly cliRoundtripComments: { readonly before: string; readonly after: string }
}

export function readTables(): VectorTables {
  const tables: VectorTables = JSON.parse(readFileSync(new URL('tables.json', PULUMI), 'utf8'))
  return tables
}

export interface NamedText {
  readonly name: string
  readonly text: string
}

/** Every YAML file of the stacks that the real Pulumi made or was given, snapshots on the way included. */
export function stackTexts(): NamedText[] {
  const folder = new URL('stacks/', PULUMI)
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.yaml'))
  return names.toSorted().map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }))
}

/** The texts of the rows about YAML stack files: what they begin with and what the reference saved. */
export function rowTexts(): NamedText[] {
  const { stackFiles, cliRoundtripComments } = readTables()
  const texts = stackFiles
    .filter(({ ext }) => ext !== '.json')
    .flatMap(({ name, raw, expect_saved: saved }) => [
      { name: `${name}: raw`, text: raw },
      { name: `${name}: saved`, text: saved },
    ])
    .filter((row): row is NamedText => typeof row.text === 'string')
  return [
    ...texts,
    { name: 'comments: before', text: cliRoundtripComments.before },
    { name: 'comments: after', text: cliRoundtripComments.after },
  ]
}
