import { type Classified, type ErrorCode, isStacksealError } from '@stackseal/core'

import { type AwsCall, AwsFault } from './aws-fault.ts'
import { NoCredentials } from './credentials.ts'

interface Row {
  /** Names of AWS for the error; one row may take several. */
  readonly names?: readonly string[]
  readonly steps?: readonly AwsCall['step'][]
  /** Of the error's text; it is compared and never shown. */
  readonly text?: RegExp
  readonly status?: readonly [from: number, to: number]
  readonly network?: RegExp
  readonly code: ErrorCode
  readonly hint: (call: AwsCall) => string
}

const where = ({ key, settings }: AwsCall): string => `${key.keyId} in ${settings.region}`
const right = ({ step }: AwsCall): string => (step === 'encrypt' ? 'kms:Encrypt' : 'kms:Decrypt')
const server = ({ settings }: AwsCall): string => settings.endpoint ?? `AWS KMS in ${settings.region}`
const ids = ({ key, settings }: AwsCall): string => `--key-id ${key.keyId} --region ${settings.region}`
const whose = ({ settings }: AwsCall): string =>
  `check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (now ${settings.profile.name})`
const tryAgain = (call: AwsCall): string => `${server(call)} has a fault of its own: try again`
const slowDown = (call: AwsCall): string =>
  `too many requests for ${where(call)}: try again later, or have the request quota of KMS raised`
const renew = ({ settings }: AwsCall): string =>
  `sign in again (aws sso login --profile ${settings.profile.name}), or set new AWS_… variables with AWS_SESSION_TOKEN`
const noCaller = ({ settings }: AwsCall): string =>
  'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with aws sso login' +
  (settings.profile.from.startsWith('the profile') ? '' : ` (${settings.profile.from} names ${settings.profile.name})`)
const elsewhere = (call: AwsCall): string =>
  `what answers at ${server(call)} is not AWS KMS: check endpoint= in the key URL, AWS_ENDPOINT_URL, and proxies`
const reach = (call: AwsCall): string =>
  call.settings.endpoint === undefined
    ? `check the network, and that ${call.settings.region} (from ${call.settings.regionFrom}) is a region`
    : `check the address ${call.settings.endpoint} and the network`

/**
 * What KMS and STS answer, by the names in their documentation, and what the network or the SDK says in their place.
 * The first row that fits counts.
 */
export const AWS_ERRORS: readonly Row[] = [
  {
    names: ['IncorrectKeyException'],
    code: 'ERR_WRONG_KEY',
    hint: (call) =>
      `${where(call)} is not the key that sealed this encryptedkey: check the key URL; if its alias was moved to another ` +
      'key, open with --any-key and then run stackseal stack rewrap',
  },
  {
    names: ['InvalidCiphertextException'],
    code: 'ERR_WRONG_KEY',
    hint: ({ key }) => {
      const names = Object.keys(key.context)
      return (
        'the encryptedkey line was changed, or the encryption context is another one ' +
        (names.length === 0
          ? '(the key URL gives none)'
          : `(check context_${names.join(', context_')} in the key URL)`) +
        ': take secretsprovider and encryptedkey from one earlier version of the file'
      )
    },
  },
  {
    names: ['DisabledException'],
    code: 'ERR_KEY_DISABLED',
    hint: (call) => `${where(call)} is disabled: aws kms enable-key ${ids(call)}`,
  },
  {
    names: ['KMSInvalidStateException'],
    text: /unavailable|creating|updating/i,
    code: 'ERR_UNAVAILABLE',
    hint: (call) => `${where(call)} is not ready; its key store may be disconnected: aws kms describe-key ${ids(call)}`,
  },
  {
    names: ['KMSInvalidStateException'],
    text: /import/i,
    code: 'ERR_KEY_DISABLED',
    hint: (call) => `${where(call)} waits for key material, or its material has expired: import it again`,
  },
  {
    names: ['KMSInvalidStateException'],
    code: 'ERR_KEY_DISABLED',
    hint: (call) =>
      `${where(call)} waits to be deleted or can not be used: aws kms describe-key ${ids(call)} tells; ` +
      'aws kms cancel-key-deletion and then aws kms enable-key save it',
  },
  {
    names: ['NotFoundException', 'InvalidArnException'],
    code: 'ERR_KEY_NOT_FOUND',
    hint: ({ key, settings }) => {
      const { region, regionFrom } = settings
      if (key.arn !== undefined && key.arn.region !== region) {
        return `${key.keyId} is a key of ${key.arn.region}, and ${regionFrom} says ${region}`
      }
      return `there is no ${key.keyId} in ${region} (from ${regionFrom}): check the name, the region and the account`
    },
  },
  {
    names: ['InvalidKeyUsageException', 'UnsupportedOperationException'],
    code: 'ERR_KEY_NOT_USABLE',
    hint: (call) => `${where(call)} has to be a symmetric key for encryption (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT)`,
  },
  {
    names: ['ValidationException', 'ValidationError', 'InvalidParameterValue', 'SerializationException'],
    text: /ciphertextblob/i,
    code: 'ERR_MALFORMED_SEALED_KEY',
    hint: () => 'take the encryptedkey line from an earlier version of the file',
  },
  {
    names: [
      'ValidationException',
      'ValidationError',
      'InvalidParameterValue',
      'InvalidParameterCombination',
      'MissingParameter',
      'SerializationException',
    ],
    steps: ['encrypt', 'decrypt'],
    code: 'ERR_INVALID_KEY_URL',
    hint: ({ key }) => `AWS does not take ${key.keyId} as the name of a key, or the context_… parameters as a context`,
  },
  {
    names: ['AccessDenied', 'AccessDeniedException', 'NotAuthorized', 'UnauthorizedOperation'],
    steps: ['assume role'],
    code: 'ERR_ACCESS_DENIED',
    hint: ({ key, settings }) =>
      `the caller (profile ${settings.profile.name}) needs sts:AssumeRole on ${key.role ?? 'the role'}, and the role has ` +
      'to trust the caller',
  },
  {
    names: ['AccessDenied', 'AccessDeniedException', 'NotAuthorized', 'UnauthorizedOperation'],
    steps: ['find credentials'],
    code: 'ERR_ACCESS_DENIED',
    hint: ({ settings }) =>
      `the profile ${settings.profile.name} assumes a role that it may not assume: it needs sts:AssumeRole on it, and the ` +
      'role has to trust it',
  },
  {
    names: ['AccessDenied', 'AccessDeniedException', 'NotAuthorized', 'UnauthorizedOperation'],
    code: 'ERR_ACCESS_DENIED',
    hint: (call) =>
      `the caller needs ${right(call)} on ${where(call)}, by the key's policy, IAM or a grant` +
      (call.step === 'decrypt' ? '; a key of another region or account is refused in the same way' : ''),
  },
  {
    names: ['InvalidGrantTokenException'],
    code: 'ERR_ACCESS_DENIED',
    hint: (call) => `the caller needs ${right(call)} on ${where(call)}`,
  },
  {
    names: ['OptInRequired', 'SubscriptionRequiredException', 'RegionDisabledException'],
    code: 'ERR_ACCESS_DENIED',
    hint: ({ settings }) => `the account has not opted in to ${settings.region}, or is not active`,
  },
  {
    names: [
      'ExpiredToken',
      'ExpiredTokenException',
      'RequestExpired',
      'TokenRefreshRequired',
      'InvalidIdentityToken',
      'IDPRejectedClaim',
    ],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: renew,
  },
  {
    names: ['InvalidSignatureException', 'SignatureDoesNotMatch', 'RequestTimeTooSkewed'],
    text: /expired|not yet current|skewed/i,
    code: 'ERR_CREDENTIALS_INVALID',
    hint: () => 'the clock of this machine is wrong by minutes: set it, and try again',
  },
  {
    names: [
      'InvalidSignatureException',
      'SignatureDoesNotMatch',
      'IncompleteSignature',
      'IncompleteSignatureException',
      'RequestTimeTooSkewed',
    ],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: (call) => `the secret key does not belong to the access key: ${whose(call)}; also check this machine's clock`,
  },
  {
    names: [
      'UnrecognizedClientException',
      'InvalidClientTokenId',
      'InvalidAccessKeyId',
      'AuthFailure',
      'UnauthorizedException',
    ],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: (call) => `AWS does not know the access key or its session token: ${whose(call)}`,
  },
  {
    names: ['MissingAuthenticationToken', 'MissingAuthenticationTokenException'],
    code: 'ERR_CREDENTIALS_MISSING',
    hint: noCaller,
  },
  {
    names: [
      'Throttling',
      'ThrottlingException',
      'ThrottledException',
      'RequestThrottled',
      'RequestThrottledException',
      'RequestLimitExceeded',
      'TooManyRequestsException',
      'LimitExceededException',
      'SlowDown',
      'BandwidthLimitExceeded',
      'ProvisionedThroughputExceededException',
      'PriorRequestNotComplete',
      'TransactionInProgressException',
      'EC2ThrottledException',
    ],
    code: 'ERR_THROTTLED',
    hint: slowDown,
  },
  // Before the names: the SDK calls a connection that was cut a TimeoutError.
  {
    network: /^(?:ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN)$/,
    code: 'ERR_UNAVAILABLE',
    hint: reach,
  },
  {
    names: ['DependencyTimeoutException', 'RequestTimeout', 'RequestTimeoutException', 'TimeoutError', 'AbortError'],
    code: 'ERR_TIMEOUT',
    hint: (call) => `${server(call)} did not answer in time: try again, or give it longer with --timeout`,
  },
  {
    names: [
      'KeyUnavailableException',
      'KMSInternalException',
      'InternalFailure',
      'InternalFailureException',
      'InternalServerError',
      'InternalServerException',
      'ServiceUnavailable',
      'ServiceUnavailableException',
      'RequestAbortedException',
      'IDPCommunicationError',
    ],
    code: 'ERR_UNAVAILABLE',
    hint: tryAgain,
  },
  {
    names: [NoCredentials.name],
    code: 'ERR_CREDENTIALS_MISSING',
    hint: noCaller,
  },
  {
    names: ['CredentialsProviderError', 'TokenProviderError', 'ProviderError'],
    text: /was not found|not present/i,
    code: 'ERR_CREDENTIALS_MISSING',
    hint: ({ settings }) => `sign in first: aws sso login --profile ${settings.profile.name}`,
  },
  {
    names: ['CredentialsProviderError', 'TokenProviderError', 'ProviderError'],
    text: /expired|refresh|re-?authenticate|sso login|aws login/i,
    code: 'ERR_CREDENTIALS_INVALID',
    hint: renew,
  },
  {
    names: ['CredentialsProviderError', 'TokenProviderError', 'ProviderError'],
    text: /multi-factor/i,
    code: 'ERR_CREDENTIALS_MISSING',
    hint: ({ settings }) =>
      `the profile ${settings.profile.name} asks for a code at each sign-in: take temporary keys with aws sts ` +
      'get-session-token, or use aws sso login',
  },
  {
    steps: ['find credentials'],
    names: ['CredentialsProviderError', 'TokenProviderError', 'ProviderError'],
    code: 'ERR_CREDENTIALS_MISSING',
    hint: ({ settings }) =>
      `the profile ${settings.profile.name} (from ${settings.profile.from}) leads to no credentials: try aws sts ` +
      `get-caller-identity --profile ${settings.profile.name}`,
  },
  {
    steps: ['find credentials'],
    network: /^(?:ENOENT|EACCES|ENOTDIR|EISDIR)$/,
    code: 'ERR_CREDENTIALS_MISSING',
    hint: () => 'a file with credentials can not be read: check AWS_WEB_IDENTITY_TOKEN_FILE and the profile',
  },
  {
    names: ['UnknownOperationException', 'InvalidAction', 'MalformedHttpRequestException', 'MalformedQueryString'],
    code: 'ERR_INVALID_REPLY',
    hint: elsewhere,
  },
  { status: [429, 429], code: 'ERR_THROTTLED', hint: slowDown },
  { status: [408, 408], code: 'ERR_TIMEOUT', hint: tryAgain },
  { status: [500, 599], code: 'ERR_UNAVAILABLE', hint: tryAgain },
  // A redirect is not followed; a page, or nothing that could be read, is no answer of KMS.
  { status: [300, 399], code: 'ERR_INVALID_REPLY', hint: elsewhere },
  { names: ['SyntaxError'], code: 'ERR_INVALID_REPLY', hint: elsewhere },
  { names: ['UnknownError', 'Unknown'], status: [400, 499], code: 'ERR_INVALID_REPLY', hint: elsewhere },
  { network: /^(?:ENOTFOUND|EAI_[A-Z]+|EADDRNOTAVAIL|EINVAL)$/, code: 'ERR_UNAVAILABLE', hint: reach },
  { network: /^(?:ETIMEDOUT|ESOCKETTIMEDOUT)$/, code: 'ERR_TIMEOUT', hint: reach },
  {
    network: /CERT|^UNABLE_TO_|^HOSTNAME_MISMATCH|ALTNAME/,
    code: 'ERR_SERVER_NOT_PROVEN',
    hint: (call) =>
      `the certificate of ${server(call)} is not one of a known authority for that name: if a proxy stands before AWS, ` +
      'set AWS_CA_BUNDLE to its authority',
  },
  {
    network: /^(?:EPROTO|ERR_SSL_.*|HPE_.*|ERR_TLS_.*)$/,
    code: 'ERR_INVALID_REPLY',
    hint: (call) => `what answers at ${server(call)} speaks another protocol: check http: or https: in the endpoint`,
  },
  // The endpoint rules of the SDK, which have no name of their own.
  {
    text: /partition does not support/,
    code: 'ERR_USAGE',
    hint: ({ settings }) => `${settings.region} has no such FIPS or dual-stack endpoint: take fips or dualstack out`,
  },
  // Whatever stands in the text of credentials that were found and can not be sent.
  {
    network: /^ERR_INVALID_CHAR$/,
    code: 'ERR_CREDENTIALS_INVALID',
    hint: (call) => `the credentials hold a character that can not be sent: ${whose(call)}`,
  },
]

/** Gives every failure of a call a code and a next step; ERR_PROVIDER_FAILED is what the table does not know. */
export function classify(error: unknown): Classified {
  if (isStacksealError(error)) return { code: error.code, hint: error.hint, details: error.details }
  if (!(error instanceof AwsFault)) return { code: 'ERR_PROVIDER_FAILED' }
  const { failure, call } = error
  const row = AWS_ERRORS.find((candidate) => fits(candidate, error))
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

function fits(row: Row, { failure, call }: AwsFault): boolean {
  if (row.names !== undefined && !row.names.includes(failure.name ?? '')) return false
  if (row.steps !== undefined && !row.steps.includes(call.step)) return false
  if (row.text !== undefined && !row.text.test(failure.text ?? '')) return false
  if (row.network !== undefined && !row.network.test(failure.code ?? '')) return false
  if (row.status === undefined) return true
  const { status } = failure
  return status !== undefined && status >= row.status[0] && status <= row.status[1]
}
