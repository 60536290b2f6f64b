import { displayConfigPlace } from '@stackseal/stack'
import { changeStack } from '../change-stack.ts'
import type { Invocation } from '../command.ts'
import { saveConfig } from '../save-config.ts'

/** Encrypts every value that is marked `!secret`, in place. */
export async function run(invocation: Invocation): Promise<void> {
  const { terminal } = invocation
  await changeStack(
    invocation,
    'config encrypt',
    async (stack) => {
      const places = await stack.config.encryptMarked()
      await saveConfig(stack, terminal)
      if (places.length === 0) terminal.say('no value is marked !secret')
      for (const place of places) terminal.say(`encrypted ${displayConfigPlace(place, stack.project.name)}`)
    },
    { warnOfMarks: false },
  )
}
