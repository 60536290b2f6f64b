import { type Classified, type ErrorCode, isStacksealError } from '@stackseal/core'

import { type VaultCall, VaultFault } from './vault-fault.ts'

interface Row {
  readonly status?: number | readonly [from: number, to: number]
  /** Of the server's error texts; they are compared and never shown. */
  readonly text?: RegExp
  readonly network?: RegExp
  readonly when?: (fault: VaultFault) => boolean
  readonly code: ErrorCode
  readonly hint: (call: VaultCall) => string
}

const path = ({ engine, operation, key }: VaultCall): string => `${engine}/${operation}/${key}`
const changed = (): string => 'take the encryptedkey line from an earlier version of the file'
const otherKey = ({ engine, key }: VaultCall): string =>
  `the key ${key} of ${engine} does not open this encryptedkey: the line was changed, or the key was made anew, ` +
  'or VAULT_ADDR or VAULT_NAMESPACE names another server'
const noKey = ({ engine, key }: VaultCall): string =>
  `there is no key ${key} in ${engine}: check the name and VAULT_NAMESPACE, or make it with vault write -f ${engine}/keys/${key}`
const noMount = ({ engine }: VaultCall): string =>
  `no transit engine is mounted at ${engine}: check engine= in the key URL, and VAULT_NAMESPACE`
const address = ({ settings }: VaultCall): string => `check VAULT_ADDR (${settings.address}) and the network`

/**
 * What Vault and OpenBao answer, and what the network answers in their place. The first row that fits counts. Where a
 * text is given the server says nothing better: Vault's errors have no codes of their own.
 */
const VAULT_ERRORS: readonly Row[] = [
  {
    status: 400,
    text: /no prefix|wrong number of fields|could not (?:be )?decode|invalid ciphertext length|missing ciphertext/,
    code: 'ERR_MALFORMED_SEALED_KEY',
    hint: changed,
  },
  {
    status: 400,
    text: /version is too new|message authentication failed|unable to decrypt/,
    code: 'ERR_WRONG_KEY',
    hint: otherKey,
  },
  { status: 500, text: /failed to RSA decrypt|decryption error/, code: 'ERR_WRONG_KEY', hint: otherKey },
  {
    status: 400,
    text: /disallowed by policy \(too old\)/,
    code: 'ERR_KEY_DISABLED',
    hint: ({ engine, key }) =>
      `the version that sealed this data key is below min_decryption_version of ${engine}/keys/${key}: lower it, and re-wrap`,
  },
  {
    status: 400,
    text: /less than the minimum encryption key version/,
    code: 'ERR_KEY_DISABLED',
    hint: ({ engine, key }) => `check min_encryption_version of ${engine}/keys/${key}`,
  },
  {
    status: 400,
    text: /soft-deleted/,
    code: 'ERR_KEY_DISABLED',
    hint: ({ engine, key }) => `bring it back: bao write -f ${engine}/keys/${key}/soft-delete-restore`,
  },
  { status: 400, text: /encryption key not found|no existing key named/, code: 'ERR_KEY_NOT_FOUND', hint: noKey },
  {
    status: 400,
    text: /missing 'context'|not supported for key type|does not support/,
    code: 'ERR_KEY_NOT_USABLE',
    hint: ({ engine, key }) =>
      `${engine}/keys/${key} must be able to encrypt and not be derived: make one of type aes256-gcm96`,
  },
  {
    status: [400, 403],
    text: /missing client token/,
    code: 'ERR_CREDENTIALS_MISSING',
    hint: () => 'set VAULT_TOKEN, or sign in with vault login',
  },
  {
    status: [401, 403],
    when: ({ call }) => call.settings.token === undefined,
    code: 'ERR_CREDENTIALS_MISSING',
    hint: () => 'set VAULT_TOKEN, or sign in with vault login',
  },
  {
    status: [401, 403],
    text: /permission denied/,
    when: ({ failure }) => failure.tokenIsKnown === true,
    code: 'ERR_ACCESS_DENIED',
    hint: (call) =>
      `the token of ${call.settings.tokenFrom} needs the capability update on ${path(call)}` +
      (call.operation === 'encrypt' ? '; a key that is not there yet has to be made by somebody who may' : ''),
  },
  {
    status: [401, 403],
    code: 'ERR_CREDENTIALS_INVALID',
    hint: (call) =>
      `the token of ${call.settings.tokenFrom} is unknown, expired, revoked or used up, or it is of another server or ` +
      `namespace; a new one needs the capability update on ${path(call)}`,
  },
  { status: 404, code: 'ERR_KEY_NOT_FOUND', hint: noMount },
  { status: 405, code: 'ERR_KEY_NOT_FOUND', hint: noMount },
  { status: 408, code: 'ERR_TIMEOUT', hint: address },
  {
    status: 412,
    code: 'ERR_UNAVAILABLE',
    hint: () => 'this replica of Vault is behind the others: try again',
  },
  { status: 413, code: 'ERR_INVALID_REPLY', hint: address },
  {
    status: 429,
    code: 'ERR_THROTTLED',
    hint: ({ engine }) => `a rate-limit quota of Vault covers ${engine}: try again later, or have it raised`,
  },
  {
    status: 501,
    code: 'ERR_UNAVAILABLE',
    hint: () => 'the server was never initialised: check that VAULT_ADDR names the right one',
  },
  {
    status: 503,
    text: /sealed/,
    code: 'ERR_UNAVAILABLE',
    hint: () => 'the server is sealed: somebody with unseal keys has to run vault operator unseal',
  },
  {
    status: [500, 599],
    code: 'ERR_UNAVAILABLE',
    hint: () => 'the server has a fault: try again, and look into its log',
  },
  {
    network:
      /^(?:ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOENT|EACCES)$/,
    code: 'ERR_UNAVAILABLE',
    hint: address,
  },
  { network: /^(?:ENOTFOUND|EAI_[A-Z]+|EADDRNOTAVAIL|EINVAL)$/, code: 'ERR_UNAVAILABLE', hint: address },
  { network: /^(?:ETIMEDOUT|ESOCKETTIMEDOUT)$/, code: 'ERR_TIMEOUT', hint: address },
  // The server wants a certificate of the caller (RFC 8446 §6.2, alerts 42 to 49 and 116).
  {
    network: /^ERR_SSL_(?:TLSV1\d?|SSLV3|SSL\/TLS)_ALERT_|^ERR_SSL_.*CERTIFICATE_REQUIRED/,
    when: ({ failure }) => /CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED/.test(failure.code ?? ''),
    code: 'ERR_CREDENTIALS_INVALID',
    hint: () => 'the server asks for a client certificate that it knows: check VAULT_CLIENT_CERT and VAULT_CLIENT_KEY',
  },
  {
    network: /CERT|^UNABLE_TO_|^HOSTNAME_MISMATCH|ALTNAME/,
    code: 'ERR_SERVER_NOT_PROVEN',
    hint: ({ settings }) =>
      `the certificate of ${settings.address} is not one of a known authority for that name: set VAULT_CACERT to the ` +
      'authority of your server, or check VAULT_ADDR and VAULT_TLS_SERVER_NAME',
  },
  {
    network: /^(?:EPROTO|ERR_SSL_.*|HPE_.*|ERR_TLS_.*)$/,
    code: 'ERR_INVALID_REPLY',
    hint: ({ settings }) =>
      `what answers at ${settings.address} speaks another protocol: check http: or https: in VAULT_ADDR`,
  },
  // Whatever else of the network: no text, a status that Vault does not give.
  { status: [100, 499], when: ({ failure }) => failure.errors?.length === 0, code: 'ERR_INVALID_REPLY', hint: address },
]

/** Gives every failure of a call a code and a next step; ERR_PROVIDER_FAILED is what this table does not know. */
export function classify(error: unknown): Classified {
  if (isStacksealError(error)) return { code: error.code, hint: error.hint, details: error.details }
  if (!(error instanceof VaultFault)) return { code: 'ERR_PROVIDER_FAILED' }
  const { failure, call } = error
  const row = VAULT_ERRORS.find((candidate) => fits(candidate, error))
  return {
    code: row?.code ?? 'ERR_PROVIDER_FAILED',
    hint: row?.hint(call),
    details: {
      key: call.key,
      engine: call.engine,
      ...(failure.status === undefined ? {} : { status: failure.status }),
      ...(failure.code === undefined ? {} : { network: failure.code }),
    },
    retryAfterMs: failure.retryAfterMs,
  }
}

function fits(row: Row, fault: VaultFault): boolean {
  const { status, code, errors = [] } = fault.failure
  if (row.status !== undefined) {
    const [from, to] = typeof row.status === 'number' ? [row.status, row.status] : row.status
    if (status === undefined || status < from || status > to) return false
  }
  if (row.text !== undefined && !errors.some((error) => row.text?.test(error))) return false
  if (row.network !== undefined && (code === undefined || !row.network.test(code))) return false
  return row.when === undefined || row.when(fault)
}
