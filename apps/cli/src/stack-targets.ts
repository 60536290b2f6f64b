import { openStack, openStackFile } from '@stackseal/stack'
import type { Stack } from '@stackseal/stack'
import type { Invocation } from './command.ts'
import { warnOfPendingChange } from './pending-change.ts'
import { stackOptions } from './stack-options.ts'

/** One stack to look at: a file that was named, or the stack that is meant. */
export interface StackTarget {
  /** As it was named; undefined for the stack that is meant. */
  readonly file: string | undefined
  readonly open: () => Promise<Stack>
}

/** The stack files that a command was given; without any, the stack of `-s`, of PULUMI_STACK, or the selected one. */
export function stackTargets(invocation: Invocation, command: string, openEarly: boolean): readonly StackTarget[] {
  const options = { ...stackOptions(invocation, command), openEarly }
  const opened = async (opening: Promise<Stack>): Promise<Stack> => {
    const stack = await opening
    warnOfPendingChange(stack, invocation)
    return stack
  }
  const files = invocation.arguments
  if (files.length === 0) return [{ file: undefined, open: () => opened(openStack(options)) }]
  return files.map((file) => ({ file, open: () => opened(openStackFile(file, options)) }))
}
