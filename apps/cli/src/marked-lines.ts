import type { Stack } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Terminal } from './terminal.ts'

/** Warns of values that are marked `!secret` and still stand in plain text: Pulumi would show them and drop the mark. */
export function warnOfMarkedLines(stack: Stack, terminal: Terminal): void {
  for (const line of stack.markedLines) {
    terminal.warn(`line ${line} of ${basename(stack.file)} is marked !secret and stands there in plain text`)
  }
}
