import { ERRORS } from '@stackseal/core'
import type { ErrorKind, StacksealError } from '@stackseal/core'

/** The exit number of each kind of error. */
export const EXIT_NUMBERS: Readonly<Record<ErrorKind, number>> = {
  failed: 1,
  usage: 2,
  data: 3,
  access: 4,
  retry: 5,
  interrupted: 130,
}

/** The exit number of an error. A code of another version of the core package, which this one does not know, is 1. */
export function exitNumber(error: StacksealError): number {
  return Object.hasOwn(ERRORS, error.code) ? EXIT_NUMBERS[ERRORS[error.code].kind] : EXIT_NUMBERS.failed
}
