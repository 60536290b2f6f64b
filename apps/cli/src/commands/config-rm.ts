import { displayConfigPlace, openStack, parseConfigPlace } from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { warnOfMarkedLines } from '../marked-lines.ts'
import { stackOptions } from '../stack-options.ts'

/** Removes one value. What is not there is removed already. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal, trace } = invocation
  const [key = ''] = invocation.arguments
  const options = { path: flags.on('path') }
  const stack = await openStack(stackOptions(invocation, 'config rm'))
  trace(`read ${stack.file}`)
  const place = displayConfigPlace(parseConfigPlace(key, stack.project.name, options.path), stack.project.name)
  warnOfMarkedLines(stack, terminal)
  stack.config.remove(key, options)
  const { changed } = await stack.config.save()
  if (!changed) terminal.say(`there was no ${place}`)
}
