import { isStacksealError, StacksealError } from './errors.ts'

/** What a fired signal means: ERR_TIMEOUT for a bound on time, ERR_INTERRUPTED for a request, or its own StacksealError. */
export function abortError(signal: AbortSignal): StacksealError {
  const reason: unknown = signal.reason
  if (isStacksealError(reason)) return reason
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError'
  return timedOut
    ? new StacksealError('ERR_TIMEOUT', 'the key service did not answer in time', {
        hint: 'try again, or give it longer with --timeout',
      })
    : new StacksealError('ERR_INTERRUPTED', 'stopped on request')
}

/**
 * Gives what `work` gives, or rejects as soon as the signal fires, also where the work itself does not listen to it and
 * goes on. What such work comes to later is ignored. It is not begun when the signal has fired before.
 * @throws ERR_TIMEOUT or ERR_INTERRUPTED, or what `work` throws
 */
export async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work()
  if (signal.aborted) throw abortError(signal)
  let stop: (() => void) | undefined
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(abortError(signal))
    signal.addEventListener('abort', stop)
  })
  try {
    // The listener above stands before any that the work adds, so this error comes before one of a vendor's.
    return await Promise.race([stopped, work()])
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop)
  }
}

/**
 * Runs work that has so many milliseconds. It ends when they are over or when `outer` fires, whatever the work does
 * with the signal that it is given.
 * @throws ERR_TIMEOUT or ERR_INTERRUPTED, or what `run` throws
 */
export async function bounded<T>(
  milliseconds: number,
  outer: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (outer?.aborted === true) throw abortError(outer)
  const controller = new AbortController()
  const stop = (): void => {
    if (outer !== undefined) controller.abort(abortError(outer))
  }
  // A timer of its own, not AbortSignal.timeout: that one does not keep the process alive while somebody waits for it.
  const timer = setTimeout(() => {
    controller.abort(new StacksealError('ERR_TIMEOUT', 'the key service did not answer in time'))
  }, milliseconds)
  outer?.addEventListener('abort', stop)
  try {
    return await untilAborted(() => run(controller.signal), controller.signal)
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', stop)
  }
}

/** Waits, unless the signal fires. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await untilAborted(() => new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds))), signal)
  } finally {
    clearTimeout(timer)
  }
}
