import { initStack } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import { stackArgument } from '../stack-argument.ts'
import { stackOptions } from '../stack-options.ts'

/** Makes a stack. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal, trace } = invocation
  const secretsProvider = flags.text('secrets-provider') ?? 'passphrase'
  if (secretsProvider === 'default') terminal.say('the default secrets provider is a passphrase')
  const { name, file, created, state, backend } = await initStack({
    ...stackOptions(invocation, 'stack init'),
    name: stackArgument(invocation, 'stack init'),
    secretsProvider,
    select: !flags.on('no-select'),
  })
  trace(`wrote ${file}`)
  if (state !== undefined) trace(`wrote ${state}`)
  terminal.say(created ? `Created stack ${name} (${basename(file)})` : `Completed stack ${name} (${basename(file)})`)
  // With a backend that is a folder the stack is whole, and Pulumi goes on with it as it is.
  if (backend.kind !== 'file') terminal.hint(`for Pulumi, "pulumi stack init ${name}" takes it over and keeps the file`)
}
