import { type Classified, isStacksealError } from '@stackseal/core'

import type { ErrorRow } from './error-row.ts'
import { GcpFault } from './gcp-fault.ts'
import { SERVICE_ERRORS } from './service-errors.ts'
import { SIGN_IN_ERRORS } from './sign-in-errors.ts'

/** Gives every failure of a call a code and a next step; ERR_PROVIDER_FAILED is what the tables do not know. */
export function classify(error: unknown): Classified {
  if (isStacksealError(error)) return { code: error.code, hint: error.hint, details: error.details }
  if (!(error instanceof GcpFault)) return { code: 'ERR_PROVIDER_FAILED' }
  const { failure, call } = error
  const row = (failure.signIn === undefined ? SERVICE_ERRORS : SIGN_IN_ERRORS).find((candidate) =>
    fits(candidate, error),
  )
  const { status = failure.signIn?.status } = failure
  return {
    code: row?.code ?? 'ERR_PROVIDER_FAILED',
    hint: row?.hint(call),
    details: {
      key: call.name,
      ...(status === undefined ? {} : { status }),
      ...(failure.network === undefined ? {} : { network: failure.network }),
    },
    retryAfterMs: failure.retryAfterMs,
  }
}

function fits({ status, says, when }: ErrorRow, fault: GcpFault): boolean {
  const { failure, call } = fault
  const actual = failure.status ?? failure.signIn?.status
  if (status !== undefined && (actual === undefined || ![status].flat().includes(actual))) return false
  if (says !== undefined) {
    // Not the key's own name: it may be made of any words.
    const text = failure.text.replaceAll(call.name, '')
    const said = [failure.reason, failure.signIn?.error, failure.network, ...failure.violations, text]
    if (!said.some((words) => words !== undefined && says.test(words))) return false
  }
  return when === undefined || when(call)
}
