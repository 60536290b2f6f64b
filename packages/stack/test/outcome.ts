import { isStacksealError, type StacksealError } from '@stackseal/core'

/** What a call gives, or the StacksealError it throws; anything else that it throws fails the test. */
export function outcome<T>(call: () => T): T | StacksealError {
  try {
    return call()
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
}
