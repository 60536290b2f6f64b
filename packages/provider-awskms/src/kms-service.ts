import type { DecryptCommandInput } from '@aws-sdk/client-kms'
import { isStacksealError, type KeyService, type KeyUrl, type ProviderContext, StacksealError } from '@stackseal/core'

import { type AwsCall, AwsFault } from './aws-fault.ts'
import { failureOf } from './failure-of.ts'
import { fieldOf } from './field-of.ts'
import { kmsClient } from './kms-client.ts'
import { type KmsKey, kmsKey } from './kms-key.ts'
import { kmsSettings } from './kms-settings.ts'

/** What KMS takes as a ciphertext at most. */
const LONGEST_CIPHERTEXT_BYTES = 6_144

/** A key of KMS, as bytes in and bytes out. */
export async function connect(url: KeyUrl, context: ProviderContext): Promise<KeyService> {
  const key = kmsKey(url)
  const settings = await kmsSettings(key, context.env)
  const atStep = async <T>(step: AwsCall['step'], work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (isStacksealError(error) || error instanceof AwsFault) throw error
      throw new AwsFault(failureOf(error), { step, key, settings })
    }
  }
  const client = await kmsClient(key, settings, context.env, atStep)
  const { EncryptCommand, DecryptCommand } = await import('@aws-sdk/client-kms')
  const encryptionContext = Object.keys(key.context).length === 0 ? {} : { EncryptionContext: { ...key.context } }

  const decrypt = async (wrapped: Uint8Array, name: { KeyId?: string }, signal: AbortSignal): Promise<Answer> => {
    const input: DecryptCommandInput = { CiphertextBlob: wrapped, ...name, ...encryptionContext }
    const answer = await atStep('decrypt', () =>
      evenIfClockIsWrong(() => client.send(new DecryptCommand(input), { abortSignal: signal })),
    )
    return { bytes: bytesOf(answer.Plaintext), keyId: answer.KeyId }
  }

  return {
    async wrap(dataKey, signal) {
      const input = { KeyId: key.keyId, Plaintext: dataKey, ...encryptionContext }
      const answer = await atStep('encrypt', () =>
        evenIfClockIsWrong(() => client.send(new EncryptCommand(input), { abortSignal: signal })),
      )
      if (!isNamedKey(key, answer.KeyId)) throw otherKey(key)
      return bytesOf(answer.CiphertextBlob)
    },
    async unwrap(wrapped, signal) {
      if (wrapped.length > LONGEST_CIPHERTEXT_BYTES) {
        throw new StacksealError('ERR_MALFORMED_SEALED_KEY', 'encryptedkey is longer than anything KMS seals', {
          hint: 'take the line from an earlier version of the file',
        })
      }
      // The reference lets the ciphertext choose the key, so whoever writes the file could. Here the URL does.
      try {
        const { bytes, keyId } = await decrypt(wrapped, { KeyId: key.keyId }, signal)
        if (isNamedKey(key, keyId)) return bytes
        bytes.fill(0)
        throw otherKey(key)
      } catch (error) {
        if (!settings.anyKey || !isOtherKey(error)) throw error
      }
      const { bytes, keyId } = await decrypt(wrapped, {}, signal)
      context.tell?.(
        `the data key was sealed by another key than ${key.keyId}${isArn(keyId) ? `: ${keyId}` : ''}; ` +
          'stackseal stack rewrap moves it to this one',
      )
      return bytes
    },
    async close() {
      client.destroy()
    },
  }
}

interface Answer {
  readonly bytes: Uint8Array
  readonly keyId: string | undefined
}

/** An answer with what it should hold, or nothing of it: it may hold a key. */
function bytesOf(bytes: unknown): Uint8Array {
  if (bytes === undefined) return new Uint8Array()
  if (bytes instanceof Uint8Array) return bytes
  throw invalidReply()
}

/**
 * A clock that is minutes off makes signatures that AWS refuses. The SDK learns the time from the refusal, and would
 * try again by itself if core did not own the repetitions.
 */
async function evenIfClockIsWrong<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (fieldOf(fieldOf(error, '$metadata'), 'clockSkewCorrected') !== true) throw error
    return send()
  }
}

/** Whether the key that answered is the one that the URL names. What an alias points at only KMS knows, and says. */
function isNamedKey(key: KmsKey, answered: string | undefined): boolean {
  return key.isAlias || answered === undefined || idOf(answered) === idOf(key.keyId)
}

function idOf(keyId: string): string {
  return keyId.slice(keyId.lastIndexOf('/') + 1)
}

function isArn(keyId: string | undefined): boolean {
  return keyId !== undefined && /^arn:[\w-]+:kms:[\w-]*:\d*:key\/[\w-]+$/.test(keyId)
}

function isOtherKey(error: unknown): boolean {
  if (isStacksealError(error)) return error.code === 'ERR_WRONG_KEY'
  return error instanceof AwsFault && error.failure.name === 'IncorrectKeyException'
}

function otherKey({ keyId }: KmsKey): StacksealError {
  return new StacksealError('ERR_WRONG_KEY', `AWS KMS used another key than ${keyId}`, {
    hint: 'check that the encryptedkey line belongs to this key URL, or open with --any-key and then re-wrap',
  })
}

function invalidReply(): StacksealError {
  return new StacksealError('ERR_INVALID_REPLY', 'what answered is not AWS KMS', {
    hint: 'check endpoint= in the key URL and AWS_ENDPOINT_URL, and for a proxy or sign-in page before AWS',
  })
}
