import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { env, execPath, pid } from 'node:process'
import { fileURLToPath } from 'node:url'

const PACKAGES = fileURLToPath(new URL('../..', import.meta.url))
const COPIED = ['core/src', 'stack/src', 'stack/test']

let copies: string | undefined

/**
 * The path of a script in `children/`, as plain JavaScript with all that it imports: a process of its own starts in
 * half the time that it takes from TypeScript, and without the packages being built.
 */
export function childScript(name: string): string {
  copies ??= copyAll()
  return join(copies, 'stack/test/children', `${name}.mjs`)
}

function copyAll(): string {
  // In the same place at each run: a test runner's process gets no time to clean up after itself.
  const root = join(PACKAGES, 'stack/node_modules/.children', env['VITEST_POOL_ID'] ?? String(pid))
  rmSync(root, { recursive: true, force: true })
  for (const folder of COPIED) {
    for (const file of readdirSync(join(PACKAGES, folder), { encoding: 'utf8', recursive: true })) {
      if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue
      const script = stripTypeScriptTypes(readFileSync(join(PACKAGES, folder, file), 'utf8'))
        .replaceAll(/ from '(\.[^']+)\.ts'/g, " from '$1.mjs'")
        .replaceAll(" from '@stackseal/core'", ` from '${join(root, 'core.mjs')}'`)
      const copy = join(root, folder, `${file.slice(0, -'.ts'.length)}.mjs`)
      mkdirSync(dirname(copy), { recursive: true })
      writeFileSync(copy, script)
    }
  }
  // The whole of core would load node:crypto, which takes a process a fifth of its start.
  writeFileSync(join(root, 'core.mjs'), "export * from './core/src/bytes.mjs'\nexport * from './core/src/errors.mjs'\n")
  return root
}

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end. */
export async function run(command: string, args: readonly string[]): Promise<Ended> {
  return endOf(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }))
}

/** Runs a script of `children/` to its end. */
export async function runChild(name: string, args: readonly string[]): Promise<Ended> {
  return run(execPath, [childScript(name), ...args])
}

/** Starts a script of `children/`, on request with a channel for messages. */
export function startChild(name: string, args: readonly string[], channel?: 'ipc'): ChildProcess {
  return spawn(execPath, [childScript(name), ...args], { stdio: ['ignore', 'pipe', 'inherit', channel] })
}

export function endOf(child: ChildProcess): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (part) => (stdout += String(part)))
  child.stderr?.on('data', (part) => (stderr += String(part)))
  return new Promise((done, failed) => {
    child.once('error', failed)
    child.once('close', (status, signal) => done({ status, signal, stdout, stderr }))
  })
}
