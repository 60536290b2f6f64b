import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The built program. */
export const PROGRAM: string = fileURLToPath(new URL('../../dist/stackseal.mjs', import.meta.url))

export interface Ran {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
  /** Arguments for Node itself. */
  readonly node?: readonly string[]
  /** The user as whom it runs; only root can choose. */
  readonly uid?: number
}

/** An environment in which nothing of the machine that runs the tests counts. */
export function cleanEnv(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: folder('home'), TERM: 'xterm-256color', ...more }
}

/** Runs the built program as a process of its own. */
export function stackseal(args: readonly string[], { stdin = '', ...options }: RunOptions = {}): Promise<Ran> {
  const started = start(args, options)
  started.child.stdin.end(stdin)
  return started.ended
}

/** As {@link stackseal}, with the bytes of standard output. */
export function stacksealBytes(
  args: readonly string[],
  { stdin = '', ...options }: RunOptions = {},
): Promise<RanBytes> {
  const started = start(args, options)
  started.child.stdin.end(stdin)
  return started.bytes
}

export type RanBytes = Omit<Ran, 'stdout'> & { readonly stdout: Buffer }

/** A program that was started and waits for standard input. */
export interface Started {
  readonly child: ChildProcessWithoutNullStreams
  readonly bytes: Promise<RanBytes>
  readonly ended: Promise<Ran>
  /** Waits until standard error has a text. */
  readonly says: (text: string) => Promise<void>
}

/** Starts the built program, and leaves its standard input open. */
export function start(args: readonly string[], { cwd, env, node = [], uid }: Omit<RunOptions, 'stdin'> = {}): Started {
  const { promise: bytes, resolve, reject } = Promise.withResolvers<RanBytes>()
  const child = spawn(process.execPath, [...node, PROGRAM, ...args], {
    cwd: cwd ?? folder('cwd'),
    env: cleanEnv(env),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid }),
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.on('error', reject)
  child.on('close', (exit) =>
    resolve({ exit, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
  )
  // The program may end without having read what it was given.
  child.stdin.on('error', () => undefined)
  const says = async (text: string): Promise<void> => {
    while (!Buffer.concat(stderr).toString().includes(text) && child.exitCode === null) {
      await new Promise((wake) => setTimeout(wake, 20))
    }
  }
  const ended = bytes.then(({ stdout: all, ...rest }) => ({ ...rest, stdout: all.toString() }))
  return { child, bytes, ended, says }
}

/** A command for a shell in which `$STACKSEAL` runs the built program. */
export function shell(script: string, { cwd, env }: RunOptions = {}): Promise<Ran> {
  const { promise, resolve, reject } = Promise.withResolvers<Ran>()
  const child = spawn('sh', ['-c', script], {
    cwd: cwd ?? folder('cwd'),
    env: cleanEnv({ STACKSEAL: `${process.execPath} ${PROGRAM}`, ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.on('error', reject)
  child.on('close', (exit) => resolve({ exit, stdout, stderr }))
  return promise
}

const folders: string[] = []
process.on('exit', () => {
  for (const each of folders) rmSync(each, { recursive: true, force: true })
})
// How the runner ends its workers; without a listener nothing would run at the end.
process.on('SIGTERM', () => process.exit())

/** A new empty folder, removed when the tests end. */
export function folder(name: string): string {
  const made = mkdtempSync(join(tmpdir(), `stackseal-${name}-`))
  folders.push(made)
  return made
}
