import type { Invocation } from '../command.ts'
import { readStackAndValue } from '../value-argument.ts'

/** Prints a value as a ciphertext under the stack's data key. Nothing is written. */
export async function run(invocation: Invocation): Promise<void> {
  const { options, terminal } = invocation
  const { stack, text, raw } = await readStackAndValue(invocation, 'encrypt')
  const envelope = await stack.open()
  await stack.proveKey(envelope)
  const ciphertext = await envelope.encrypt(text)
  if (options.json) terminal.out(`${JSON.stringify({ ciphertext }, undefined, 2)}\n`)
  else terminal.out(raw ? ciphertext : `${ciphertext}\n`)
}
