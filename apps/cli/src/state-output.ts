import { nodeFileSystem, writePieces } from '@stackseal/stack'
import { basename, resolve } from 'node:path'
import type { Invocation } from './command.ts'

export interface StateOutput {
  /** The file that was named; undefined for standard output. */
  readonly file: string | undefined
  /** Whether secrets stand in it in clear: a file gets the mode 0600 then. */
  readonly secret: boolean
  /** For whoever waits for the file. */
  readonly command: string
}

/** Puts a state where it was asked for: a file is written as a whole or not at all, standard output as it comes. */
export async function writeState(
  { options, terminal, signal, trace }: Invocation,
  pieces: AsyncIterable<Uint8Array>,
  { file, secret, command }: StateOutput,
): Promise<void> {
  if (file === undefined || file === '-') {
    await terminal.outPieces(pieces)
    return
  }
  const path = resolve(options.cwd, file)
  await writePieces(nodeFileSystem, path, pieces, {
    secret,
    command: `stackseal ${command}`,
    timeoutMs: options.lockTimeoutMs,
    signal,
  })
  trace(`wrote ${path}`)
  terminal.say(`Wrote ${basename(path)}`)
}
