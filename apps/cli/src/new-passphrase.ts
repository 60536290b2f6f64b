import type { NewPassphraseOptions } from '@stackseal/stack'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Invocation } from './command.ts'
import { errorCode } from './error-code.ts'
import { decodeInput } from './given-value.ts'
import { StacksealError } from '@stackseal/core'
import { usageError } from './usage-error.ts'

/**
 * Where the flags say that a new passphrase comes from; without them the environment and then a person is asked by the
 * library. Standard input counts only where it is named: an empty one must never make an empty passphrase.
 * @throws ERR_USAGE, ERR_INVALID_VALUE, ERR_FILE_NOT_FOUND
 */
export async function newPassphraseOptions({
  flags,
  options,
  env,
  terminal,
  signal,
}: Invocation): Promise<NewPassphraseOptions> {
  const file = flags.text('new-passphrase-file')
  const fromStdin = flags.on('new-passphrase-stdin')
  const allowEmptyPassphrase = flags.on('allow-empty-passphrase')
  if (file !== undefined && fromStdin) {
    throw usageError(
      '--new-passphrase-file and --new-passphrase-stdin both give the new passphrase',
      'take one of them',
    )
  }
  if (fromStdin) {
    const [line = ''] = decodeInput(await terminal.readInput(signal)).split(/\r?\n/, 1)
    if (line === '' && !allowEmptyPassphrase) {
      throw usageError(
        'standard input holds no new passphrase',
        'pipe it in, or use --new-passphrase-file; for an empty one on purpose add --allow-empty-passphrase',
      )
    }
    return { newPassphrase: line, allowEmptyPassphrase }
  }
  const variableFile = env['STACKSEAL_NEW_PASSPHRASE'] === undefined ? env['STACKSEAL_NEW_PASSPHRASE_FILE'] : undefined
  const named = file ?? (variableFile === '' ? undefined : variableFile)
  if (named === undefined) return { allowEmptyPassphrase }
  return { ...fromFile(resolve(options.cwd, named)), allowEmptyPassphrase }
}

// White space as Pulumi's own trimming has it, so that both take the same passphrase out of one file.
const SPACES =
  /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g

/** The text of a file, read once: it may be a pipe. Bytes that are no text are left to whoever derives the key. */
function fromFile(path: string): NewPassphraseOptions {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const code = errorCode(error)
    if (code === undefined) throw error
    throw new StacksealError(
      'ERR_PASSPHRASE_MISSING',
      `the file ${path} of the new passphrase can not be read: ${code}`,
      {
        hint: 'name a file that holds the new passphrase',
        details: { file: path, changed: false },
      },
    )
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { newPassphrase: text.replaceAll(SPACES, '') }
  } catch {
    // A TypeError is the one thing that decoding can throw: no text.
    return { newPassphraseFile: path }
  }
}
