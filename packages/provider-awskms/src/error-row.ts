import type { ErrorCode } from '@stackseal/core'

import type { AwsCall } from './aws-fault.ts'

/** One way to fail, and what it means. Whatever is left out fits every failure. */
export interface ErrorRow {
  /** Names of AWS for the error; one row may take several. */
  readonly names?: readonly string[]
  readonly steps?: readonly AwsCall['step'][]
  /** Of the error's text; it is compared and never shown. */
  readonly text?: RegExp
  readonly status?: readonly [from: number, to: number]
  readonly network?: RegExp
  readonly code: ErrorCode
  readonly hint: (call: AwsCall) => string
}
