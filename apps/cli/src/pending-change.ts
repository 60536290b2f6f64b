import type { Stack } from '@stackseal/stack'
import type { Invocation } from './command.ts'

/** One line about a change of the key that was begun and has not ended, for a command that only reads and leaves it so. */
export function warnOfPendingChange({ pendingChange, name }: Stack, { terminal }: Pick<Invocation, 'terminal'>): void {
  if (pendingChange === undefined) return
  const { command, time } = pendingChange
  terminal.warn(
    `"${command}" of stack ${name}, begun ${time}, has not ended; if it is not running, "stackseal stack recover" finishes it`,
  )
}
