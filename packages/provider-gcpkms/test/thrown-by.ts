import { isStacksealError, type StacksealError } from '@stackseal/core'

/** The StacksealError that a call throws; anything else fails the test. */
export function thrownBy(call: () => unknown): StacksealError {
  try {
    call()
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** The StacksealError with which a promise ends. */
export async function rejectionOf(promise: Promise<unknown>): Promise<StacksealError> {
  try {
    await promise
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
