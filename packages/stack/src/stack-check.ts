import { isStacksealError, type SealedKey, type StacksealError } from '@stackseal/core'

import { displayConfigKey } from './config/config-key.ts'
import { displayConfigPlace } from './config/config-place.ts'
import type { Stack } from './stack.ts'

/** What checking every secret of a stack file found. */
export interface VerifyReport {
  /** The key URL; undefined where the file has none. */
  readonly url: string | undefined
  /** The sealed key as it was opened: under another URL where PULUMI_CLOUD_SECRET_OVERRIDE named one. */
  readonly openedAs: SealedKey | undefined
  /** Secrets that open. */
  readonly opened: number
  /** Those that do not, with the place they stand in (`db.password`) and why. */
  readonly failed: readonly { readonly place: string; readonly error: StacksealError }[]
  /** Lines of values that are marked `!secret` and stand there in plain text. */
  readonly marked: readonly number[]
}

/**
 * Opens the data key and every secret of a stack. Nothing is printed or kept.
 * @throws what opening the data key throws
 */
export async function verifyStack(stack: Stack): Promise<VerifyReport> {
  const secrets = stack.secrets()
  const url = stack.sealedKey?.url.text
  // A key without secrets is opened too: the question is whether this stack can be used.
  const envelope = url === undefined ? undefined : await stack.open()
  const results =
    envelope === undefined ? [] : await envelope.decryptAll(secrets.map(({ secret }) => secret.ciphertext))
  const failed: { place: string; error: StacksealError }[] = []
  for (const [i, { place }] of secrets.entries()) {
    const result = results[i]
    // Bytes that are not text are a secret all the same: it opened.
    if (result === undefined || !('error' in result) || result.error.code === 'ERR_SECRET_NOT_TEXT') continue
    failed.push({ place: displayConfigPlace(place, stack.project.name), error: result.error })
  }
  return {
    url,
    openedAs: envelope?.sealedKey,
    opened: results.length - failed.length,
    failed,
    marked: stack.markedLines,
  }
}

/** What can be said of a stack file without any key. */
export interface InspectReport {
  readonly url: string | undefined
  readonly scheme: string | undefined
  /** Why the file's sealed key can not be used. */
  readonly problem: StacksealError | undefined
  /** Every key as `config` names it, and whether a secret is inside. */
  readonly keys: readonly { readonly key: string; readonly secret: boolean }[]
  readonly secrets: number
  readonly marked: readonly number[]
}

/** Says what a stack file holds. No key is opened and no provider is asked. */
export function inspectStack(stack: Stack): InspectReport {
  const secrets = stack.secrets()
  const withSecret = new Set(secrets.map(({ place }) => place.key))
  let sealedKey: Stack['sealedKey']
  let problem: StacksealError | undefined
  try {
    sealedKey = stack.sealedKey
  } catch (error) {
    if (!isStacksealError(error)) throw error
    problem = error
  }
  return {
    url: sealedKey?.url.text,
    scheme: sealedKey?.url.scheme,
    problem,
    keys: stack.config
      .ownEntries()
      .map(({ key }) => ({ key: displayConfigKey(key, stack.project.name), secret: withSecret.has(key) })),
    secrets: secrets.length,
    marked: stack.markedLines,
  }
}
