import { type Classified, isStacksealError } from '@stackseal/core'

import { AwsFault } from './aws-fault.ts'
import type { ErrorRow } from './error-row.ts'
import { LOCAL_ERRORS } from './local-errors.ts'
import { SERVICE_ERRORS } from './service-errors.ts'

const ALL_ERRORS: readonly ErrorRow[] = [...SERVICE_ERRORS, ...LOCAL_ERRORS]

/** Gives every failure of a call a code and a next step; ERR_PROVIDER_FAILED is what the table does not know. */
export function classify(error: unknown): Classified {
  if (isStacksealError(error)) return { code: error.code, hint: error.hint, details: error.details }
  if (!(error instanceof AwsFault)) return { code: 'ERR_PROVIDER_FAILED' }
  const { failure, call } = error
  const row = ALL_ERRORS.find((candidate) => fits(candidate, error))
  return {
    code: row?.code ?? 'ERR_PROVIDER_FAILED',
    hint: row?.hint(call),
    details: {
      key: call.key.keyId,
      region: call.settings.region,
      ...(failure.status === undefined ? {} : { status: failure.status }),
      // Names of errors are words of AWS's documentation; what else a server calls an error is not shown.
      ...(row?.names?.includes(failure.name ?? '') === true ? { error: failure.name ?? '' } : {}),
      ...(row?.network === undefined ? {} : { network: failure.code ?? '' }),
    },
    retryAfterMs: failure.retryAfterMs,
  }
}

function fits(row: ErrorRow, { failure, call }: AwsFault): boolean {
  if (row.names !== undefined && !row.names.includes(failure.name ?? '')) return false
  if (row.steps !== undefined && !row.steps.includes(call.step)) return false
  if (row.text !== undefined && !row.text.test(failure.text ?? '')) return false
  if (row.network !== undefined && !row.network.test(failure.code ?? '')) return false
  if (row.status === undefined) return true
  const { status } = failure
  return status !== undefined && status >= row.status[0] && status <= row.status[1]
}
