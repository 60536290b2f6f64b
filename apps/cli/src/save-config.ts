import { displayConfigPlace } from '@stackseal/stack'
import type { SaveResult, Stack } from '@stackseal/stack'
import type { Terminal } from './terminal.ts'

/** Saves the configuration of a stack, and warns of secrets that did not open and were replaced. */
export async function saveConfig(stack: Stack, terminal: Terminal): Promise<SaveResult> {
  const result = await stack.config.save()
  for (const damaged of result.replacedDamaged) {
    const name = displayConfigPlace(damaged, stack.project.name)
    terminal.warn(`the secret that stood at ${name} did not open, and was replaced`)
  }
  return result
}
