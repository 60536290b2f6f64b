import type { Invocation } from './command.ts'
import { usageError } from './usage-error.ts'

/** The stack that a command about a stack names: as its argument, or with `--stack`; PULUMI_STACK does not count. */
export function stackArgument({ arguments: [name], flags }: Invocation, command: string): string {
  const flag = flags.text('stack')
  if (name !== undefined && flag !== undefined && name !== flag) {
    throw usageError('the stack is named twice, as an argument and with --stack', 'take one of them')
  }
  const stack = name ?? flag
  if (stack === undefined) throw usageError(`${command} needs <name>`, `usage: stackseal ${command} <name> [flags]`)
  return stack
}
