import type { AzureCall, AzureFailure } from './azure-fault.ts'
import type { ErrorRow } from './error-row.ts'

const reach = ({ host }: AzureCall, { signIn }: AzureFailure): string =>
  signIn === undefined
    ? `check the network, and that ${host} is the name of your vault`
    : 'the sign-in can not be reached: check the network, the proxy and AZURE_AUTHORITY_HOST'

/** What the network answers in place of a vault or a sign-in, by the names of Node and OpenSSL. */
export const NETWORK_ERRORS: readonly ErrorRow[] = [
  {
    network:
      /^(?:ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_[A-Z]+|EADDRNOTAVAIL|EINVAL)$/,
    code: 'ERR_UNAVAILABLE',
    hint: reach,
  },
  { network: /^(?:ETIMEDOUT|ESOCKETTIMEDOUT)$/, code: 'ERR_TIMEOUT', hint: reach },
  {
    network: /CERT|^UNABLE_TO_|^HOSTNAME_MISMATCH|ALTNAME/,
    code: 'ERR_SERVER_NOT_PROVEN',
    hint: ({ host }, { signIn }) =>
      `the certificate of ${signIn === undefined ? host : 'the sign-in'} is not one of a known authority for that name: ` +
      'where a proxy of your own opens TLS, or the vault is of your own cloud, name its authority in NODE_EXTRA_CA_CERTS',
  },
  {
    network: /^(?:EPROTO|ERR_SSL_.*|HPE_.*|ERR_TLS_.*|PARSE_ERROR)$/,
    code: 'ERR_INVALID_REPLY',
    hint: ({ host }) => `what answers for ${host} is not Key Vault: check the network and the proxy`,
  },
  // The SDK's word for whatever else ended a request.
  { network: /^REQUEST_SEND_ERROR$/, code: 'ERR_UNAVAILABLE', hint: reach },
]
