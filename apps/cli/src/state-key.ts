import type { Envelope, SealedKey } from '@stackseal/core'
import { openStackKey } from '@stackseal/stack'
import type { KeyPlace } from '@stackseal/stack'
import type { Invocation } from './command.ts'
import { stackOptions } from './stack-options.ts'

/** Opens the sealed key that a document names. */
export function keyOpener(
  invocation: Invocation,
  command: string,
  place: KeyPlace,
): (sealedKey: SealedKey) => Promise<Envelope> {
  const options = stackOptions(invocation, command)
  return (sealedKey) => {
    invocation.trace(`opening the data key of ${place.label} (${sealedKey.url.scheme})`)
    return openStackKey(sealedKey, options, place)
  }
}
