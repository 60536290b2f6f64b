import { isStacksealError } from '@stackseal/core'
import type { Command } from './command.ts'

/**
 * The error with which a command ends, saying what it did not change. An error that says something of that already
 * keeps it: one without comes from before anything was written.
 */
export function unchanged(error: unknown, command: Command | undefined): unknown {
  if (command?.changes === undefined || !isStacksealError(error)) return error
  return error.with({ details: { subject: command.changes, changed: false } })
}
