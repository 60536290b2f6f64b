import type { Invocation } from '../command.ts'
import { readStackAndValue } from '../value-argument.ts'

const LINE_END = Uint8Array.of(0x0a)

/** Prints what a ciphertext under the stack's data key holds, byte for byte. */
export async function run(invocation: Invocation): Promise<void> {
  const { options, terminal } = invocation
  const { stack, text, raw } = await readStackAndValue(invocation, 'decrypt')
  const envelope = await stack.open()
  if (options.json) {
    const plaintext = await envelope.decrypt(text)
    terminal.out(`${JSON.stringify({ plaintext }, undefined, 2)}\n`)
    return
  }
  const bytes = await envelope.decryptBytes(text)
  terminal.out(raw ? bytes : Buffer.concat([bytes, LINE_END]))
}
