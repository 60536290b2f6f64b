import { spawn } from 'node:child_process'
import { readFileSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn } from './folder-state.ts'
import { cleanEnv, folder, PROGRAM } from './stackseal.ts'

const FILE = 'Pulumi.dev.yaml'
export const STAGED = `.${FILE}.stackseal-new`
export const LOCK = `.${FILE}.stackseal-lock`
const BESIDE = ['Pulumi.dev.yaml', 'Pulumi.yaml']

// Large enough that writing, flushing and reading back take a few milliseconds, in lines that are quickly parsed.
const LINES = 3
const LINE_BYTES = 160 * 1024

/** When a process is killed: some milliseconds after it starts, or after a name begins to appear in the folder. */
export interface Moment {
  readonly after: 'start' | 'lock' | 'staged'
  readonly delayMs: number
}

export interface Killed {
  /** False where it was faster than the kill. */
  readonly killed: boolean
  readonly before: string
  /** The file as the process left it. */
  readonly left: string
  /** The lock that it left. */
  readonly lock: Buffer | undefined
  /** Names that should not be there when nobody works in the folder. */
  readonly leftovers: readonly string[]
}

/** A project with a large stack file whose stack holds `vec:set: <value>`. */
export function largeProject(): { readonly folder: string; readonly text: () => string } {
  const made = folder('killed')
  const lines = Array.from({ length: LINES }, (_, i) => `  vec:k${i}: ${'x'.repeat(LINE_BYTES)}\n`)
  writeFileSync(join(made, 'Pulumi.yaml'), 'name: vec\nruntime: yaml\n')
  writeFileSync(join(made, FILE), `config:\n  vec:set: before\n${lines.join('')}  vec:last: before\n`)
  return { folder: made, text: () => readFileSync(join(made, FILE), 'utf8') }
}

/** The text after `config set set VALUE`. */
export function withSet(text: string, value: string): string {
  return text.replace(/^ {2}vec:set: .*$/m, `  vec:set: ${value}`)
}

/** Names in a folder that should not be there when nobody works in it. */
export function leftoversIn(at: string): string[] {
  return namesIn(at).filter((name) => !BESIDE.includes(name))
}

/** Starts `config set set VALUE` and kills it. */
export async function killedSet(at: string, value: string, { after, delayMs }: Moment): Promise<Killed> {
  const before = readFileSync(join(at, FILE), 'utf8')
  let onName: (() => void) | undefined
  const name = after === 'staged' ? STAGED : LOCK
  const watcher = watch(at, (_event, file) => {
    if (file?.startsWith(name) === true) onName?.()
  })
  const child = spawn(process.execPath, [PROGRAM, '-C', at, '-s', 'dev', 'config', 'set', 'set', value], {
    env: cleanEnv(),
    stdio: 'ignore',
  })
  const kill = (): void => {
    if (delayMs < 1) child.kill('SIGKILL')
    else setTimeout(() => child.kill('SIGKILL'), delayMs)
  }
  if (after === 'start') kill()
  else onName = once(kill)
  const { promise: ended, resolve } = Promise.withResolvers<NodeJS.Signals | null>()
  child.on('close', (_exit, signal) => resolve(signal))
  const signal = await ended
  watcher.close()
  const left = readFileSync(join(at, FILE), 'utf8')
  const leftovers = leftoversIn(at)
  const lock = leftovers.includes(LOCK) ? readFileSync(join(at, LOCK)) : undefined
  return { killed: signal === 'SIGKILL', before, left, lock, leftovers }
}

function once(call: () => void): () => void {
  let called = false
  return () => {
    if (!called) call()
    called = true
  }
}
