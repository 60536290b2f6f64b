// `npm run test:services`: installs the servers into the ignored cache folder, runs tests/services against them, and
// prints what came of every event. A server that can't be installed is a failure, never a silent skip.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { LeakRecord } from '../../tests/services/leaks/leak-record.ts'
import { drongo } from './drongo.ts'
import { localstackKms } from './localstack-kms.ts'
import { microburst } from './microburst.ts'
import { ministack } from './ministack.ts'
import { openbao } from './openbao.ts'
import { endLeftServers, forgetServers } from './server-process.ts'
import type { Service } from './service.ts'

const ROOT = join(import.meta.dirname, '../..')
const EVENTS = join(ROOT, '.reports/service-events.jsonl')
const CLI_EVENTS = join(ROOT, '.reports/cli-events.jsonl')
const SERVICES: readonly Service[] = [openbao, localstackKms, ministack, microburst, drongo]
const TABLE_SERVICES = ['Vault', 'AWS', 'Azure Key Vault', 'Google Cloud KMS']
const TABLE_EVENTS = [
  'init, set, get',
  're-wrap after rotation',
  'rights removed',
  'service down',
  'throttled, then well',
  'key disabled',
  'wrong key',
  'tampered encryptedkey',
  'time-out',
]

interface Row {
  readonly service: string
  readonly event: string
  readonly server: string
  readonly outcome: string
  readonly exit: number
  /** Of the command line: whether the stack file has the hash that it had before. */
  readonly file?: string
}

async function installAll(): Promise<boolean> {
  let isComplete = true
  for (const service of SERVICES) {
    const start = performance.now()
    try {
      await service.install()
      console.log(`${service.name}: ready after ${((performance.now() - start) / 1000).toFixed(1)} s`)
    } catch (error) {
      isComplete = false
      console.error(`${service.name}: not installed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return isComplete
}

/** Runs the tests; what their runner prints is a part of what is searched for leaks. */
async function runTests(given: readonly string[]): Promise<boolean> {
  const child = spawn('vitest', ['run', '--config', 'vitest.config.ts', ...given], {
    cwd: join(ROOT, 'tests/services'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
      STACKSEAL_TEST_NOTED_KEYS: record.secretsFile,
    },
  })
  const chunks: Buffer[] = []
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      to.write(chunk)
    })
  }
  const exit = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  record.told('the test runner', Buffer.concat(chunks).toString())
  return exit === 0
}

/** No cell of the table may be missing: 4 services × 9 events. */
function missingCells(): readonly string[] {
  const lines = existsSync(CLI_EVENTS) ? readFileSync(CLI_EVENTS, 'utf8').trimEnd().split('\n') : []
  const seen = new Set(
    lines.map((line) => {
      const { service, event }: Row = JSON.parse(line)
      return `${service}: ${event}`
    }),
  )
  return TABLE_SERVICES.flatMap((service) => TABLE_EVENTS.map((event) => `${service}: ${event}`)).filter(
    (cell) => !seen.has(cell),
  )
}

/** What was noted in a file, one line an event, under a title. */
function printTable(title: string, file: string): void {
  if (!existsSync(file)) return
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const rows = lines.map((line): Row => JSON.parse(line))
  const header = ['service', 'event', 'server', 'outcome', 'exit', 'stack file']
  const cells = [
    rows.some((row) => row.file !== undefined) ? header : header.slice(0, -1),
    ...rows.map(({ service, event, server, outcome, exit, file: kept = '' }) => [
      service,
      event,
      server,
      outcome,
      String(exit),
      kept,
    ]),
  ]
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? []
  console.log(`\n${title}`)
  for (const row of cells)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

mkdirSync(join(ROOT, '.reports'), { recursive: true })
const record = new LeakRecord(join(ROOT, '.reports'))
for (const file of [EVENTS, CLI_EVENTS, record.outputsFile, record.secretsFile]) rmSync(file, { force: true })
forgetServers()
const given = process.argv.slice(2)
const isComplete = await installAll()
const isPassed = await runTests(given)
const left = endLeftServers()
if (left > 0) console.error(`${left} servers were left running by the tests, and were ended`)
printTable('through the libraries:', EVENTS)
printTable('through the command line:', CLI_EVENTS)
// A run of some files alone leaves the others' cells empty.
const missing = given.length === 0 ? missingCells() : []
for (const cell of missing) console.error(`not in the table: ${cell}`)
const { outputs, secrets, leaks } = record.search()
console.log(
  `\nleaks: ${leaks.length}, of ${secrets} secrets, tokens and keys looked for in ${outputs} outputs, errors and files`,
)
for (const leak of leaks) console.error(`leak: ${leak}`)
process.exitCode = isComplete && isPassed && left === 0 && missing.length === 0 && leaks.length === 0 ? 0 : 1
