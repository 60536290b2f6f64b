import type { ErrorCode } from '@stackseal/core'

import type { GcpCall } from './gcp-fault.ts'

/** What one kind of failure means. In a table the first row that fits counts. */
export interface ErrorRow {
  /** Of gRPC (https://grpc.io/docs/guides/status-codes), or of HTTP where signing in failed. */
  readonly status?: number | readonly number[]
  /**
   * In a machine's words: the reason of a `google.rpc.ErrorInfo`, the type of a violated precondition, an OAuth error, a
   * code of the network; or in the service's own, where it says nothing better. They are compared and never shown.
   */
  readonly says?: RegExp
  readonly when?: (call: GcpCall) => boolean
  readonly code: ErrorCode
  readonly hint: (call: GcpCall) => string
}

export const NOT_PROVEN: ErrorRow = {
  says: /self[-_ ]signed|unable to (?:get|verify)|certificate has expired|certificate is not|altname|UNABLE_TO_|CERT_/i,
  code: 'ERR_SERVER_NOT_PROVEN',
  hint: () =>
    'the certificate is not one of a known authority for that name: if your network puts its own in between, set ' +
    'NODE_EXTRA_CA_CERTS to its authority',
}

export function newCredentials({ credentials: { from } }: GcpCall): string {
  if (from === 'GOOGLE_OAUTH_ACCESS_TOKEN') {
    return (
      'the token of GOOGLE_OAUTH_ACCESS_TOKEN is unknown, expired or revoked (one lives for an hour): set it to a new ' +
      'one, as gcloud auth print-access-token prints it'
    )
  }
  const login = 'gcloud auth application-default login'
  if (from === login) return `the sign-in has expired or was revoked: run ${login}`
  return `the credentials of ${from} were refused: they are unknown, expired or revoked; take new ones, or sign in with ${login}`
}
