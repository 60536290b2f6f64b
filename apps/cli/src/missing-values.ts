import { displayConfigKey, parseConfigKey } from '@stackseal/stack'
import type { Stack } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Terminal } from './terminal.ts'

/** Warns of keys without a value (`key:` or `key: null`), as the reference does whenever it has read a stack file. */
export function warnOfMissingValues(
  { warnings, project, file }: Pick<Stack, 'warnings' | 'file'> & { readonly project: { readonly name: string } },
  terminal: Terminal,
): void {
  for (const { keys } of warnings) {
    const names = keys.map((key) => displayConfigKey(parseConfigKey(key), project.name))
    const [have, them] = names.length === 1 ? ['has', 'it'] : ['have', 'them']
    terminal.warn(
      `${names.join(', ')} ${have} no value in ${basename(file)}; Pulumi takes ${them} as "" now, and as null in a later version: set ${them} to "" if that is meant`,
    )
  }
}
