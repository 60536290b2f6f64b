// `npm run test:services`: installs the servers into the ignored cache folder, runs tests/services against them, and
// prints what came of every event. A server that can't be installed is a failure, never a silent skip.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { openbao } from './openbao.ts'
import { endLeftServers, forgetServers } from './server-process.ts'
import type { Service } from './service.ts'

const ROOT = join(import.meta.dirname, '../..')
const EVENTS = join(ROOT, '.reports/service-events.jsonl')
const CLI_EVENTS = join(ROOT, '.reports/cli-events.jsonl')
const SERVICES: readonly Service[] = [openbao]

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

for (const file of [EVENTS, CLI_EVENTS]) rmSync(file, { force: true })
mkdirSync(join(ROOT, '.reports'), { recursive: true })
forgetServers()
const isComplete = await installAll()
const tests = spawnSync('vitest', ['run', '--config', 'vitest.config.ts', ...process.argv.slice(2)], {
  cwd: join(ROOT, 'tests/services'),
  stdio: 'inherit',
  env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` },
})
const left = endLeftServers()
if (left > 0) console.error(`${left} servers were left running by the tests, and were ended`)
printTable('through the libraries:', EVENTS)
printTable('through the command line:', CLI_EVENTS)
process.exitCode = isComplete && tests.status === 0 && left === 0 ? 0 : 1
