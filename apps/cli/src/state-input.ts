import { StacksealError } from '@stackseal/core'
import { decompressState } from '@stackseal/stack'
import type { KeyPlace } from '@stackseal/stack'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { Invocation } from './command.ts'
import { errorCode } from './error-code.ts'
import { usageError } from './usage-error.ts'

const PIECE_BYTES = 256 * 1024

/** A state that somebody hands over. */
export interface StateInput extends KeyPlace {
  /** How many bytes come, packed as they are; undefined where that is not known. */
  readonly size: number | undefined
  /** The JSON of it, unpacked, as it comes. Asked for once. `onBytes` is told how many bytes of `size` were read. */
  pieces(onBytes?: (count: number) => void): AsyncIterable<Uint8Array>
}

/**
 * The state that a command line names: a file, `-` for standard input, which is also meant by nothing.
 * @throws ERR_USAGE where nothing is named and standard input is a terminal; ERR_FILE_NOT_FOUND, ERR_IO
 */
export async function stateInput(invocation: Invocation, given: string | undefined): Promise<StateInput> {
  const { options, terminal, signal } = invocation
  if (given === undefined && terminal.stdinIsTerminal) {
    throw usageError('there is no state to read', 'name a file, or pipe one in: pulumi stack export | stackseal …')
  }
  if (given === undefined || given === '-') {
    // Paths in its key URL begin at the working folder.
    const file = resolve(options.cwd, '-')
    return {
      file,
      target: file,
      label: 'standard input',
      size: undefined,
      pieces: (onBytes) => decompressState(counted(terminal.inputPieces(signal), onBytes)),
    }
  }
  const file = resolve(options.cwd, given)
  const size = await sizeOf(file, given)
  return {
    file,
    target: file,
    label: given,
    size,
    pieces: (onBytes) => decompressState(counted(filePieces(file, given, signal), onBytes)),
  }
}

async function sizeOf(file: string, name: string): Promise<number | undefined> {
  try {
    const status = await stat(file)
    return status.isFile() ? status.size : undefined
  } catch (error) {
    throw readError(error, name)
  }
}

// A file or a pipe with a name, such as `<(pulumi stack export)`, which the file layer does not open.
async function* filePieces(file: string, name: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file, { highWaterMark: PIECE_BYTES, signal })
  try {
    for await (const piece of stream) yield piece as Buffer
  } catch (error) {
    signal.throwIfAborted()
    throw readError(error, name)
  }
}

function readError(error: unknown, name: string): unknown {
  const code = errorCode(error)
  if (code === undefined) return error
  if (code === 'ENOENT') return new StacksealError('ERR_FILE_NOT_FOUND', `${name} is not there`)
  return new StacksealError('ERR_IO', `${name} could not be read: ${code}`, { details: { file: name, errno: code } })
}

/** The same pieces, with a moment between two of them, in which Ctrl-C is seen. */
export async function* interruptible(pieces: Iterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    yield piece
    await turn()
    signal.throwIfAborted()
  }
}

/** The same pieces, with a word about how many bytes have come. */
export async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  onBytes: ((count: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  let count = 0
  for await (const piece of pieces) {
    count += piece.length
    onBytes?.(count)
    yield piece
  }
}
