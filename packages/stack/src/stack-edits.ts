import { type Envelope, isStacksealError, type SealedKey, StacksealError } from '@stackseal/core'

import { textOfBytes } from './values/byte-text.ts'
import { printConfigKey } from './config/config-key.ts'
import { getValue } from './config/config-map.ts'
import type { ConfigPlace } from './config/config-place.ts'
import { SecretText } from './values/config-value.ts'
import type { PendingEdit } from './stack-config.ts'
import type { StackFile } from './stack-file.ts'

/** What became of a list of edits. */
export interface AppliedEdits {
  readonly file: StackFile
  /** Secrets that did not open and were replaced. */
  readonly replacedDamaged: readonly ConfigPlace[]
}

/**
 * Applies edits to a stack file, in order. A new secret is only encrypted under a key that is proven to be the file's;
 * a secret that has its new value already keeps its ciphertext.
 * @throws ERR_KEY_NOT_PROVEN, ERR_CANNOT_EDIT, and what setting a value can throw
 */
export async function applyEdits(
  file: StackFile,
  edits: readonly PendingEdit[],
  open: (file: StackFile) => Promise<Envelope>,
  isProven: (sealedKey: SealedKey) => boolean,
): Promise<AppliedEdits> {
  let edited = file
  const replacedDamaged: ConfigPlace[] = []
  for (const edit of edits) {
    if (edit.kind === 'remove') {
      edited = await edited.remove(edit.place)
    } else if (edit.kind === 'set') {
      edited = await edited.set(edit.place, edit.value)
    } else {
      const envelope = await open(edited)
      const old = getValue(edited.config, edit.place.key, edit.place.path)
      const oldText = old instanceof SecretText ? await plaintextOf(envelope, old) : undefined
      if (oldText === edit.plaintext) continue
      // The secret that gives way proves the key as well as any other, if it opens.
      if (oldText === undefined) await prove(edited, envelope, old, isProven)
      if (old instanceof SecretText && oldText === undefined) replacedDamaged.push(edit.place)
      edited = await edited.set(edit.place, new SecretText(await envelope.encrypt(edit.plaintext)))
    }
  }
  return { file: edited, replacedDamaged }
}

async function plaintextOf(envelope: Envelope, secret: SecretText): Promise<string | undefined> {
  try {
    // Bytes that are no text open as well: they prove the key, and are not damaged.
    return textOfBytes(await envelope.decryptBytes(secret.ciphertext))
  } catch (error) {
    if (isStacksealError(error)) return undefined // it does not open: the caller replaces it and says so
    throw error
  }
}

/**
 * Sees that the data key is the one of this file. Somebody could have put another sealed key into it; what is encrypted
 * under that could be read by whoever made it. So one of the secrets that stay must open with the key; where none is
 * there, a passphrase is proven by the salt's own check, and any other key must have been made on this machine, or
 * somebody must have said that it is theirs.
 */
export async function prove(
  file: StackFile,
  envelope: Envelope,
  replaced: unknown,
  isProven: (sealedKey: SealedKey) => boolean,
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
  if (sealedKey === undefined || sealedKey.url.scheme === 'passphrase' || isProven(sealedKey)) return
  throw notProven(
    `the file holds no secret yet, and its key (${sealedKey.url.text}) was not made on this machine`,
    'make sure that the key is yours, then say so with "stackseal trust STACK"; or set the first secret where the stack was made',
  )
}

function notProven(reason: string, hint: string): StacksealError {
  return new StacksealError('ERR_KEY_NOT_PROVEN', `${reason}, so nothing is encrypted under it`, { hint })
}
