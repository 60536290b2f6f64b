import { openStack } from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { givenValue } from '../given-value.ts'
import { warnOfPendingChange } from '../pending-change.ts'
import { stackOptions } from '../stack-options.ts'

const LINE_END = Uint8Array.of(0x0a)

/** Prints what a ciphertext under the stack's data key holds, byte for byte. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, options, terminal, trace } = invocation
  const [given] = invocation.arguments
  const stack = await openStack(stackOptions(invocation, 'decrypt'))
  warnOfPendingChange(stack, invocation)
  trace(`read ${stack.file}`)
  const raw = flags.on('raw')
  const ciphertext = await givenValue(invocation, {
    given,
    what: 'ciphertext to decrypt',
    question: `Ciphertext to decrypt for stack ${stack.name}`,
    secret: false,
    raw,
  })
  const envelope = await stack.open()
  if (options.json) {
    const plaintext = await envelope.decrypt(ciphertext)
    terminal.out(`${JSON.stringify({ plaintext }, undefined, 2)}\n`)
    return
  }
  const bytes = await envelope.decryptBytes(ciphertext)
  terminal.out(raw ? bytes : Buffer.concat([bytes, LINE_END]))
}
