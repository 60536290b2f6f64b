import type { Stack } from '@stackseal/stack'
import type { Terminal } from './terminal.ts'

/** Tells what works in a stack file and may not be meant, in the reference's words. */
export function tellWarnings(stack: Stack, terminal: Terminal): void {
  for (const { message } of stack.warnings) terminal.warn(message.replaceAll('\n', ' '))
}
