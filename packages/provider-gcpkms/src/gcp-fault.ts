import type { Credentials } from './credentials.ts'
import type { CryptoKey } from './crypto-key.ts'
import { fieldOf } from './field-of.ts'

/** What was asked of the service when it failed. */
export interface GcpCall extends CryptoKey {
  readonly operation: 'encrypt' | 'decrypt'
  /** Where the credentials come from. */
  readonly credentials: Pick<Credentials, 'kind' | 'from'>
}

/** What is kept of a failure: codes, and texts that are compared with a table and never shown. */
export interface GcpFailure {
  /** Of gRPC; none where signing in failed. */
  readonly status?: number
  readonly text: string
  /** `google.rpc.ErrorInfo`: SERVICE_DISABLED, IAM_PERMISSION_DENIED. */
  readonly reason?: string
  /** The types of `google.rpc.PreconditionFailure`: KEY_DISABLED. */
  readonly violations: readonly string[]
  readonly retryAfterMs?: number
  /** Signing in failed: what the server for tokens answered, as status and OAuth error (RFC 6749 §5.2). */
  readonly signIn?: { readonly status?: number; readonly error?: string }
  /** Of the network layer: ECONNREFUSED, CERT_HAS_EXPIRED. */
  readonly network?: string
}

export class GcpFault extends Error {
  override readonly name = 'GcpFault'
  readonly failure: GcpFailure
  readonly call: GcpCall

  constructor(failure: GcpFailure, call: GcpCall) {
    super('a call to Google Cloud KMS failed')
    this.failure = failure
    this.call = call
  }
}

const UNAVAILABLE = 14

/** What is kept of an error of a call. The error itself holds the request's metadata. */
export function failureOfCall(error: unknown): GcpFailure {
  const status = fieldOf(error, 'code')
  const text = [textOf(fieldOf(error, 'details')), textOf(fieldOf(error, 'message'))].join('\n')
  const details = listOf(fieldOf(error, 'statusDetails'))
  const reason = fieldOf(error, 'reason')
  // The channel tells what the system said in its own words: "connect ECONNREFUSED 127.0.0.1:443".
  const network =
    status === UNAVAILABLE ? /\b(?:connect|read|write|getaddrinfo|query\w+) (E[A-Z_]+)\b/.exec(text)?.[1] : undefined
  const retryAfterMs = details.map(delayOf).find((delay) => delay !== undefined)
  return {
    ...(typeof status === 'number' ? { status } : {}),
    text,
    ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
    violations: details.flatMap((detail) => listOf(fieldOf(detail, 'violations')).map(typeOf)),
    ...(network === undefined ? {} : { network }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** What is kept of an error of google-auth-library's. The error itself holds the request, and in it the credentials. */
export function failureOfSignIn(error: unknown): GcpFailure {
  const response = fieldOf(error, 'response')
  const status = fieldOf(response, 'status')
  const answer = fieldOf(fieldOf(response, 'data'), 'error')
  const oauth = typeof answer === 'string' ? answer : fieldOf(answer, 'status')
  const network = networkOf(error)
  return {
    text: textOf(fieldOf(error, 'message')),
    violations: [],
    signIn: {
      ...(typeof status === 'number' ? { status } : {}),
      ...(typeof oauth === 'string' ? { error: oauth } : {}),
    },
    ...(network === undefined ? {} : { network }),
  }
}

function networkOf(error: unknown): string | undefined {
  for (let at = error, depth = 0; at !== undefined && depth < 8; at = fieldOf(at, 'cause'), depth++) {
    const code = fieldOf(at, 'code')
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code)) return code
  }
  return undefined
}

function delayOf(detail: unknown): number | undefined {
  const delay = fieldOf(detail, 'retryDelay')
  if (delay === undefined || delay === null) return undefined
  return Math.round(Number(fieldOf(delay, 'seconds') ?? 0) * 1_000 + Number(fieldOf(delay, 'nanos') ?? 0) / 1e6)
}

function typeOf(violation: unknown): string {
  return textOf(fieldOf(violation, 'type'))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
