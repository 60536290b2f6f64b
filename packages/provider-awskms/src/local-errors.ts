import type { AwsCall } from './aws-fault.ts'
import { NoCredentials } from './credentials.ts'
import type { ErrorRow } from './error-row.ts'
import { elsewhere, noCaller, renew, server, slowDown, tryAgain, whose } from './hints.ts'

const reach = (call: AwsCall): string =>
  call.settings.endpoint === undefined
    ? `check the network, and that ${call.settings.region} (from ${call.settings.regionFrom}) is a region`
    : `check the address ${call.settings.endpoint} and the network`
const tooLate = (call: AwsCall): string =>
  `${server(call)} did not answer in time: try again, or give it longer with --timeout`

/** What the network, the SDK and servers that are not AWS say in the place of an answer. The first row that fits counts. */
export const LOCAL_ERRORS: readonly ErrorRow[] = [
  // Before the names: the SDK calls a connection that was cut a TimeoutError.
  {
    network: /^(?:ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN)$/,
    code: 'ERR_UNAVAILABLE',
    hint: reach,
  },
  { names: ['TimeoutError', 'AbortError'], code: 'ERR_TIMEOUT', hint: tooLate },
  {
    names: [NoCredentials.name],
    code: 'ERR_CREDENTIALS_MISSING',
    hint: noCaller,
  },
  {
    names: ['CredentialsProviderError', 'TokenProviderError', 'ProviderError'],
    text: /was not found/i,
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
    steps: ['assume role'],
    names: ['CredentialsProviderError'],
    code: 'ERR_INVALID_REPLY',
    hint: () => 'what answers as AWS STS is not it: check AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, and proxies',
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
  { status: [429, 429], code: 'ERR_THROTTLED', hint: slowDown },
  { status: [408, 408], code: 'ERR_TIMEOUT', hint: tryAgain },
  { status: [500, 599], code: 'ERR_UNAVAILABLE', hint: tryAgain },
  // A redirect is not followed; a page, or nothing that could be read, is no answer of KMS.
  { status: [300, 399], code: 'ERR_INVALID_REPLY', hint: elsewhere },
  { names: ['SyntaxError'], code: 'ERR_INVALID_REPLY', hint: elsewhere },
  // A refusal without a name, and what the SDK's parsers throw of an answer.
  { names: ['UnknownError', 'Unknown'], status: [400, 499], code: 'ERR_INVALID_REPLY', hint: elsewhere },
  { names: ['Error', 'TypeError', 'RangeError'], status: [100, 499], code: 'ERR_INVALID_REPLY', hint: elsewhere },
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
  {
    network: /^ERR_PROXY_/,
    code: 'ERR_USAGE',
    hint: () => 'the proxy that HTTPS_PROXY or HTTP_PROXY names is not an address: it looks like http://proxy:3128',
  },
  // Whatever stands in the text of credentials that were found and can not be sent.
  {
    network: /^ERR_INVALID_CHAR$/,
    code: 'ERR_CREDENTIALS_INVALID',
    hint: (call) => `the credentials hold a character that can not be sent: ${whose(call)}`,
  },
]
