import type { AwsCall } from './aws-fault.ts'
import type { ErrorRow } from './error-row.ts'
import { elsewhere, noCaller, renew, server, slowDown, tryAgain, where, whose } from './hints.ts'

const right = ({ step }: AwsCall): string => (step === 'encrypt' ? 'kms:Encrypt' : 'kms:Decrypt')
const ids = ({ key, settings }: AwsCall): string => `--key-id ${key.keyId} --region ${settings.region}`

/** What KMS and STS answer, by the names in their documentation. The first row that fits counts. */
export const SERVICE_ERRORS: readonly ErrorRow[] = [
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
    names: ['ValidationException', 'ValidationError', 'InvalidParameterValue', 'MissingParameter'],
    steps: ['assume role'],
    code: 'ERR_INVALID_KEY_URL',
    hint: ({ key }) => `AWS does not take ${key.role ?? 'it'} as the ARN of a role`,
  },
  {
    names: ['ValidationException', 'ValidationError', 'InvalidParameterValue', 'MissingParameter'],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: ({ settings }) => `AWS does not take the role or the token of the profile ${settings.profile.name}`,
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
  {
    names: ['DependencyTimeoutException', 'RequestTimeout', 'RequestTimeoutException'],
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
    names: ['UnknownOperationException', 'InvalidAction', 'MalformedHttpRequestException', 'MalformedQueryString'],
    code: 'ERR_INVALID_REPLY',
    hint: elsewhere,
  },
]
