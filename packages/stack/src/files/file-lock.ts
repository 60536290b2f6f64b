import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isStacksealError, StacksealError } from '@stackseal/core'
import type { FileSystem } from './file-system.ts'
import { ioError, outcome } from './io-error.ts'
import { type Blocker, lockFileOf, tryLock, unlock } from './lock-file.ts'
import { nodeProcesses, type ProcessTable } from './process-table.ts'

/** A lock that is held. Whoever has it gives it back on every way out, `using` does that; a second time does nothing. */
export interface FileLock extends Disposable {
  release(): void
}

export interface LockOptions {
  /** What the holder does, for whoever has to wait: `config set`. It stands in a file: no value, no secret. */
  readonly command: string
  /** How long to wait for another process, in milliseconds; 10,000 unless given, 0 not at all. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly processes?: ProcessTable | undefined
}

const DEFAULT_TIMEOUT_MS = 10_000
// With a random part, so that processes that wait together do not ask together.
const POLL_MIN_MS = 20
const POLL_MAX_MS = 50

/**
 * Takes the lock of a file, `.<file>.stackseal-lock` beside it. Every writer holds it from before it reads until after
 * it has replaced; readers take none. The reference and editors know nothing of it. The lock of a process that has
 * ended on this machine is broken at once; any other is waited for.
 *
 * @param target the real path (`resolveStackFile`): two names of one file must find one lock; the folder must be there
 * @throws ERR_LOCKED if another process holds it for longer than `timeoutMs`
 * @throws ERR_INTERRUPTED, or the signal's reason if that is a StacksealError
 * @throws ERR_IO if the folder can't be written to
 */
export async function acquireLock(fs: FileSystem, target: string, options: LockOptions): Promise<FileLock> {
  const { command, timeoutMs = DEFAULT_TIMEOUT_MS, signal, processes = nodeProcesses } = options
  const lock = lockFileOf(fs, target, command, processes)
  const end = performance.now() + timeoutMs
  for (;;) {
    if (signal?.aborted === true) throw interrupted(target, signal.reason)
    let blocker: Blocker | undefined
    try {
      blocker = tryLock(lock)
    } catch (error) {
      throw ioError(error, target, 'could not be locked for writing', false)
    }
    if (blocker === undefined) {
      const release = (): void => unlock(lock)
      return { release, [Symbol.dispose]: release }
    }
    const left = end - performance.now()
    if (left <= 0) throw locked(target, blocker)
    const poll = POLL_MIN_MS + Math.random() * (POLL_MAX_MS - POLL_MIN_MS)
    // An abort ends the pause early; it is looked at above.
    await pause(Math.min(left, poll), undefined, { signal }).catch(() => undefined)
  }
}

function locked(target: string, { path, holder }: Blocker): StacksealError {
  const name = basename(target)
  const details = { file: target, changed: false, lock: path }
  if (holder === undefined) {
    const what = `${name} is locked by another process, and its lock can not be read`
    return new StacksealError('ERR_LOCKED', `${what}${outcome(target, false)}`, {
      hint: `if nothing else is changing ${name}, delete ${path}`,
      details,
    })
  }
  const { pid, host, command, time } = holder
  const what = `${name} is being changed by another process (${command}, process ${pid} on ${host}, since ${time})`
  return new StacksealError('ERR_LOCKED', `${what}${outcome(target, false)}`, {
    hint: `wait until it has ended; if no such process is running, delete ${path}`,
    details: { ...details, pid, host, command, since: time },
  })
}

function interrupted(target: string, reason: unknown): StacksealError {
  if (isStacksealError(reason)) return reason
  const message = `stopped while waiting for the lock of ${basename(target)}${outcome(target, false)}`
  return new StacksealError('ERR_INTERRUPTED', message, { details: { file: target, changed: false }, cause: reason })
}
