import { type Classified, isStacksealError, type KeyUrl } from '@stackseal/core'

import { type AzureCall, type AzureFailure, AzureFault } from './azure-fault.ts'
import { azureKey } from './azure-key.ts'
import type { ErrorRow } from './error-row.ts'
import { NETWORK_ERRORS } from './network-errors.ts'
import { SIGN_IN_ERRORS } from './sign-in-errors.ts'
import { VAULT_ERRORS } from './vault-errors.ts'

// The first row that fits counts: who signs in, then the way to the server, then what it answers.
const ROWS: readonly ErrorRow[] = [...SIGN_IN_ERRORS, ...NETWORK_ERRORS, ...VAULT_ERRORS]

/** Gives every failure of a call a code and a next step; ERR_PROVIDER_FAILED is what the tables do not know. */
export function classify(error: unknown, url: KeyUrl): Classified {
  if (isStacksealError(error)) return { code: error.code, hint: error.hint, details: error.details }
  if (!(error instanceof AzureFault)) return { code: 'ERR_PROVIDER_FAILED' }
  const { failure } = error
  const call: AzureCall = error.call ?? { ...azureKey(url), operation: 'decrypt' }
  const row = ROWS.find((candidate) => fits(candidate, failure, call))
  return {
    code: row?.code ?? 'ERR_PROVIDER_FAILED',
    hint: row?.hint(call, failure),
    details: {
      key: call.name,
      vault: call.host,
      ...(failure.status === undefined ? {} : { status: failure.status }),
      ...(failure.network === undefined ? {} : { network: failure.network }),
      ...(failure.number === undefined ? {} : { number: failure.number }),
      ...numberOf(failure),
      ...(failure.otherVersions === undefined ? {} : { versionsTried: failure.otherVersions.tried }),
    },
    retryAfterMs: failure.retryAfterMs,
  }
}

function numberOf({ signIn }: AzureFailure): { signIn?: string } {
  const number = signIn?.numbers.at(-1)
  return number === undefined ? {} : { signIn: `AADSTS${number}` }
}

function fits(row: ErrorRow, failure: AzureFailure, call: AzureCall): boolean {
  const { status, code, innerCode, message, network, signIn } = failure
  if (row.status !== undefined) {
    const [from, to] = typeof row.status === 'number' ? [row.status, row.status] : row.status
    if (status === undefined || status < from || status > to) return false
  }
  if (row.vaultCode !== undefined && ![code, innerCode].some((each) => row.vaultCode?.test(each ?? ''))) return false
  if (row.text !== undefined && !row.text.test(message ?? '')) return false
  if (row.network !== undefined && (network === undefined || !row.network.test(network))) return false
  if (row.numbers !== undefined && signIn?.numbers.some((each) => row.numbers?.includes(each)) !== true) return false
  return row.when === undefined || row.when(failure, call)
}
