import { type Envelope, isStacksealError, type SealedKey, StacksealError } from '@stackseal/core'

import { printConfigKey } from './config/config-key.ts'
import type { ConfigPlace } from './config/config-place.ts'
import type { StackFile } from './stack-file.ts'
import { textOfBytes } from './values/byte-text.ts'
import type { SecretText } from './values/config-value.ts'

/** Says whether something besides the file proves that a sealed key is its own. */
export type KnowsKey = (sealedKey: SealedKey, envelope: Envelope) => boolean | Promise<boolean>

/**
 * Sees that the data key is the one of this file. Somebody could have put another sealed key into it; what is encrypted
 * under that could be read by whoever made it. So one of the secrets that stay must open with the key; where none is
 * there, a passphrase is proven by the salt's own check, and any other key must have been made on this machine, or
 * somebody must have said that it is theirs, or a secret of the stack's state opens with it.
 *
 * @param replaced a secret that is about to give way, and proves nothing
 * @throws ERR_KEY_NOT_PROVEN
 */
export async function proveKey(
  file: StackFile,
  envelope: Envelope,
  isKnown: KnowsKey,
  replaced?: unknown,
): Promise<void> {
  let first: ConfigPlace | undefined
  for (const { place, secret } of file.secrets()) {
    if (secret === replaced) continue
    first ??= place
    if ((await plaintextOf(envelope, secret)) !== undefined) return
  }
  if (first !== undefined) {
    throw notProven(
      `no secret of the file opens with its key (${printConfigKey(first.key)} for one)`,
      'look with "stackseal verify" which secrets open; take the sealed key from an earlier version of the file',
    )
  }
  const { sealedKey } = file
  if (sealedKey === undefined || sealedKey.url.scheme === 'passphrase') return
  if (await isKnown(sealedKey, envelope)) return
  throw notProven(
    `the file holds no secret yet, and its key (${sealedKey.url.text}) was not made on this machine`,
    'make sure that the key is yours, then say so with "stackseal trust STACK"; or set the first secret where the stack was made',
  )
}

function notProven(reason: string, hint: string): StacksealError {
  return new StacksealError('ERR_KEY_NOT_PROVEN', `${reason}, so nothing is encrypted under it`, { hint })
}

/** What a secret holds; undefined where it does not open. */
export async function plaintextOf(envelope: Envelope, secret: SecretText): Promise<string | undefined> {
  try {
    // Bytes that are no text open as well: they prove the key, and are not damaged.
    return textOfBytes(await envelope.decryptBytes(secret.ciphertext))
  } catch (error) {
    if (isStacksealError(error)) return undefined // it does not open: the caller replaces it and says so
    throw error
  }
}
