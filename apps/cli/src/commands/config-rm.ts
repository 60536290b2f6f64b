import { displayConfigPlace, parseConfigPlace } from '@stackseal/stack'
import { changeStack } from '../change-stack.ts'
import type { Invocation } from '../command.ts'

/** Removes one value. What is not there is removed already. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation
  const [key = ''] = invocation.arguments
  await changeStack(invocation, 'config rm', async (stack) => {
    const options = { path: flags.on('path') }
    const place = displayConfigPlace(parseConfigPlace(key, stack.project.name, options.path), stack.project.name)
    stack.config.remove(key, options)
    const { changed } = await stack.config.save()
    if (!changed) terminal.say(`there was no ${place}`)
  })
}
