import { displayConfigPlace, openStack, parseConfigPlace } from '@stackseal/stack'
import { allOrNothing } from '../all-or-nothing.ts'
import type { Invocation } from '../command.ts'
import { warnOfMarkedLines } from '../marked-lines.ts'
import { stackOptions } from '../stack-options.ts'

/** Removes one value. What is not there is removed already. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal, trace } = invocation
  const [key = ''] = invocation.arguments
  const stack = await openStack(stackOptions(invocation, 'config rm'))
  trace(`read ${stack.file}`)
  warnOfMarkedLines(stack, terminal)
  await allOrNothing(stack.file, async () => {
    const options = { path: flags.on('path') }
    const place = displayConfigPlace(parseConfigPlace(key, stack.project.name, options.path), stack.project.name)
    stack.config.remove(key, options)
    const { changed } = await stack.config.save()
    if (!changed) terminal.say(`there was no ${place}`)
  })
}
