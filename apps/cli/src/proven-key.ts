import { type Envelope, StacksealError } from '@stackseal/core'
import type { Stack } from '@stackseal/stack'
import { basename } from 'node:path'

/**
 * Sees that an opened data key is the one of its stack, before a ciphertext leaves the program: somebody could have put
 * another sealed key into the file, and could read what is encrypted under it. A secret of the file opens with it;
 * where it holds none, a passphrase is proven by the salt's own check, and any other key was made or is trusted on
 * this machine, or opens a secret of the stack's state.
 * @throws ERR_KEY_NOT_PROVEN
 */
export async function checkKeyIsProven(stack: Stack, envelope: Envelope): Promise<void> {
  const secrets = stack.secrets().map(({ secret }) => secret.ciphertext)
  const opened = await envelope.decryptAll(secrets)
  // Bytes that are no text opened all the same.
  if (opened.some((result) => !('error' in result) || result.error.code === 'ERR_SECRET_NOT_TEXT')) return
  if (secrets.length > 0) {
    throw notProven(
      stack,
      'no secret of the file opens with its key',
      'look with "stackseal verify" which secrets open; take the sealed key from an earlier version of the file',
    )
  }
  const { sealedKey } = stack
  if (sealedKey === undefined || sealedKey.url.scheme === 'passphrase') return
  if (await stack.isKnownKey(envelope)) return
  throw notProven(
    stack,
    `the file holds no secret yet, and its key (${sealedKey.url.text}) was not made on this machine`,
    `make sure that the key is yours, then "stackseal trust ${stack.name}"`,
  )
}

function notProven(stack: Stack, reason: string, hint: string): StacksealError {
  return new StacksealError('ERR_KEY_NOT_PROVEN', `${reason}, so nothing is encrypted under it`, {
    hint,
    details: { file: basename(stack.file) },
  })
}
