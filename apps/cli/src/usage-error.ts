import { StacksealError } from '@stackseal/core'

/** A command line of a wrong form. Arguments are never repeated in the message: one of them may be a secret. */
export function usageError(message: string, hint: string): StacksealError {
  return new StacksealError('ERR_USAGE', message, { hint })
}
