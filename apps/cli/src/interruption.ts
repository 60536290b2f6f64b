import { StacksealError } from '@stackseal/core'

const GRACE_MS = 5000
const EXIT_INTERRUPTED = 130

/**
 * A signal that is aborted by Ctrl-C and by the requests to end. The command then stops at the next safe place and lets
 * go of its lock; a second Ctrl-C, or five seconds, end the process at once.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) end()
    controller.abort(new StacksealError('ERR_INTERRUPTED', 'interrupted'))
    setTimeout(end, GRACE_MS).unref()
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal)
  return controller.signal
}

function end(): never {
  process.exit(EXIT_INTERRUPTED)
}
