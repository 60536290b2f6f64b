import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type LeakRecord, leakRecord } from '../leaks/leak-record.ts'
import type { CliService } from './cli-service.ts'

const ROOT = join(import.meta.dirname, '../../..')
const PROGRAM = join(ROOT, 'apps/cli/dist/stackseal.mjs')
const NOTE_KEYS = `--import=${new URL('../leaks/note-keys.mjs', import.meta.url).href}`
// Compiled code of the SDKs, for all commands together. The command line keeps none below a shared folder such as /tmp.
const CACHE = join(ROOT, '.cache/services/command-line')
// Whoever hunts for a fault turns these on; what the SDKs then print must hold no key either.
const LOUD = { DEBUG: '*', AZURE_LOG_LEVEL: 'verbose', GOOGLE_SDK_NODE_LOGGING: '*' }

/** How a command ended. */
export interface Ran {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

interface ServiceStackOptions {
  /** Another build of the command line than this repository's. */
  readonly program?: string
  readonly record?: LeakRecord
}

/** A stack of its own on a key of a service, used through the built command line. */
export class ServiceStack {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'stackseal-cli-events-'))
  readonly #name: string
  readonly #program: string
  readonly #record: LeakRecord
  readonly #env: Readonly<Record<string, string>>

  constructor({ service, env }: Pick<CliService, 'service' | 'env'>, options: ServiceStackOptions = {}) {
    const { program = PROGRAM, record = leakRecord } = options
    this.#name = service
    this.#program = program
    this.#record = record
    const home = join(this.folder, 'home')
    mkdirSync(home)
    writeFileSync(join(this.folder, 'Pulumi.yaml'), 'name: proj\nruntime: yaml\n')
    const notedKeys = { STACKSEAL_TEST_NOTED_KEYS: record.secretsFile }
    const nodeOptions = { NODE_OPTIONS: `${env['NODE_OPTIONS'] ?? ''} ${NOTE_KEYS}`.trim() }
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      PULUMI_STACK: 'dev',
      XDG_CACHE_HOME: CACHE,
      ...LOUD,
      ...env,
      ...nodeOptions,
      ...notedKeys,
    }
  }

  get text(): string {
    return readFileSync(join(this.folder, 'Pulumi.dev.yaml'), 'utf8')
  }

  change(change: (text: string) => string): void {
    const changed = change(this.text)
    if (changed === this.text) throw new Error('the stack file has nothing that could be changed so')
    writeFileSync(join(this.folder, 'Pulumi.dev.yaml'), changed)
  }

  async run(...line: readonly string[]): Promise<Ran> {
    const child = spawn(process.execPath, [this.#program, ...line], { cwd: this.folder, env: this.#env, stdio: 'pipe' })
    child.stdin.end()
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    const exit = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
    const [out, err] = [Buffer.concat(stdout), Buffer.concat(stderr)]
    const from = `${this.#name}: stackseal ${line.slice(0, 2).join(' ')}`
    this.#record.told(`${from}, standard error`, err.toString('latin1'))
    // What was asked for on standard output is no leak.
    if (!isAskedFor(line)) this.#record.told(`${from}, standard output`, out.toString('latin1'))
    return { exit, stdout: out.toString(), stderr: err.toString() }
  }

  /** A command that has to work. */
  async do(...line: readonly string[]): Promise<string> {
    const { exit, stdout, stderr } = await this.run(...line)
    if (exit !== 0) throw new Error(`${line.join(' ')} ended with ${exit}: ${stderr}`)
    return stdout
  }

  remove(): void {
    this.#record.toldFiles(`${this.#name}: files`, this.folder)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function isAskedFor([command, name, ...rest]: readonly string[]): boolean {
  return command === 'config' && (name === 'get' || [name, ...rest].includes('--show-secrets'))
}
