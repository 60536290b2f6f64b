import { isStacksealError, StacksealError } from '@stackseal/core'
import { brokenSecrets, initStack, openStack } from '@stackseal/stack'
import type { OpenStackOptions, Stack } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import { stackArgument } from '../stack-argument.ts'
import { stackOptions } from '../stack-options.ts'

/** Makes a stack. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal, trace } = invocation
  const secretsProvider = flags.text('secrets-provider') ?? 'passphrase'
  if (secretsProvider === 'default') terminal.say('the default secrets provider is a passphrase')
  const options = stackOptions(invocation, 'stack init')
  const copyFrom = flags.text('copy-config-from')
  const source = copyFrom === undefined ? undefined : await sourceOf({ ...options, stack: copyFrom })
  const { name, file, created, state, backend } = await initStack({
    ...options,
    name: stackArgument(invocation, 'stack init'),
    secretsProvider,
    select: !flags.on('no-select'),
  })
  trace(`wrote ${file}`)
  if (state !== undefined) trace(`wrote ${state}`)
  if (source !== undefined) await copyConfig(source, await openStack({ ...options, stack: name }))
  terminal.say(created ? `Created stack ${name} (${basename(file)})` : `Completed stack ${name} (${basename(file)})`)
  // With a backend that is a folder the stack is whole, and Pulumi goes on with it as it is.
  if (backend.kind !== 'file') terminal.hint(`for Pulumi, "pulumi stack init ${name}" takes it over and keeps the file`)
}

/** A stack to copy from, of which every secret opens: known before another stack is made. */
async function sourceOf(options: OpenStackOptions): Promise<Stack> {
  const source = await openStack({ ...options, configFile: undefined })
  const entries = source.config.ownEntries()
  const [broken] = brokenSecrets(entries, await source.reveal(entries.map(({ value }) => value)))
  if (broken === undefined) return source
  throw new StacksealError(broken.error.code, `${broken.key} of stack ${source.name}: ${broken.error.message}`, {
    hint: `look with "stackseal verify -s ${source.name}" which secrets open`,
    details: { changed: false },
  })
}

async function copyConfig(source: Stack, stack: Stack): Promise<void> {
  try {
    await source.config.copyTo(stack.config)
    await stack.config.save()
  } catch (error) {
    if (!isStacksealError(error)) throw error
    const message = `stack ${stack.name} was made, but its configuration was not copied: ${error.message}`
    throw new StacksealError(error.code, message, {
      hint: `copy it with "stackseal config cp -s ${source.name} --dest ${stack.name}"`,
      details: { ...error.details, file: basename(stack.file), changed: true },
      cause: error.cause,
    })
  }
}
