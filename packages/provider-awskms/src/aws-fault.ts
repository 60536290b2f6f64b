import type { KmsKey } from './kms-key.ts'
import type { KmsSettings } from './kms-settings.ts'

/** What was being done when it failed. */
export interface AwsCall {
  readonly step: 'find credentials' | 'assume role' | 'encrypt' | 'decrypt'
  readonly key: KmsKey
  readonly settings: KmsSettings
}

/** What is kept of a failure: nothing that the SDK or the network layer made, and no text that is shown. */
export interface AwsFailure {
  /** The service's name for it (AccessDeniedException), or the SDK's. */
  readonly name?: string
  readonly status?: number
  /** To be compared with a table and then dropped. */
  readonly text?: string
  readonly retryAfterMs?: number
  /** Of the network layer: ECONNREFUSED, CERT_HAS_EXPIRED. */
  readonly code?: string
}

export class AwsFault extends Error {
  override readonly name = 'AwsFault'
  readonly failure: AwsFailure
  readonly call: AwsCall

  constructor(failure: AwsFailure, call: AwsCall) {
    super('a call to AWS failed')
    this.failure = failure
    this.call = call
  }
}
