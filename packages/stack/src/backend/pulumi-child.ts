import { StacksealError } from '@stackseal/core'
import { spawn } from 'node:child_process'
import { platform } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'

import type { Environment } from '../environment.ts'
import type { FileSystem } from '../files/file-system.ts'
import { errnoOf } from '../files/io-error.ts'

const LARGEST_NOTE = 16 * 1024
/** How long one that was asked to end may take. */
const GRACE_MS = 1000

export interface PulumiRun {
  readonly program: string
  /** Nothing secret may be among them: everybody on the machine sees them. */
  readonly arguments: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly input?: Uint8Array | undefined
  /** The most that is taken from its standard output, in bytes. */
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
  /** How long it may still go on after an abort, in milliseconds, before it is asked to end. */
  readonly patienceMs: number
}

export interface PulumiRan {
  /** Null where a signal ended it. */
  readonly exit: number | null
  readonly stdout: Uint8Array
  /** The end of what it said. */
  readonly stderr: string
}

/**
 * The `pulumi` of the PATH, absolute; undefined where there is none. Folders that are named from the working folder do not
 * count: a checkout must not bring the program that gets the credentials.
 */
export function findPulumi(fs: FileSystem, { PATH: path, Path: windowsPath }: Environment): string | undefined {
  const isWindows = platform() === 'win32'
  for (const folder of (path ?? windowsPath ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue
    const program = join(folder, isWindows ? 'pulumi.exe' : 'pulumi')
    if (isProgram(fs, program, isWindows)) return program
  }
  return undefined
}

function isProgram(fs: FileSystem, path: string, isWindows: boolean): boolean {
  try {
    const { kind, mode } = fs.stat(path)
    return kind === 'file' && (isWindows || (mode & 0o111) !== 0)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return false // not there, or in a folder that this user may not enter
  }
}

/**
 * Runs `pulumi` to its end; documents go through pipes. An abort ends it: asked first, by force if it does not listen.
 * It is in no process group of ours, so that a Ctrl-C at the terminal does not end it in the middle of a write.
 * @throws ERR_FILE_TOO_LARGE, ERR_PULUMI_FAILED where it can not be started, the reason of `signal`
 */
export async function runPulumi({
  program,
  cwd,
  env,
  input,
  maxBytes,
  signal,
  patienceMs,
  ...run
}: PulumiRun): Promise<PulumiRan> {
  signal?.throwIfAborted()
  const child = spawn(program, run.arguments, {
    cwd,
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  })
  const pieces: Uint8Array[] = []
  let [size, stderr] = [0, '']
  const end = (): void => {
    // Neither reaches a child that has ended.
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref()
  }
  child.stdout.on('data', (piece: Uint8Array) => {
    size += piece.length
    if (size <= maxBytes) pieces.push(piece)
    else end()
  })
  child.stderr.on('data', (piece: Uint8Array) => {
    stderr = `${stderr}${new TextDecoder().decode(piece)}`.slice(-LARGEST_NOTE)
  })
  // A child that ends before it has read everything says why by its exit number.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const onAbort = (): void => void setTimeout(end, patienceMs).unref()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const exit = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
      // What it started may hold its pipes for longer; after an abort nobody waits for that.
      child.once('exit', (code) => {
        if (signal?.aborted === true) resolve(code)
      })
    })
    signal?.throwIfAborted()
    if (size <= maxBytes) return { exit, stdout: Buffer.concat(pieces), stderr }
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === undefined) throw error
    throw new StacksealError('ERR_PULUMI_FAILED', `${program} could not be started (${errno})`, {
      hint: 'see that "pulumi version" works',
      details: { errno },
    })
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
  throw new StacksealError(
    'ERR_FILE_TOO_LARGE',
    `what pulumi ${run.arguments.join(' ')} prints is larger than a state`,
    {
      details: { limit: maxBytes },
    },
  )
}
