import { CommandLineRun } from '../../src/command-line.ts'
import { cleanEnv } from './stackseal.ts'
import type { Ran } from './stackseal.ts'

export interface InProcessOptions {
  /** The folder of this process, if not given: for what looks at no file. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a command line in this process, with streams that are no terminals. For commands that read no standard input. */
export async function inProcess(args: readonly string[], { cwd, env }: InProcessOptions = {}): Promise<Ran> {
  const written: Record<1 | 2, Buffer[]> = { 1: [], 2: [] }
  const exit = await new CommandLineRun([...(cwd === undefined ? [] : ['-C', cwd]), ...args], {
    env: cleanEnv(env),
    streams: { write: (fd, what) => void written[fd].push(Buffer.from(what)), isTerminal: () => false },
    signal: () => new AbortController().signal,
  }).run()
  return { exit, stdout: Buffer.concat(written[1]).toString(), stderr: Buffer.concat(written[2]).toString() }
}
