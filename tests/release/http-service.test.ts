import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { packPackage, run } from '../../tools/packed-package.ts'

// The program of examples/http-service as somebody has it: packed, installed with npm outside the repository, and run
// against a database that takes nothing but the right password.
const ROOT = join(import.meta.dirname, '../..')
const PASSWORD = `stock-${randomBytes(12).toString('hex')}`
const work = mkdtempSync(join(tmpdir(), 'stackseal-service-'))
const program = join(work, 'node_modules/stackseal-example-http-service/src/main.mjs')
const reports = join(work, 'reports')
const env = { PATH: process.env['PATH'] ?? '', HOME: work, PULUMI_CONFIG_PASSPHRASE: 'correct horse' }
const database = await startDatabase()
afterAll(() => {
  database.server.close()
  rmSync(work, { recursive: true })
})

beforeAll(() => {
  const folders = ['packages/core', 'packages/provider-passphrase', 'packages/stack', 'examples/http-service']
  const packed = folders.map((folder) => packPackage(join(ROOT, folder), work))
  const tarballs = Object.fromEntries(packed.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]))
  writeFileSync(
    join(work, 'package.json'),
    JSON.stringify({ private: true, dependencies: tarballs, overrides: tarballs }),
  )
  const { problem } = run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], work)
  if (problem !== undefined) throw new Error(problem)
  mkdirSync(reports)
  cpSync(join(work, 'node_modules/stackseal-example-http-service/Pulumi.yaml'), join(work, 'Pulumi.yaml'))
  const stackseal = (args: readonly string[], input = ''): Buffer =>
    execFileSync('node', [join(ROOT, 'apps/cli/dist/stackseal.mjs'), ...args], { cwd: work, env, input, stdio: 'pipe' })
  stackseal(['stack', 'init', 'dev'])
  stackseal(['config', 'set', '--secret', 'databasePassword'], PASSWORD)
  stackseal(['config', 'set', 'databasePort', String(database.port)])
  stackseal(['config', 'set', 'port', '0'])
}, 120_000)

interface Running {
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Promise<number | null>
}

function start(): Running {
  const flags = ['--report-uncaught-exception', '--report-on-signal', `--report-directory=${reports}`]
  const child = spawn('node', [...flags, program], { cwd: work, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const parts: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => parts.push(text))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, output: () => parts.join(''), ended }
}

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (const end = performance.now() + 20_000; performance.now() < end; await pause(50)) {
    const found = look()
    if (found !== undefined) return found
  }
  throw new Error(`${what} did not come`)
}

/** The password as it could show: as it is, in base64 at any offset, in hexadecimal. */
function showsPassword(text: string): boolean {
  const forms = [PASSWORD, Buffer.from(PASSWORD).toString('hex')]
  for (const before of ['', 'a', 'aa']) {
    // Without the characters at both ends, which depend on what stands beside the password.
    forms.push(
      Buffer.from(before + PASSWORD)
        .toString('base64')
        .slice(4, -6),
    )
  }
  return forms.some((form) => text.includes(form))
}

/** What the system tells of a process to others of the same user, apart from its memory. */
function procEntries(pid: number): string {
  const folder = `/proc/${pid}`
  const texts = ['cmdline', 'environ', 'comm', 'status', 'maps', 'limits', 'stat', 'io', 'mountinfo'].map((name) =>
    readFileSync(join(folder, name), 'latin1'),
  )
  return [...texts, ...readdirSync(join(folder, 'fd')).map((fd) => linkOf(join(folder, 'fd', fd)))].join('\n')
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed meanwhile
  }
}

const newestReport = (): string | undefined =>
  globSync('*.json', { cwd: reports })
    .map((file) => readFileSync(join(reports, file), 'utf8'))
    .find((text) => text.trimEnd().endsWith('}'))

const around = (text: string): string => `xyz${text}xyz`

test('the search finds the password in each form', () => {
  expect(showsPassword(around(PASSWORD))).toBe(true)
  expect(showsPassword(Buffer.from(around(PASSWORD)).toString('base64'))).toBe(true)
  expect(showsPassword(Buffer.from(`a${around(PASSWORD)}`).toString('base64'))).toBe(true)
  expect(showsPassword(Buffer.from(around(PASSWORD)).toString('hex'))).toBe(true)
  expect(showsPassword(around('[secret]'))).toBe(false)
})

test('the service reaches its database with the password of the stack, and shows it nowhere', async () => {
  const { child, output, ended } = start()
  const port = await until('the line that names the port', () => /listening on (\d+)/.exec(output())?.[1])
  expect(output()).toContain('password: [secret]')
  expect(await (await fetch(`http://127.0.0.1:${port}/apples`)).text()).toBe('6\n')

  const entries = procEntries(child.pid ?? 0)
  expect(entries).toContain('main.mjs')
  expect(showsPassword(entries)).toBe(false)

  database.refuses = true
  expect((await fetch(`http://127.0.0.1:${port}/apples`)).status).toBe(503)
  await until('the error of the database', () => (output().includes('the database answered') ? true : undefined))
  database.refuses = false

  child.kill('SIGUSR2')
  const report = await until('the report', newestReport)
  expect(report).toContain('"trigger": "Signal"')
  child.kill()
  await ended
  expect(showsPassword(output() + report)).toBe(false)
})

test('nor does the report of its crash, nor what it prints of the error', async () => {
  for (const file of readdirSync(reports)) rmSync(join(reports, file))
  database.refuses = true
  const { output, ended } = start()
  expect(await ended).not.toBe(0)
  database.refuses = false
  const report = await until('the report', newestReport)
  expect(output()).toContain('[cause]: { port:')
  expect(output()).toContain('password: [secret]')
  expect(report).toContain('the database answered: no')
  expect(report).not.toContain('correct horse')
  expect(showsPassword(output() + report)).toBe(false)
})

interface Database {
  readonly server: Server
  readonly port: number
  refuses: boolean
}

/** Says how many letters the name of an item has, to whoever answers its challenge with the password. */
async function startDatabase(): Promise<Database> {
  const server = createServer((socket) => {
    const challenge = randomBytes(16).toString('hex')
    socket.on('error', () => undefined) // the service may be gone already
    socket.write(`${challenge}\n`)
    socket.once('data', (data) => {
      const [answer, item = ''] = data.toString().trim().split(' ')
      const right = createHmac('sha256', PASSWORD).update(challenge).digest('hex')
      socket.end(answer === right && !state.refuses ? `${item.length}\n` : 'no\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const state = { server, port: typeof address === 'object' ? (address?.port ?? 0) : 0, refuses: false }
  return state
}
