import { spawn } from 'node:child_process'

export interface Ran {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly stdin?: string | undefined
}

/** Runs a program to its end with exactly this environment. */
export function runCommand(
  program: string,
  args: readonly string[],
  { cwd, env, stdin = '' }: RunOptions,
): Promise<Ran> {
  const { promise, resolve, reject } = Promise.withResolvers<Ran>()
  const child = spawn(program, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.on('error', reject)
  child.on('close', (exit) => {
    resolve({ exit, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() })
  })
  // A program may end without having read what it was given.
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  return promise
}

/** The standard output of a command that must not fail. */
export async function out(command: Promise<Ran>): Promise<string> {
  const { exit, stdout, stderr } = await command
  if (exit !== 0) throw new Error(`exit ${exit}: ${stderr}`)
  return stdout
}
