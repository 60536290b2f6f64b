import type { AzureKey } from './azure-key.ts'

/** What was asked of the vault when it failed. */
export interface AzureCall extends AzureKey {
  readonly operation: 'encrypt' | 'decrypt' | 'list'
}

/** What is kept of a failure: nothing that the SDK made, and no text that is shown. */
export interface AzureFailure {
  /** Of the vault's answer, or of the sign-in's where `signIn` is there. */
  readonly status?: number | undefined
  /** `Forbidden`, and what stands inside of it: `ForbiddenByRbac`. */
  readonly code?: string | undefined
  readonly innerCode?: string | undefined
  /** The number in front of the vault's message: `AKV10032`. The rest is compared with a table and dropped. */
  readonly number?: string | undefined
  readonly message?: string | undefined
  readonly retryAfterMs?: number | undefined
  /** Of the network layer: ECONNREFUSED, CERT_HAS_EXPIRED. */
  readonly network?: string | undefined
  /** The origin that a 3xx names. */
  readonly redirectedTo?: string | undefined
  /** The answer is not what a vault gives. */
  readonly notAVault?: boolean | undefined
  /** The vault's challenge asks for a token that is not for vaults. */
  readonly foreignChallenge?: boolean | undefined
  readonly signIn?: SignInFailure | undefined
  /** The variable that the sign-in used; undefined: the vendor's chain. */
  readonly from?: string | undefined
  /** Variables without which what is set is of no use. */
  readonly missing?: readonly string[] | undefined
  /** Of an unversioned key: how many of its other versions were tried, or why none was. */
  readonly otherVersions?: OtherVersions | undefined
}

export interface SignInFailure {
  /** Names of error classes of the SDK: CredentialUnavailableError. */
  readonly names: readonly string[]
  /** Numbers of Microsoft's sign-in service: 7000215. */
  readonly numbers: readonly number[]
  /** The tenant of the vault is not one for which the credential may ask. */
  readonly otherTenant: boolean
}

export interface OtherVersions {
  readonly tried: number
  readonly disabled: number
  readonly mayList: boolean
}

export class AzureFault extends Error {
  override readonly name = 'AzureFault'
  readonly failure: AzureFailure
  readonly call: AzureCall | undefined

  constructor(failure: AzureFailure, call?: AzureCall) {
    super('a call to Azure failed')
    this.failure = failure
    this.call = call
  }
}
