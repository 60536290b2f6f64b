import { type Classified, type ErrorCode, isStacksealError } from '@stackseal/core'

import { type GcpCall, GcpFault } from './gcp-fault.ts'

interface Row {
  /** Of gRPC (https://grpc.io/docs/guides/status-codes). */
  readonly status?: number
  /** `google.rpc.ErrorInfo.reason`, the type of a violated precondition, or the error of a server for tokens. */
  readonly reason?: RegExp
  /** Of the service's words, where it says nothing better; they are compared and never shown. */
  readonly text?: RegExp
  readonly network?: RegExp
  readonly when?: (fault: GcpFault) => boolean
  readonly code: ErrorCode
  readonly hint: (call: GcpCall) => string
}

const OK = { UNKNOWN: 2, INVALID_ARGUMENT: 3, DEADLINE_EXCEEDED: 4, NOT_FOUND: 5, ALREADY_EXISTS: 6 } as const
const [CANCELLED, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED] = [1, 7, 8, 9, 10]
const [OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED] = [11, 12, 13, 14, 15, 16]

const isSigningIn = ({ failure }: GcpFault): boolean => failure.signIn !== undefined
const isOfToken = ({ call }: GcpFault): boolean => call.credentials.kind === 'token'
const isDecrypt = ({ call }: GcpFault): boolean => call.operation === 'decrypt'

const place = ({ key, keyRing, location }: GcpCall): string =>
  `--key ${key} --keyring ${keyRing} --location ${location}`
const again = (): string => 'Google Cloud KMS has a fault or is being changed: try again'
const network = (): string => 'check the network: cloudkms.googleapis.com has to be reachable, port 443'
const otherServer = (): string =>
  'what answers at cloudkms.googleapis.com is not Google Cloud KMS: look for a proxy or a sign-in page before it'
const newToken = (): string =>
  'the token of GOOGLE_OAUTH_ACCESS_TOKEN is unknown, expired or revoked (one lives for an hour): set it to a new one, ' +
  'as gcloud auth print-access-token prints it'
const newCredentials = ({ credentials: { from } }: GcpCall): string =>
  from === 'gcloud auth application-default login'
    ? 'the sign-in has expired or was revoked: run gcloud auth application-default login'
    : `the credentials of ${from} were refused: they are unknown, expired or revoked; take new ones, or sign in with ` +
      'gcloud auth application-default login'
const otherKey = ({ name }: GcpCall): string =>
  `the key ${name} does not open this encryptedkey: the line was changed, or another key or another ` +
  'additional_authenticated_data sealed it'
const changed = (): string => 'take the encryptedkey line from an earlier version of the file'
const noKey = ({ name, project }: GcpCall): string =>
  `there is no key ${name}: check project, location, key ring and key in the key URL; gcloud kms keys list ` +
  `--project ${project} lists the keys of a ring`
const permission = (call: GcpCall): string =>
  `${call.credentials.from === 'GOOGLE_OAUTH_ACCESS_TOKEN' ? 'the caller' : `the caller (${call.credentials.from})`} ` +
  `needs cloudkms.cryptoKeyVersions.${call.operation === 'encrypt' ? 'useToEncrypt' : 'useToDecrypt'} on ${call.name}, ` +
  'which the role roles/cloudkms.cryptoKeyEncrypterDecrypter gives; check the account and that the key is there'

/**
 * What Cloud KMS answers, what Google's servers for tokens answer, and what the network answers in their place. The
 * first row that fits counts.
 */
const GCP_ERRORS: readonly Row[] = [
  // Certificates and other protocols come before everything: no Google server spoke.
  {
    text: /self[- ]signed|unable to (?:get|verify)|certificate has expired|certificate is not|altname|UNABLE_TO_|_CERT_/i,
    code: 'ERR_SERVER_NOT_PROVEN',
    hint: () =>
      'the certificate is not one of a known authority for cloudkms.googleapis.com: if your network puts its own in ' +
      'between, set NODE_EXTRA_CA_CERTS to its authority',
  },
  { text: /Received HTTP status code (?:429|5\d\d)/, code: 'ERR_UNAVAILABLE', hint: again },
  {
    text: /Received HTTP status code|Call ended without gRPC status|wrong version number|no application protocol|EPROTO/,
    code: 'ERR_INVALID_REPLY',
    hint: otherServer,
  },
  { status: RESOURCE_EXHAUSTED, text: /message larger than/i, code: 'ERR_INVALID_REPLY', hint: otherServer },

  // Signing in.
  {
    when: isSigningIn,
    reason: /^(?:invalid_grant|invalid_client|unauthorized_client|invalid_token|UNAUTHENTICATED|NOT_FOUND)$/,
    code: 'ERR_CREDENTIALS_INVALID',
    hint: newCredentials,
  },
  { when: isSigningIn, reason: /^invalid_scope$/, code: 'ERR_CREDENTIALS_INVALID', hint: newCredentials },
  {
    when: isSigningIn,
    reason: /^(?:PERMISSION_DENIED|access_denied)$/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ credentials: { from } }) =>
      `the credentials of ${from} may not act as the service account that they name: give them ` +
      'roles/iam.serviceAccountTokenCreator on it',
  },
  {
    when: isSigningIn,
    text: /default credentials|Unable to detect|Unable to find credentials/i,
    code: 'ERR_CREDENTIALS_MISSING',
    hint: () => 'sign in with gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS',
  },
  {
    when: isSigningIn,
    network: /^ERR_OSSL_|^ERR_CRYPTO_|^ERR_INVALID_ARG/,
    code: 'ERR_CREDENTIALS_INVALID',
    hint: ({ credentials: { from } }) => `the private_key in the credentials of ${from} is not a key in PEM form`,
  },
  {
    when: ({ failure }) => failure.signIn?.status === 429,
    code: 'ERR_THROTTLED',
    hint: () => 'Google asks to sign in later: try again',
  },
  {
    when: ({ failure }) => (failure.signIn?.status ?? 0) >= 500 || failure.signIn?.error === 'internal_failure',
    code: 'ERR_UNAVAILABLE',
    hint: () => 'Google’s server for tokens has a fault: try again',
  },
  {
    when: isSigningIn,
    network: /^(?:ETIMEDOUT|ESOCKETTIMEDOUT|TIMEOUT|UND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT)$/,
    code: 'ERR_TIMEOUT',
    hint: () => 'Google’s server for tokens did not answer: check the network, and try again',
  },
  {
    when: isSigningIn,
    network: /^(?:E[A-Z]+|EAI_[A-Z]+|UND_ERR_[A-Z_]+)$/,
    code: 'ERR_UNAVAILABLE',
    hint: () => 'Google’s server for tokens can not be reached: check the network (oauth2.googleapis.com, port 443)',
  },
  // What is left: a file whose parts the library does not take, a status of the 4xx without an OAuth error.
  { when: isSigningIn, code: 'ERR_CREDENTIALS_INVALID', hint: newCredentials },

  // The caller.
  { status: UNAUTHENTICATED, when: isOfToken, code: 'ERR_CREDENTIALS_INVALID', hint: newToken },
  { status: UNAUTHENTICATED, code: 'ERR_CREDENTIALS_INVALID', hint: newCredentials },
  {
    status: PERMISSION_DENIED,
    reason: /^(?:SERVICE_DISABLED|API_DISABLED)$/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ project }) =>
      `the Cloud KMS API is not enabled: gcloud services enable cloudkms.googleapis.com --project ${project}`,
  },
  {
    status: PERMISSION_DENIED,
    text: /has not been used in project|it is disabled|API .* is not enabled/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ project }) =>
      `the Cloud KMS API is not enabled: gcloud services enable cloudkms.googleapis.com --project ${project}`,
  },
  {
    status: PERMISSION_DENIED,
    reason: /^BILLING_DISABLED$/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ project }) => `billing is not enabled for the project ${project}, without which Cloud KMS does not answer`,
  },
  {
    status: PERMISSION_DENIED,
    reason: /^ACCESS_TOKEN_SCOPE_INSUFFICIENT$/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ credentials: { from } }) =>
      `the token of ${from} was given for other services: it needs the scope https://www.googleapis.com/auth/cloudkms`,
  },
  {
    status: PERMISSION_DENIED,
    text: /insufficient authentication scopes/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ credentials: { from } }) =>
      `the token of ${from} was given for other services: it needs the scope https://www.googleapis.com/auth/cloudkms`,
  },
  {
    status: PERMISSION_DENIED,
    reason: /^(?:USER_PROJECT_DENIED|CONSUMER_INVALID)$/,
    code: 'ERR_ACCESS_DENIED',
    hint: () =>
      'the caller may not use the project that pays for the call: check GOOGLE_CLOUD_QUOTA_PROJECT, or run gcloud auth ' +
      'application-default set-quota-project',
  },
  {
    status: PERMISSION_DENIED,
    reason: /^SECURITY_POLICY_VIOLATED$|^VPC_SERVICE_CONTROLS$/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ name }) => `a service perimeter (VPC Service Controls) keeps this caller away from ${name}`,
  },
  {
    status: PERMISSION_DENIED,
    text: /prohibited by organization's policy/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ name }) => `a service perimeter (VPC Service Controls) keeps this caller away from ${name}`,
  },
  { status: PERMISSION_DENIED, code: 'ERR_ACCESS_DENIED', hint: permission },

  // The key.
  { status: OK.NOT_FOUND, code: 'ERR_KEY_NOT_FOUND', hint: noKey },
  {
    status: FAILED_PRECONDITION,
    reason: /DESTROY_SCHEDULED/,
    code: 'ERR_KEY_DISABLED',
    hint: (call) =>
      `the version of the key that sealed this is waiting to be destroyed: bring it back in time with gcloud kms keys ` +
      `versions restore VERSION ${place(call)}, and enable it`,
  },
  {
    status: FAILED_PRECONDITION,
    text: /state is: DESTROY_SCHEDULED/,
    code: 'ERR_KEY_DISABLED',
    hint: (call) =>
      `the version of the key that sealed this is waiting to be destroyed: bring it back in time with gcloud kms keys ` +
      `versions restore VERSION ${place(call)}, and enable it`,
  },
  {
    status: FAILED_PRECONDITION,
    text: /state is: DESTROYED|KEY_DESTROYED/,
    code: 'ERR_KEY_DISABLED',
    hint: ({ name }) => `the version of ${name} that sealed this was destroyed, and nothing brings it back`,
  },
  {
    status: FAILED_PRECONDITION,
    reason: /KEY_DESTROYED/,
    code: 'ERR_KEY_DISABLED',
    hint: ({ name }) => `the version of ${name} that sealed this was destroyed, and nothing brings it back`,
  },
  {
    status: FAILED_PRECONDITION,
    reason: /KEY_(?:DISABLED|NOT_ENABLED|PENDING)/,
    code: 'ERR_KEY_DISABLED',
    hint: (call) => `enable the version of the key: gcloud kms keys versions enable VERSION ${place(call)}`,
  },
  {
    status: FAILED_PRECONDITION,
    text: /is not enabled|current state is:/,
    code: 'ERR_KEY_DISABLED',
    hint: (call) => `enable the version of the key: gcloud kms keys versions enable VERSION ${place(call)}`,
  },
  {
    status: FAILED_PRECONDITION,
    text: /external key|EKM|UNREACHABLE/i,
    code: 'ERR_UNAVAILABLE',
    hint: ({ name }) => `the external key manager behind ${name} does not answer: try again, or look into its log`,
  },
  {
    status: FAILED_PRECONDITION,
    code: 'ERR_KEY_NOT_USABLE',
    hint: ({ name }) => `${name} needs a primary version, and the purpose ENCRYPT_DECRYPT (--purpose encryption)`,
  },
  {
    status: OK.INVALID_ARGUMENT,
    text: /purpose|algorithm/i,
    code: 'ERR_KEY_NOT_USABLE',
    hint: ({ name }) => `${name} must have the purpose ENCRYPT_DECRYPT (gcloud kms keys create --purpose encryption)`,
  },
  {
    status: OK.INVALID_ARGUMENT,
    text: /crc32c|checksum/i,
    code: 'ERR_INVALID_REPLY',
    hint: () => 'the request was changed on its way: look for a network device that changes what passes, and try again',
  },
  {
    status: OK.INVALID_ARGUMENT,
    text: /ciphertext is invalid/i,
    when: isDecrypt,
    code: 'ERR_MALFORMED_SEALED_KEY',
    hint: changed,
  },
  {
    status: OK.INVALID_ARGUMENT,
    text: /resource name|field 'name'|location|does not match/i,
    when: ({ failure }) => !/Decryption failed/i.test(failure.text),
    code: 'ERR_INVALID_KEY_URL',
    hint: ({ name }) => `Google Cloud does not take ${name} for the name of a key: check every part of the key URL`,
  },
  { status: OK.INVALID_ARGUMENT, when: isDecrypt, code: 'ERR_WRONG_KEY', hint: otherKey },
  {
    status: OK.INVALID_ARGUMENT,
    code: 'ERR_KEY_NOT_USABLE',
    hint: ({ name }) => `${name} must have the purpose ENCRYPT_DECRYPT (gcloud kms keys create --purpose encryption)`,
  },

  // The service.
  {
    status: RESOURCE_EXHAUSTED,
    code: 'ERR_THROTTLED',
    hint: ({ project }) =>
      `a quota of Cloud KMS is used up (of ${project}, or of the project that pays): try again later, or have it raised`,
  },
  { status: OK.DEADLINE_EXCEEDED, code: 'ERR_TIMEOUT', hint: network },
  { status: UNAVAILABLE, network: /^ETIMEDOUT$/, code: 'ERR_TIMEOUT', hint: network },
  { status: UNAVAILABLE, code: 'ERR_UNAVAILABLE', hint: network },
  ...[CANCELLED, OK.UNKNOWN, ABORTED, INTERNAL, DATA_LOSS].map((status): Row => ({
    status,
    code: 'ERR_UNAVAILABLE',
    hint: again,
  })),
  ...[OK.ALREADY_EXISTS, OUT_OF_RANGE, UNIMPLEMENTED].map((status): Row => ({
    status,
    code: 'ERR_INVALID_REPLY',
    hint: otherServer,
  })),
]

/** Gives every failure of a call a code and a next step; ERR_PROVIDER_FAILED is what this table does not know. */
export function classify(error: unknown): Classified {
  if (isStacksealError(error)) return { code: error.code, hint: error.hint, details: error.details }
  if (!(error instanceof GcpFault)) return { code: 'ERR_PROVIDER_FAILED' }
  const { failure, call } = error
  const row = GCP_ERRORS.find((candidate) => fits(candidate, error))
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

function fits(row: Row, fault: GcpFault): boolean {
  const { status, reason, violations, network: code, signIn } = fault.failure
  // Not the key's own name: it may be made of any words.
  const text = fault.failure.text.replaceAll(fault.call.name, '')
  if (row.status !== undefined && row.status !== status) return false
  if (row.reason !== undefined) {
    const reasons = [reason, signIn?.error, ...violations].filter((value) => value !== undefined)
    if (!reasons.some((value) => row.reason?.test(value))) return false
  }
  if (row.text !== undefined && !row.text.test(text)) return false
  if (row.network !== undefined && (code === undefined || !row.network.test(code))) return false
  return row.when === undefined || row.when(fault)
}
