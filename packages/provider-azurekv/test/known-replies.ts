import type { ErrorCode } from '@stackseal/core'

import { refusal, type Reply } from './key-vault-server.ts'
import { refused } from './sign-in-server.ts'

/** What is answered, what it means, and what its hint has to name. */
type KnownReply = readonly [situation: string, reply: Reply, code: ErrorCode, hint: string]

export const forbidden = (message: string, innerCode?: string): Reply =>
  refusal(403, 'Forbidden', message, innerCode === undefined ? {} : { innerCode })
const page = (status: number): Reply => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html>Blocked by the proxy</html>',
})

// The words are those of the service, as its documentation and public reports have them.
export const VAULT_REPLIES: readonly KnownReply[] = [
  [
    'a disabled key',
    forbidden('Operation decrypt is not allowed on a disabled key.', 'KeyDisabled'),
    'ERR_KEY_DISABLED',
    'az keyvault key set-attributes --vault-name one --name app --enabled true',
  ],
  [
    'a disabled key, without an inner code',
    forbidden('Operation decrypt is not allowed on a disabled key.'),
    'ERR_KEY_DISABLED',
    'enabled',
  ],
  [
    'an expired key',
    forbidden('Operation encrypt is not allowed on an expired key.', 'KeyExpired'),
    'ERR_KEY_DISABLED',
    'dates',
  ],
  [
    'an expired key, without an inner code',
    forbidden('Operation encrypt is not allowed on an expired key.'),
    'ERR_KEY_DISABLED',
    'dates',
  ],
  [
    'a key before its time',
    forbidden('Operation encrypt is not allowed on a key that is not yet valid.', 'KeyNotYetValid'),
    'ERR_KEY_DISABLED',
    'dates',
  ],
  [
    'a missing key operation',
    forbidden('Operation decrypt is not permitted on this key.', 'KeyOperationForbidden'),
    'ERR_KEY_NOT_USABLE',
    'key operations',
  ],
  [
    'a missing key operation, without an inner code',
    forbidden('Operation decrypt is not permitted on this key.'),
    'ERR_KEY_NOT_USABLE',
    'key operations',
  ],
  [
    'an access policy',
    forbidden(
      "The user, group or application 'appid=1' does not have keys decrypt permission on key vault 'one;location=westeurope'.",
      'ForbiddenByPolicy',
    ),
    'ERR_ACCESS_DENIED',
    'keys/decrypt on app of one.vault.azure.net',
  ],
  [
    'an access policy of older days',
    forbidden(
      "The user, group or application 'appid=1' does not have keys decrypt permission on key vault 'one'.",
      'AccessDenied',
    ),
    'ERR_ACCESS_DENIED',
    'Key Vault Crypto User',
  ],
  [
    'a missing role',
    forbidden(
      'Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
      'ForbiddenByRbac',
    ),
    'ERR_ACCESS_DENIED',
    'Key Vault Crypto User',
  ],
  ['a refusal that says nothing', forbidden('Forbidden'), 'ERR_ACCESS_DENIED', 'Key Vault Crypto User'],
  [
    'a firewall',
    forbidden('Client address is not authorized and caller is not a trusted service.', 'ForbiddenByFirewall'),
    'ERR_ACCESS_DENIED',
    'firewall of one.vault.azure.net',
  ],
  [
    'a firewall, without an inner code',
    forbidden('Client address is not authorized and caller is not a trusted service.'),
    'ERR_ACCESS_DENIED',
    'firewall',
  ],
  [
    'a closed public network',
    forbidden(
      'Public network access is disabled and request is not from a trusted service nor via an approved private link.',
      'ForbiddenByConnection',
    ),
    'ERR_ACCESS_DENIED',
    'private endpoint',
  ],
  [
    'a token of another tenant',
    refusal(
      401,
      'Unauthorized',
      'AKV10032: Invalid issuer. Expected one of https://sts.windows.net/a/, found https://sts.windows.net/b/.',
    ),
    'ERR_CREDENTIALS_INVALID',
    'AZURE_TENANT_ID',
  ],
  [
    'a token for another resource',
    refusal(
      401,
      'Unauthorized',
      'AKV10022: Invalid audience. Expected https://vault.azure.net, found: https://management.azure.com/.',
    ),
    'ERR_CREDENTIALS_INVALID',
    'AZURE_AUTHORITY_HOST',
  ],
  [
    'a token that is not taken',
    refusal(401, 'Unauthorized', '[TokenExpired] Error validating token: IDX10223.'),
    'ERR_CREDENTIALS_INVALID',
    'AZURE_CLIENT_SECRET',
  ],
  [
    'an unknown key',
    refusal(404, 'KeyNotFound', 'A key with (name/id) app was not found in this key vault.'),
    'ERR_KEY_NOT_FOUND',
    'az keyvault key recover --vault-name one --name app',
  ],
  [
    'a deleted key',
    refusal(
      409,
      'Conflict',
      'Key app is currently in a deleted but recoverable state, and its name cannot be reused.',
      { innerCode: 'ObjectIsDeletedButRecoverable' },
    ),
    'ERR_KEY_DISABLED',
    'az keyvault key recover',
  ],
  [
    'another ciphertext',
    refusal(400, 'BadParameter', 'The parameter is incorrect.\r\n'),
    'ERR_WRONG_KEY',
    'does not open this encryptedkey',
  ],
  [
    'an unknown algorithm',
    refusal(400, 'BadParameter', 'Property  has invalid value\r\n'),
    'ERR_WRONG_KEY',
    'algorithm=',
  ],
  [
    'a request that took too long',
    refusal(408, 'RequestTimeout', 'The request timed out.'),
    'ERR_TIMEOUT',
    'try again',
  ],
  [
    'too many requests',
    refusal(
      429,
      'Throttled',
      'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached',
      { headers: { 'retry-after': '30' } },
    ),
    'ERR_THROTTLED',
    'one.vault.azure.net has had too many requests',
  ],
  [
    'too many requests, in an empty answer',
    { status: 429, headers: { 'retry-after': '30' }, body: '' },
    'ERR_THROTTLED',
    'try again later',
  ],
  ['a fault', refusal(500, 'InternalServerError', 'An unexpected error occurred.'), 'ERR_UNAVAILABLE', 'try again'],
  [
    'a vault that is not ready',
    refusal(503, 'ServiceUnavailable', 'The service is unavailable.'),
    'ERR_UNAVAILABLE',
    'try again',
  ],
  ['a fault, in an empty answer', { status: 503, body: '' }, 'ERR_UNAVAILABLE', 'try again'],
  ['a page of a gateway', page(502), 'ERR_UNAVAILABLE', 'try again'],
  ['a page of a proxy', page(403), 'ERR_ACCESS_DENIED', 'keys/decrypt'],
  ['a page that is not there', page(404), 'ERR_INVALID_REPLY', 'not Key Vault'],
  ['a proxy that wants to know who asks', page(407), 'ERR_INVALID_REPLY', 'proxy'],
  ['a page with status 400', page(400), 'ERR_INVALID_REPLY', 'proxy'],
  ['a page', page(200), 'ERR_INVALID_REPLY', 'proxy'],
  ['an answer that is no JSON', { status: 200, body: 'OK' }, 'ERR_INVALID_REPLY', 'proxy'],
  ['an empty answer', { status: 200, body: '' }, 'ERR_INVALID_REPLY', 'proxy'],
  ['an empty object', { status: 200, body: '{}' }, 'ERR_INVALID_REPLY', 'proxy'],
  [
    'an empty value',
    { status: 200, body: '{"kid":"https://one.vault.azure.net/keys/app/1","value":""}' },
    'ERR_INVALID_REPLY',
    'proxy',
  ],
  ['a value that is no text', { status: 200, body: '{"value":{"a":1}}' }, 'ERR_INVALID_REPLY', 'proxy'],
  ['no content', { status: 204 }, 'ERR_INVALID_REPLY', 'proxy'],
  [
    'a redirect',
    { status: 307, headers: { location: 'https://elsewhere.example/keys' } },
    'ERR_SERVER_NOT_ALLOWED',
    'https://elsewhere.example',
  ],
  [
    'a value of another length',
    { status: 200, body: '{"value":"AAAA"}' },
    'ERR_MALFORMED_SEALED_KEY',
    'earlier version',
  ],
]

export const SIGN_IN_REPLIES: readonly KnownReply[] = [
  [
    'a wrong secret',
    refused(401, 'invalid_client', 7000215, 'Invalid client secret provided.'),
    'ERR_CREDENTIALS_INVALID',
    'AZURE_CLIENT_SECRET',
  ],
  [
    'an expired secret',
    refused(401, 'invalid_client', 7000222, 'The provided client secret keys are expired.'),
    'ERR_CREDENTIALS_INVALID',
    'expired',
  ],
  [
    'an unknown application',
    refused(400, 'unauthorized_client', 700016, 'Application was not found in the directory.'),
    'ERR_CREDENTIALS_INVALID',
    'AZURE_CLIENT_ID',
  ],
  [
    'an unknown tenant',
    refused(400, 'invalid_request', 90002, 'Tenant not found.'),
    'ERR_CREDENTIALS_INVALID',
    'AZURE_TENANT_ID',
  ],
  [
    'a vault of another cloud',
    refused(400, 'invalid_resource', 500011, 'The resource principal was not found in the tenant.'),
    'ERR_CREDENTIALS_INVALID',
    'az login --tenant',
  ],
  [
    'a disabled application',
    refused(400, 'unauthorized_client', 7000112, 'Application is disabled.'),
    'ERR_CREDENTIALS_INVALID',
    'disabled',
  ],
  [
    'a policy of the tenant',
    refused(400, 'interaction_required', 53003, 'Access has been blocked by Conditional Access policies.'),
    'ERR_ACCESS_DENIED',
    'conditional access',
  ],
  [
    'a second factor',
    refused(400, 'interaction_required', 50076, 'You must use multi-factor authentication.'),
    'ERR_CREDENTIALS_INVALID',
    'az login',
  ],
  [
    'a certificate that is not known',
    refused(401, 'invalid_client', 700027, 'Client assertion failed signature validation.'),
    'ERR_CREDENTIALS_INVALID',
    'AZURE_CLIENT_CERTIFICATE_PATH',
  ],
  [
    'a number that nobody knows',
    refused(400, 'invalid_grant', 1234567, 'Something else.'),
    'ERR_CREDENTIALS_INVALID',
    'AZURE_CLIENT_SECRET',
  ],
  ['too many sign-ins', { status: 429, headers: { 'retry-after': '30' }, body: '{}' }, 'ERR_THROTTLED', 'try again'],
  ['a sign-in at fault', { status: 503, headers: { 'retry-after': '30' }, body: '' }, 'ERR_UNAVAILABLE', 'sign-in'],
]
