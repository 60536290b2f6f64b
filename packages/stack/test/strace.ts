import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { childScript, type Ended, run } from './child-scripts.ts'

let reason: string | undefined
let tried = false

/** Why no system call can be tampered with here; undefined if it can. */
export function whyNoStrace(): string | undefined {
  if (!tried) {
    tried = true
    const { status, stderr, error } = spawnSync('strace', ['-f', '-qq', '-e', 'inject=fsync:error=EIO', 'true'])
    if (status !== 0) reason = `strace can not be used here (${error?.message ?? String(stderr).trim()})`
  }
  return reason
}

export interface Injection {
  /** The system call, as strace names it: `fsync`, `rename`, `unlink`, `write`. Several with `,`. */
  readonly call: string
  /** What happens at the call, in strace's words: `signal=KILL`, `error=ENOSPC`. */
  readonly what: string
  /** At which of these calls, counted from 1, in each thread for itself. */
  readonly when: number
  /** Count and tamper with only the calls on these paths. Node itself writes to pipes and closes files. */
  readonly paths?: readonly string[]
}

export interface Injected extends Ended {
  /** Whether the process made that many calls, so that there was one to tamper with. */
  readonly met: boolean
}

/** Runs a Node script of `children/`, or a command, with one system call of it tampered with. */
export async function runInjected(
  command: { readonly child: string } | { readonly command: string },
  args: readonly string[],
  { call, what, when, paths = [] }: Injection,
): Promise<Injected> {
  const folder = mkdtempSync(join(tmpdir(), 'stackseal-strace-'))
  try {
    const log = join(folder, 'log')
    const options = ['-f', '-qq', '-o', log, '-e', `trace=${call}`, '-e', `inject=${call}:${what}:when=${when}`]
    const program = 'child' in command ? [execPath, childScript(command.child)] : [command.command]
    const ended = await run('strace', [...options, ...paths.flatMap((path) => ['-P', path]), ...program, ...args])
    const text = readFileSync(log, 'utf8')
    return { ...ended, met: text.includes('(INJECTED)') || text.includes('killed by SIGKILL') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
