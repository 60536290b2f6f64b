import { type ProviderContext, StacksealError } from '@stackseal/core'

import { linesOf, readLines } from './read-lines.ts'

/**
 * Gives every identity of the environment to `take`, which throws for one that is none.
 * @throws ERR_CREDENTIALS_MISSING, ERR_CREDENTIALS_INVALID, ERR_FILE_NOT_FOUND
 */
export async function identitiesOf(context: ProviderContext, take: (identity: string) => void): Promise<void> {
  const { STACKSEAL_AGE_KEY: key, STACKSEAL_AGE_KEY_FILE: file } = context.env
  if (!key && !file) {
    throw new StacksealError('ERR_CREDENTIALS_MISSING', 'there is no age identity to open the stack with', {
      hint: 'set STACKSEAL_AGE_KEY to an identity (AGE-SECRET-KEY-…), or STACKSEAL_AGE_KEY_FILE to the path of a file',
    })
  }
  const name = key ? 'STACKSEAL_AGE_KEY' : 'STACKSEAL_AGE_KEY_FILE'
  const identities = key ? linesOf(key) : await readLines(file ?? '', context, name)
  try {
    for (const identity of identities) take(identity)
  } catch {
    // What age says of an identity would show it.
    throw malformed(name)
  }
  if (identities.length === 0) throw malformed(name)
}

function malformed(name: string): StacksealError {
  return new StacksealError('ERR_CREDENTIALS_INVALID', `${name} holds something else than age identities`, {
    hint: 'an identity is a line that starts with AGE-SECRET-KEY-, as age-keygen prints it',
  })
}
