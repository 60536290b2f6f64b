import { compareNatural, printConfigKey } from '@stackseal/stack'
import type { Stack } from '@stackseal/stack'

/** Every key of a stack's file, in the order in which the reference writes them into another one. */
export function copiedKeys(source: Stack): readonly string[] {
  return source.config
    .ownEntries()
    .map(({ key }) => printConfigKey(key))
    .toSorted(compareNatural)
}
