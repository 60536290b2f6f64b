import { openStack } from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { givenValue } from '../given-value.ts'
import { checkKeyIsProven } from '../proven-key.ts'
import { warnOfPendingChange } from '../pending-change.ts'
import { stackOptions } from '../stack-options.ts'

/** Prints a value as a ciphertext under the stack's data key. Nothing is written. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, options, terminal, trace } = invocation
  const [given] = invocation.arguments
  const stack = await openStack(stackOptions(invocation, 'encrypt'))
  warnOfPendingChange(stack, invocation)
  trace(`read ${stack.file}`)
  const raw = flags.on('raw')
  const plaintext = await givenValue(invocation, {
    given,
    what: 'value to encrypt',
    question: `Value to encrypt for stack ${stack.name}`,
    secret: true,
    raw,
  })
  const envelope = await stack.open()
  await checkKeyIsProven(stack, envelope)
  const ciphertext = await envelope.encrypt(plaintext)
  if (options.json) terminal.out(`${JSON.stringify({ ciphertext }, undefined, 2)}\n`)
  else terminal.out(raw ? ciphertext : `${ciphertext}\n`)
}
