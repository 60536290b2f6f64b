import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { DAMAGED_ROWS, damagedFile, keptFile } from './support/damaged-files.ts'
import type { DamagedRow } from './support/damaged-files.ts'
import { differencesOf } from './support/differences.ts'
import { folderState } from './support/folder-state.ts'
import { inProcess } from './support/in-process.ts'
import { project } from './support/project.ts'
import type { TestProject } from './support/project.ts'
import { stackseal } from './support/stackseal.ts'
import type { Ran } from './support/stackseal.ts'

/** What each of the reference's errors is here, and the exit number of its kind. */
const ERRORS: readonly (readonly [reference: RegExp, code: string, exit: number])[] = [
  [/passphrase must be set/, 'ERR_PASSPHRASE_MISSING', 4],
  [/unable to read PULUMI_CONFIG_PASSPHRASE_FILE/, 'ERR_PASSPHRASE_MISSING', 4],
  [/incorrect passphrase/, 'ERR_WRONG_PASSPHRASE', 3],
  [/malformed state value|unknown state version|^error: illegal base64/, 'ERR_MALFORMED_SEALED_KEY', 3],
  [/message authentication failed/, 'ERR_DECRYPT_FAILED', 3],
  [/bad value|unknown value version/, 'ERR_MALFORMED_CIPHERTEXT', 3],
  [/already defined/, 'ERR_DUPLICATE_KEY', 3],
  [/invalid YAML|yaml:/, 'ERR_MALFORMED_FILE', 3],
  [/current stack and destination stack are the same/, 'ERR_USAGE', 2],
  [/operation error KMS.*get credentials/s, 'ERR_CREDENTIALS_MISSING', 4],
]

const nameOf = (row: DamagedRow): string => `${row.case}: ${row.label}`
const damageOf = (row: DamagedRow): string => row.label.replace(/: .*/, '')
const isSet = (row: DamagedRow): boolean => / (set|cp) /.test(row.cmd)
const named = (some: readonly DamagedRow[]): [string, DamagedRow][] => some.map((row) => [nameOf(row), row])

const differences = differencesOf('bad/results', DAMAGED_ROWS.map(nameOf))
const alike = DAMAGED_ROWS.filter((row) => !differences.has(nameOf(row)))

type Run = (args: readonly string[], options: { cwd: string; env: Readonly<Record<string, string>> }) => Promise<Ran>

/** Runs a row's command on its file. */
async function ran(row: DamagedRow, run: Run = inProcess): Promise<Ran & { on: TestProject; untouched: boolean }> {
  const on = project(damagedFile(row))
  const before = folderState(on.folder)
  // The reference misses the credentials before it misses a region.
  const aws = { AWS_EC2_METADATA_DISABLED: 'true', AWS_REGION: 'us-east-1' }
  const own = { PULUMI_CONFIG_PASSPHRASE: 'correct horse', PULUMI_STACK: 'dev' }
  const env: Record<string, string> = { ...aws, ...own, ...row.env }
  // What a case took away it may have set to another value.
  for (const name of row.unset) if (!(name in row.env)) delete env[name]
  const result = await run(row.cmd.split(' ').slice(1), { cwd: on.folder, env })
  return {
    ...result,
    on,
    untouched: isDeepStrictEqual(folderState(on.folder), before),
  }
}

/** The code that a failure told, on standard error in words or in the listing of what does not open. */
const codeIn = ({ stdout, stderr }: Ran): string | undefined => /ERR_[A-Z_]+/.exec(stderr + stdout)?.[0]

test('the rows about configuration are here', () => {
  expect(DAMAGED_ROWS.length).toBeGreaterThanOrEqual(139)
})

// Where the reference's reading command had written to the file, the next command of the same damage found another one.
const kept = DAMAGED_ROWS.filter(
  (row) => keptFile(row, 'before') !== undefined && !DAMAGED_ROWS.some((other) => wroteBefore(other, row)),
)

function wroteBefore(other: DamagedRow, row: DamagedRow): boolean {
  const index = DAMAGED_ROWS.indexOf(row)
  return other.file_changed && damageOf(other) === damageOf(row) && DAMAGED_ROWS.indexOf(other) < index
}

test.each(named(kept))('the file is rebuilt as it was: %s', (_name, row) => {
  expect(damagedFile(row)).toBe(keptFile(row, 'before'))
})

describe('as the reference', () => {
  test.each(named(alike.filter((row) => row.exit === 0 && !isSet(row))))('reads: %s', async (_name, row) => {
    const { exit, stdout, stderr, untouched } = await ran(row)
    expect({ exit, stdout, stderr, untouched }).toEqual({ exit: 0, stdout: row.stdout, stderr: '', untouched: true })
  })

  test.each(named(alike.filter((row) => row.exit === 0 && isSet(row))))('sets: %s', async (_name, row) => {
    const { exit, stdout, stderr, on } = await ran(row)
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: '', stderr: '' })
    const theirs = project(keptFile(row, 'after') ?? '')
    expect(await listing(on)).toEqual(await listing(theirs))
  })

  test.each(named(alike.filter((row) => row.exit !== 0)))('refuses: %s', async (_name, row) => {
    const result = await ran(row)
    const [, code, exit] = ERRORS.find(([reference]) => reference.test(row.stderr)) ?? []
    expect({ code: codeIn(result), exit: result.exit }).toEqual({ code, exit })
    expect(result.untouched).toBe(true)
    expect(result.stderr.includes('Pulumi.dev.yaml was not changed\n')).toBe(isSet(row))
  })
})

/** What a stack's file means: its whole listing. A secret that is new is the same if it opens to the same. */
async function listing({ folder }: TestProject): Promise<Ran> {
  const env = { PULUMI_CONFIG_PASSPHRASE: 'correct horse', PULUMI_STACK: 'dev' }
  return inProcess(['config', '--show-secrets', '--json'], { cwd: folder, env })
}

test.each([...differences.values()])('otherwise on purpose: $row', async ({ row: name, instead }) => {
  const row = DAMAGED_ROWS.find((each) => nameOf(each) === name) as DamagedRow
  const { code, exit, shown, damaged } = instead
  const result = await ran(row)
  expect({ code: codeIn(result), exit: result.exit }).toEqual({ code, exit })
  expect(result.untouched).toBe(true)
  expect(result.stderr.includes('Pulumi.dev.yaml was not changed\n')).toBe(isSet(row))
  const listed = (shown === undefined ? {} : JSON.parse(result.stdout)) as Record<string, { value?: string }>
  const values = Object.entries(listed).filter(([, { value }]) => value !== undefined)
  expect(Object.fromEntries(values.map(([key, { value }]) => [key, value]))).toEqual(shown ?? {})
  const broken = (damaged ?? []).map((key) => [key, { secret: true, error: code }])
  expect(listed).toMatchObject(Object.fromEntries(broken))
})

test.each([
  ['a wrong passphrase', 'wrong passphrase: get secret'],
  ['a malformed salt', 'salt one word: get secret'],
  ['a damaged value', 'ciphertext bit flip: get'],
  ['a file that is no YAML', 'salt verifier missing: get secret'],
])('%s ends the program with its own code and number', async (_what, label) => {
  const [row] = DAMAGED_ROWS.filter((each) => each.label === label)
  if (row === undefined) throw new Error(`no row ${label}`)
  const result = await ran(row, stackseal)
  const [, code, exit] = ERRORS.find(([reference]) => reference.test(row.stderr)) ?? []
  expect({ code: codeIn(result), exit: result.exit }).toEqual({ code, exit })
})
