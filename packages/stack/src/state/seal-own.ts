import type { Envelope, SealedKey } from '@stackseal/core'
import { requireSealedKey } from './provider-block.ts'
import type { StateFacts } from './state-container.ts'
import { sealClear } from './state-secrets.ts'
import { transformState } from './state-stream.ts'
import type { StateStreamOptions } from './state-work.ts'

/**
 * Encrypts the secrets of a state that stand in clear under the key that the document itself names, as it passes. Those that
 * are encrypted already have to open with it, and keep their bytes; so does the provider block.
 *
 * @param input JSON bytes
 * @throws ERR_MISSING_SEALED_KEY for a document with secrets that names no key; for the rest see `rekeyState`
 */
export function sealStateUnderOwnKey(
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { open, progress, ...stream }: StateStreamOptions,
): AsyncGenerator<Uint8Array, StateFacts> {
  let envelope: Envelope | undefined
  let done = 0
  return transformState(
    input,
    {
      async begin(provider): Promise<SealedKey | undefined> {
        if (provider !== undefined) envelope = await open(requireSealedKey(provider))
        return undefined
      },
      async change(slots) {
        if (slots.length === 0) return []
        const changes = await sealClear(slots, envelope ?? missing())
        done += slots.length
        progress?.(done)
        return changes
      },
    },
    stream,
  )
}

function missing(): never {
  requireSealedKey(undefined)
  throw new Error('requireSealedKey throws for nothing')
}
