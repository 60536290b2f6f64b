import { type ErrorRow, newCredentials, NOT_PROVEN } from './error-row.ts'

/** What Google's servers for tokens answer (RFC 6749 §5.2), what its library says, and what the network does. */
export const SIGN_IN_ERRORS: readonly ErrorRow[] = [
  NOT_PROVEN,
  {
    says: /^(?:invalid_grant|invalid_client|unauthorized_client|invalid_token|invalid_scope|UNAUTHENTICATED|NOT_FOUND)$/,
    code: 'ERR_CREDENTIALS_INVALID',
    hint: newCredentials,
  },
  {
    says: /^(?:PERMISSION_DENIED|access_denied)$/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ credentials: { from } }) =>
      `the credentials of ${from} may not act as the service account that they name: give them ` +
      'roles/iam.serviceAccountTokenCreator on it',
  },
  {
    says: /default credentials|Unable to detect|Unable to find credentials/i,
    code: 'ERR_CREDENTIALS_MISSING',
    hint: () => 'sign in with gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS',
  },
  {
    says: /^ERR_(?:OSSL|CRYPTO|INVALID_ARG)_/,
    code: 'ERR_CREDENTIALS_INVALID',
    hint: ({ credentials: { from } }) => `the private_key in the credentials of ${from} is not a key in PEM form`,
  },
  { status: 429, code: 'ERR_THROTTLED', hint: () => 'Google asks to sign in later: try again' },
  {
    status: [500, 502, 503, 504],
    code: 'ERR_UNAVAILABLE',
    hint: () => 'Google’s server for tokens has a fault: try again',
  },
  {
    says: /^(?:ETIMEDOUT|ESOCKETTIMEDOUT|UND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT)$/,
    code: 'ERR_TIMEOUT',
    hint: () => 'Google’s server for tokens did not answer: check the network, and try again',
  },
  {
    says: /^(?:E[A-Z]+|EAI_[A-Z]+|UND_ERR_[A-Z_]+)$/,
    code: 'ERR_UNAVAILABLE',
    hint: () => 'Google’s server for tokens can not be reached: check the network (oauth2.googleapis.com, port 443)',
  },
  // What is left: a file whose parts the library does not take, a refusal without an OAuth error.
  { code: 'ERR_CREDENTIALS_INVALID', hint: newCredentials },
]
