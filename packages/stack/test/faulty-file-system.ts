import type { FileSystem } from '../src/files/file-system.ts'
import { systemError } from './system-error.ts'
import { isStep, watchedFileSystem } from './watched-file-system.ts'

/** Steps are the calls that change something, counted from 1. */
export type Fault =
  | {
      readonly failAtStep: number
      /** An errno name. */
      readonly error: string
      /** The call does its work and fails then, as a network file system can. */
      readonly afterwards?: boolean
    }
  | {
      readonly exitAtStep: number
      /** Ends the process. Without it {@link SimulatedExit} is thrown, from this call and from every later one. */
      readonly exit?: () => never
    }

/** The process is gone: nothing that it would still do has an effect. */
export class SimulatedExit extends Error {
  override readonly name = 'SimulatedExit'
}

export interface FaultyFileSystem {
  readonly fs: FileSystem
  /** Steps so far. */
  readonly steps: () => number
}

/** A file system that counts the steps of a writer and fails, or ends the process, at one of them. */
export function faultyFileSystem(inner: FileSystem, fault: Fault): FaultyFileSystem {
  let steps = 0
  let exited = false
  const fs = watchedFileSystem(inner, (call, run) => {
    if (exited) throw new SimulatedExit(call)
    if (!isStep(call)) return run()
    steps++
    if ('exitAtStep' in fault) {
      if (steps !== fault.exitAtStep) return run()
      fault.exit?.()
      exited = true
      throw new SimulatedExit(call)
    }
    if (steps !== fault.failAtStep) return run()
    // A close that fails has closed all the same.
    if (fault.afterwards === true || call === 'close') run()
    throw systemError(fault.error, call)
  })
  return { fs, steps: () => steps }
}
