import { CommandLineRun } from '../../src/command-line.ts'
import { cleanEnv } from './stackseal.ts'
import type { Ran } from './stackseal.ts'

export interface InProcessOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a command line in this process, with streams that are no terminals. For commands that read no standard input. */
export async function inProcess(args: readonly string[], { cwd, env }: InProcessOptions): Promise<Ran> {
  const written = { 1: '', 2: '' }
  const exit = await new CommandLineRun(['-C', cwd, ...args], {
    env: cleanEnv(env),
    streams: { write: (fd, text) => void (written[fd] += text), isTerminal: () => false },
    signal: () => new AbortController().signal,
  }).run()
  return { exit, stdout: written[1], stderr: written[2] }
}
