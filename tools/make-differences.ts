// Makes docs/differences.md from vectors/differences.json.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Difference {
  readonly what: string
  readonly pulumi: string
  readonly stackseal: string
  readonly reason: string
}

const SOURCE = join(import.meta.dirname, '../vectors/differences.json')
const FILE = join(import.meta.dirname, '../docs/differences.md')

/** The text of docs/differences.md: one row a difference. */
export function differencesPage(): string {
  const { differences } = JSON.parse(readFileSync(SOURCE, 'utf8')) as { differences: readonly Difference[] }
  const rows = differences.map(
    ({ what, pulumi, stackseal, reason }) => `| ${[what, pulumi, stackseal, reason].join(' | ')} |`,
  )
  return `${['# Differences from Pulumi', INTRODUCTION, ['| | Pulumi | Stackseal | why |', '| --- | --- | --- | --- |', ...rows].join('\n')].join('\n\n')}\n`
}

const INTRODUCTION = `Stackseal keeps the meaning that Pulumi gives to a file and takes the safe way where the two part. This is the whole list;
whatever is not on it and differs is a bug. Seen with Pulumi v3.259.0.

This page is made by \`npm run differences\` from \`vectors/differences.json\`, which also names the rows of the test tables on
which the two differ.`

if (import.meta.main) writeFileSync(FILE, differencesPage())
