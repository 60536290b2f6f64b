import { type ErrorRow, newCredentials, NOT_PROVEN } from './error-row.ts'
import type { GcpCall } from './gcp-fault.ts'

// https://grpc.io/docs/guides/status-codes
const [CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS] = [1, 2, 3, 4, 5, 6]
const [PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE] = [7, 8, 9, 10, 11]
const [UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED] = [12, 13, 14, 15, 16]

const isDecrypt = ({ operation }: GcpCall): boolean => operation === 'decrypt'
const ofVersion = ({ key, keyRing, location, project }: GcpCall): string =>
  `VERSION --key ${key} --keyring ${keyRing} --location ${location} --project ${project}`

const again = (): string => 'Google Cloud KMS has a fault or is being changed: try again'
const network = (): string => 'check the network: cloudkms.googleapis.com has to be reachable, port 443'
const otherServer = (): string =>
  'what answers at cloudkms.googleapis.com is not Google Cloud KMS: look for a proxy or a sign-in page before it'
const purpose = ({ name }: GcpCall): string =>
  `${name} needs the purpose ENCRYPT_DECRYPT (gcloud kms keys create --purpose encryption) and a primary version`
const permission = ({ name, operation, credentials: { from } }: GcpCall): string =>
  `the caller (${from}) needs cloudkms.cryptoKeyVersions.${operation === 'encrypt' ? 'useToEncrypt' : 'useToDecrypt'} ` +
  `on ${name}, which the role roles/cloudkms.cryptoKeyEncrypterDecrypter gives; check the account, and that the key is there`

/** What Cloud KMS answers, and what answers in its place. */
export const SERVICE_ERRORS: readonly ErrorRow[] = [
  // No Google server spoke.
  NOT_PROVEN,
  { says: /Received HTTP status code (?:429|5\d\d)/, code: 'ERR_UNAVAILABLE', hint: again },
  {
    says: /Received HTTP status code|Call ended without gRPC status|wrong version number|no application protocol|EPROTO/,
    code: 'ERR_INVALID_REPLY',
    hint: otherServer,
  },
  { status: RESOURCE_EXHAUSTED, says: /message larger than/i, code: 'ERR_INVALID_REPLY', hint: otherServer },

  // The caller.
  { status: UNAUTHENTICATED, code: 'ERR_CREDENTIALS_INVALID', hint: newCredentials },
  {
    status: PERMISSION_DENIED,
    says: /^(?:SERVICE|API)_DISABLED$|has not been used in project|it is disabled/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ project }) =>
      `the Cloud KMS API is not enabled: gcloud services enable cloudkms.googleapis.com --project ${project}`,
  },
  {
    status: PERMISSION_DENIED,
    says: /^BILLING_DISABLED$/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ project }) => `billing is not enabled for the project ${project}, without which Cloud KMS does not answer`,
  },
  {
    status: PERMISSION_DENIED,
    says: /^ACCESS_TOKEN_SCOPE_INSUFFICIENT$|insufficient authentication scopes/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ credentials: { from } }) =>
      `the token of ${from} was given for other services: it needs the scope https://www.googleapis.com/auth/cloudkms`,
  },
  {
    status: PERMISSION_DENIED,
    says: /^(?:USER_PROJECT_DENIED|CONSUMER_INVALID)$/,
    code: 'ERR_ACCESS_DENIED',
    hint: () =>
      'the caller may not use the project that pays for the call: check GOOGLE_CLOUD_QUOTA_PROJECT, or run gcloud auth ' +
      'application-default set-quota-project',
  },
  {
    status: PERMISSION_DENIED,
    says: /^SECURITY_POLICY_VIOLATED$|prohibited by organization's policy/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ name }) => `a service perimeter (VPC Service Controls) keeps this caller away from ${name}`,
  },
  { status: PERMISSION_DENIED, code: 'ERR_ACCESS_DENIED', hint: permission },

  // The key.
  {
    status: NOT_FOUND,
    code: 'ERR_KEY_NOT_FOUND',
    hint: ({ name }) => `there is no key ${name}: check project, location, key ring and key in the key URL`,
  },
  {
    status: FAILED_PRECONDITION,
    says: /DESTROY_SCHEDULED/,
    code: 'ERR_KEY_DISABLED',
    hint: (call) =>
      'the version of the key that sealed this is waiting to be destroyed: bring it back in time with gcloud kms keys ' +
      `versions restore ${ofVersion(call)}, and enable it`,
  },
  {
    status: FAILED_PRECONDITION,
    says: /state is: DESTROYED|KEY_DESTROYED/,
    code: 'ERR_KEY_DISABLED',
    hint: ({ name }) => `the version of ${name} that sealed this was destroyed, and nothing brings it back`,
  },
  {
    status: FAILED_PRECONDITION,
    says: /external key|\bEKM\b|UNREACHABLE/i,
    code: 'ERR_UNAVAILABLE',
    hint: ({ name }) => `the external key manager behind ${name} does not answer: try again, or look into its log`,
  },
  {
    status: FAILED_PRECONDITION,
    says: /KEY_(?:DISABLED|NOT_ENABLED|PENDING)|is not enabled|current state is:/,
    code: 'ERR_KEY_DISABLED',
    hint: (call) => `enable the version of the key: gcloud kms keys versions enable ${ofVersion(call)}`,
  },
  { status: FAILED_PRECONDITION, code: 'ERR_KEY_NOT_USABLE', hint: purpose },
  { status: INVALID_ARGUMENT, says: /purpose|algorithm/i, code: 'ERR_KEY_NOT_USABLE', hint: purpose },
  {
    status: INVALID_ARGUMENT,
    says: /crc32c|checksum/i,
    code: 'ERR_INVALID_REPLY',
    hint: () => 'the request was changed on its way: look for a network device that changes what passes, and try again',
  },
  {
    status: INVALID_ARGUMENT,
    says: /ciphertext is invalid/i,
    when: isDecrypt,
    code: 'ERR_MALFORMED_SEALED_KEY',
    hint: () => 'take the encryptedkey line from an earlier version of the file',
  },
  {
    status: INVALID_ARGUMENT,
    says: /Decryption failed/i,
    when: isDecrypt,
    code: 'ERR_WRONG_KEY',
    hint: ({ name }) =>
      `the key ${name} does not open this encryptedkey: the line was changed, or another key or another ` +
      'additional_authenticated_data sealed it',
  },
  {
    status: INVALID_ARGUMENT,
    code: 'ERR_INVALID_KEY_URL',
    hint: ({ name }) => `Google Cloud does not take ${name} for the name of a key: check every part of the key URL`,
  },

  // The service.
  {
    status: RESOURCE_EXHAUSTED,
    code: 'ERR_THROTTLED',
    hint: ({ project }) =>
      `a quota of Cloud KMS is used up (of ${project}, or of the project that pays): try again later, or have it raised`,
  },
  { status: DEADLINE_EXCEEDED, code: 'ERR_TIMEOUT', hint: network },
  { status: UNAVAILABLE, says: /^ETIMEDOUT$/, code: 'ERR_TIMEOUT', hint: network },
  { status: UNAVAILABLE, code: 'ERR_UNAVAILABLE', hint: network },
  { status: [CANCELLED, UNKNOWN, ABORTED, INTERNAL, DATA_LOSS], code: 'ERR_UNAVAILABLE', hint: again },
  { status: [ALREADY_EXISTS, OUT_OF_RANGE, UNIMPLEMENTED], code: 'ERR_INVALID_REPLY', hint: otherServer },
]
