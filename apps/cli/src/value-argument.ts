import { openStack, type Stack } from '@stackseal/stack'
import type { Invocation } from './command.ts'
import { givenValue } from './given-value.ts'
import { warnOfPendingChange } from './pending-change.ts'
import { stackOptions } from './stack-options.ts'

/** Reads the stack, and the one value that a command works on: its argument, standard input, or what is typed. */
export async function readStackAndValue(
  invocation: Invocation,
  command: 'encrypt' | 'decrypt',
): Promise<{ readonly stack: Stack; readonly text: string; readonly raw: boolean }> {
  const { flags, trace } = invocation
  const [given] = invocation.arguments
  const stack = await openStack(stackOptions(invocation, command))
  warnOfPendingChange(stack, invocation)
  trace(`read ${stack.file}`)
  const raw = flags.on('raw')
  const noun = command === 'encrypt' ? 'value' : 'ciphertext'
  const text = await givenValue(invocation, {
    given,
    what: `${noun} to ${command}`,
    question: `${noun[0]?.toUpperCase()}${noun.slice(1)} to ${command} for stack ${stack.name}`,
    secret: command === 'encrypt',
    raw,
  })
  return { stack, text, raw }
}
