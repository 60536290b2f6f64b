import { displayConfigPlace, parseConfigPlace } from '@stackseal/stack'
import { changeStack } from '../change-stack.ts'
import type { Invocation } from '../command.ts'

/** Removes several values in one write. What is not there is removed already. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation
  const options = { path: flags.on('path') }
  await changeStack(invocation, 'config rm-all', async (stack) => {
    const absent: string[] = []
    for (const key of invocation.arguments) {
      const place = parseConfigPlace(key, stack.project.name, options.path)
      if (stack.config.find(key, options) === undefined) absent.push(displayConfigPlace(place, stack.project.name))
      stack.config.remove(key, options)
    }
    await stack.config.save()
    for (const place of absent) terminal.say(`there was no ${place}`)
  })
}
