import { openStack, parseConfigPlace, printConfigKey } from '@stackseal/stack'
import type { OpenStackOptions, Stack } from '@stackseal/stack'
import { changeStack } from '../change-stack.ts'
import type { Invocation } from '../command.ts'
import { saveConfig } from '../save-config.ts'
import { warnOfMissingValues } from '../missing-values.ts'
import { stackOptions } from '../stack-options.ts'
import { usageError } from '../usage-error.ts'

/** Copies one value, or all of them, to another stack: secrets are encrypted again under its key. */
export async function run(invocation: Invocation): Promise<void> {
  const { arguments: keys, flags, options, terminal, trace } = invocation
  const dest = flags.text('dest')
  if (dest === undefined) throw usageError('config cp needs --dest <STACK>', 'for example --dest prod')
  const path = flags.on('path')
  const from = stackOptions(invocation, 'config cp')
  const ask = new AskingFor(from.ask)
  const to: Invocation = { ...invocation, options: { ...options, stack: dest, configFile: undefined } }
  await changeStack(
    to,
    'config cp',
    async (stack) => {
      const source = await openStack({ ...from, ask: ask.ask })
      trace(`read ${source.file}`)
      warnOfMissingValues(source, terminal)
      ask.stack = source.name
      // A copy to the same stack is refused before anybody is asked for a passphrase.
      if (source.file !== stack.file && needsKey(source, keys, path)) await source.open()
      ask.stack = stack.name
      await (keys.length === 0
        ? source.config.copyTo(stack.config)
        : source.config.copyTo(stack.config, keys, { path }))
      const { changed } = await saveConfig(stack, terminal)
      if (!changed) terminal.say(`stack ${stack.name} has it already`)
    },
    { ask: ask.ask, registry: from.registry },
  )
}

/** One asker for both stacks, so that one passphrase is asked for once; a question says which stack it is about. */
class AskingFor {
  stack = ''
  readonly ask: OpenStackOptions['ask']

  constructor(ask: OpenStackOptions['ask']) {
    this.ask =
      ask === undefined ? undefined : (question) => ask({ ...question, text: `Stack ${this.stack}: ${question.text}` })
  }
}

/** Whether what is copied may hold a secret. */
function needsKey(source: Stack, keys: readonly string[], path: boolean): boolean {
  const wanted = keys.map((key) => printConfigKey(parseConfigPlace(key, source.project.name, path).key))
  return source.secrets().some(({ place }) => keys.length === 0 || wanted.includes(printConfigKey(place.key)))
}
