import { isStacksealError } from '@stackseal/core'
import { openStack } from '@stackseal/stack'
import type { OpenStackOptions, Stack } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from './command.ts'
import { stackOptions } from './stack-options.ts'
import { warnOfMissingValues } from './missing-values.ts'

interface ChangeOptions extends Partial<Pick<OpenStackOptions, 'ask' | 'registry'>> {
  /** Not for the command that takes the marks away. */
  readonly warnOfMarks?: boolean
}

/**
 * Opens the stack that is meant, for a command whose last step replaces its file: whatever is refused before leaves the
 * file as it was, and says so. Warns of values that are marked `!secret` and still stand in plain text, which Pulumi
 * would show, dropping the mark.
 */
export async function changeStack(
  invocation: Invocation,
  command: string,
  work: (stack: Stack) => Promise<void>,
  { warnOfMarks = true, ...shared }: ChangeOptions = {},
): Promise<void> {
  let file: string | undefined
  try {
    const stack = await openStack({ ...stackOptions(invocation, command), ...shared })
    file = basename(stack.file)
    invocation.trace(`read ${stack.file}`)
    warnOfMissingValues(stack, invocation.terminal)
    for (const line of warnOfMarks ? stack.markedLines : []) {
      invocation.terminal.warn(`line ${line} of ${file} is marked !secret and stands there in plain text`)
    }
    await work(stack)
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw error.with({ details: { ...(file === undefined ? {} : { file }), changed: false } })
  }
}
