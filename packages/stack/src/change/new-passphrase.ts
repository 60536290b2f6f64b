import { isStacksealError, type KeyUrl, type ProviderContext, StacksealError } from '@stackseal/core'

import type { Environment } from '../environment.ts'

/** Where a new key's passphrase comes from, where the new key is one of a passphrase. */
export interface NewPassphraseOptions {
  /** The text itself; else STACKSEAL_NEW_PASSPHRASE, else the file that STACKSEAL_NEW_PASSPHRASE_FILE names, else `ask`. */
  readonly newPassphrase?: string | undefined
  /** A file that holds it, white space at both ends not counted. */
  readonly newPassphraseFile?: string | undefined
  /** Takes an empty passphrase for one; otherwise it counts as a slip. */
  readonly allowEmptyPassphrase?: boolean | undefined
}

export interface NewKeyWorld {
  readonly env: Environment
  readonly ask?: ProviderContext['ask'] | undefined
}

/**
 * The world in which a new key is made: for a passphrase, one in which the variables of the old one give the new one.
 * PULUMI_CONFIG_PASSPHRASE and its file are the old passphrase's alone.
 * @throws ERR_USAGE for an empty passphrase that is not allowed
 */
export function newKeyWorld(
  url: KeyUrl,
  { env, ask }: NewKeyWorld,
  { newPassphrase, newPassphraseFile, allowEmptyPassphrase = false }: NewPassphraseOptions,
): NewKeyWorld {
  if (url.scheme !== 'passphrase') return { env, ask }
  const { STACKSEAL_NEW_PASSPHRASE: variable, STACKSEAL_NEW_PASSPHRASE_FILE: variableFile } = env
  const file = newPassphraseFile ?? (newPassphrase === undefined && variable === undefined ? variableFile : undefined)
  const text = newPassphrase ?? (file === undefined || file === '' ? variable : undefined)
  if (text === '' && !allowEmptyPassphrase) throw emptyPassphrase()
  return {
    env: { ...env, PULUMI_CONFIG_PASSPHRASE: text, PULUMI_CONFIG_PASSPHRASE_FILE: file },
    ask:
      ask === undefined
        ? undefined
        : async (question) => {
            const answer = await ask(question)
            // Only the question for a new passphrase is asked twice.
            if (answer === '' && question.confirm !== undefined && !allowEmptyPassphrase) throw emptyPassphrase()
            return answer
          },
  }
}

function emptyPassphrase(): StacksealError {
  return new StacksealError('ERR_USAGE', 'the new passphrase is empty', {
    hint: 'if it is meant to be, say so with --allow-empty-passphrase',
    details: { changed: false },
  })
}

/** An error of making the new key, in the words of this command: its variables are others. */
export function newKeyError(error: unknown): unknown {
  if (!isStacksealError(error)) return error
  const isMissing = error.code === 'ERR_PASSPHRASE_MISSING' && error.details['file'] === undefined
  const message = isMissing ? 'no new passphrase is given, and nobody can be asked for it' : error.message
  return new StacksealError(error.code, isMissing ? message : `the new key could not be made: ${message}`, {
    hint: isMissing
      ? 'give it with --new-passphrase-file, --new-passphrase-stdin, STACKSEAL_NEW_PASSPHRASE or STACKSEAL_NEW_PASSPHRASE_FILE'
      : error.hint,
    details: { ...error.details, changed: false },
    cause: error.cause,
  })
}
