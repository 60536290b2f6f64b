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
  const { name, file, created } = await initStack({
    ...stackOptions(invocation, 'stack init'),
    name: stackArgument(invocation, 'stack init'),
    secretsProvider,
    select: !flags.on('no-select'),
  })
  trace(`wrote ${file}`)
  terminal.say(
    created ? `Created stack ${name} (${basename(file)})` : `Gave stack ${name} a sealed key (${basename(file)})`,
  )
  terminal.hint(`for Pulumi, "pulumi stack init ${name}" takes it over and keeps the file`)
}
