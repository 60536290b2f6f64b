import type { VaultKey } from './vault-key.ts'
import type { VaultSettings } from './vault-settings.ts'

/** What was asked of the server when it failed. */
export interface VaultCall extends VaultKey {
  readonly operation: 'encrypt' | 'decrypt'
  readonly settings: VaultSettings
}

/** What is kept of a failure: nothing that the client or the network layer made, and no text that is shown. */
export interface VaultFailure {
  readonly status?: number
  /** The server's own error texts, to be compared with a table and then dropped. */
  readonly errors?: readonly string[]
  readonly retryAfterMs?: number
  /** Of the network layer: ECONNREFUSED, CERT_HAS_EXPIRED. */
  readonly code?: string
  /** The origin that a 3xx names. */
  readonly redirectedTo?: string
  /** The server knows the token: a refusal is about permissions. */
  readonly tokenIsKnown?: boolean
}

export class VaultFault extends Error {
  override readonly name = 'VaultFault'
  readonly failure: VaultFailure
  readonly call: VaultCall

  constructor(failure: VaultFailure, call: VaultCall) {
    super('a call to Vault failed')
    this.failure = failure
    this.call = call
  }
}
