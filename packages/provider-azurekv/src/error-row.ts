import type { ErrorCode } from '@stackseal/core'

import type { AzureCall, AzureFailure } from './azure-fault.ts'

/** What a failure may look like, and what it means. Where several parts are given, all have to fit. */
export interface ErrorRow {
  readonly status?: number | readonly [from: number, to: number]
  /** Of the error, or of the one inside of it. */
  readonly vaultCode?: RegExp
  /** Of the vault's words, which are compared and never shown. */
  readonly text?: RegExp
  readonly network?: RegExp
  /** Numbers of the sign-in service, AADSTS in front. */
  readonly numbers?: readonly number[]
  readonly when?: (failure: AzureFailure, call: AzureCall) => boolean
  readonly code: ErrorCode
  readonly hint: (call: AzureCall, failure: AzureFailure) => string
}
