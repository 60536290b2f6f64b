import type { AzureCall, AzureFailure } from './azure-fault.ts'
import type { ErrorRow } from './error-row.ts'

const vaultOf = ({ host }: AzureCall): string => host.split('.')[0] ?? host
const show = (call: AzureCall): string => `az keyvault key show --vault-name ${vaultOf(call)} --name ${call.name}`

function wrongKey(call: AzureCall, { otherVersions }: AzureFailure): string {
  const { name, host, version } = call
  const which =
    version === undefined ? `the key ${name} of ${host}` : `version ${version} of the key ${name} of ${host}`
  const start = `${which} does not open this encryptedkey: the line was changed, or the key was made anew`
  if (otherVersions === undefined) return `${start}, or another version or algorithm= of it is meant`
  if (!otherVersions.mayList) {
    return (
      `${start}, or it was rotated: put the version that sealed into the key URL, or give the caller keys/list, so that ` +
      'older versions can be tried'
    )
  }
  const { tried, disabled } = otherVersions
  const disabledToo = disabled === 0 ? '' : `; ${disabled} more are disabled, and were not tried`
  return `${start} (${tried} of its older versions do not open it either${disabledToo})`
}

/**
 * What Key Vault answers. It has few codes; the inner ones say more, and not every refusal has one.
 * https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
 */
export const VAULT_ERRORS: readonly ErrorRow[] = [
  {
    when: ({ foreignChallenge }) => foreignChallenge === true,
    code: 'ERR_SERVER_NOT_ALLOWED',
    hint: ({ host }) => `${host} asks for a token that is not for vaults of its own domain; none was sent`,
  },
  {
    status: [300, 399],
    code: 'ERR_SERVER_NOT_ALLOWED',
    hint: ({ host }, { redirectedTo = 'elsewhere' }) =>
      `${host} sends the request on to ${redirectedTo}; it was not followed: check the network and the proxy`,
  },
  {
    status: [200, 299],
    code: 'ERR_INVALID_REPLY',
    hint: ({ host }) => `what answers for ${host} is not Key Vault: check the network and the proxy`,
  },
  {
    vaultCode: /^(?:KeyDisabled)$/,
    code: 'ERR_KEY_DISABLED',
    hint: (call) =>
      `enable it: az keyvault key set-attributes --vault-name ${vaultOf(call)} --name ${call.name} --enabled true`,
  },
  {
    vaultCode: /^(?:KeyExpired|KeyNotYetValid)$/,
    code: 'ERR_KEY_DISABLED',
    hint: (call) =>
      `the key is outside of the dates in which it may be used: see them with ${show(call)}, and change them or rotate it`,
  },
  {
    status: 403,
    text: /disabled key|expired key|not yet valid|key (?:is )?not yet/,
    code: 'ERR_KEY_DISABLED',
    hint: (call) => `see whether the key is enabled, and its dates: ${show(call)}`,
  },
  {
    vaultCode: /^KeyOperationForbidden$/,
    code: 'ERR_KEY_NOT_USABLE',
    hint: (call) => `its key operations must hold encrypt and decrypt: see them with ${show(call)}`,
  },
  {
    status: 403,
    text: /not permitted on this key/,
    code: 'ERR_KEY_NOT_USABLE',
    hint: (call) => `its key operations must hold encrypt and decrypt: see them with ${show(call)}`,
  },
  {
    vaultCode: /^(?:ForbiddenByFirewall|ForbiddenByConnection|ForbiddenByNetworkSecurityPerimeter)$/,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ host }) => `the firewall of ${host} refuses this network: allow it there, or come by its private endpoint`,
  },
  {
    status: 403,
    text: /client address|public network access/i,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ host }) => `the firewall of ${host} refuses this network: allow it there, or come by its private endpoint`,
  },
  {
    status: 403,
    code: 'ERR_ACCESS_DENIED',
    hint: ({ name, host, operation }) =>
      `the caller needs keys/${operation} on ${name} of ${host}: the role "Key Vault Crypto User" on that key, or an ` +
      `access policy with keys encrypt and decrypt; a new right takes some minutes`,
  },
  {
    status: 401,
    when: ({ number }) => number === 'AKV10032' || number === 'AKV10022',
    code: 'ERR_CREDENTIALS_INVALID',
    hint: () =>
      'the token is of another tenant or cloud than the vault: check AZURE_TENANT_ID and AZURE_AUTHORITY_HOST',
  },
  {
    status: 401,
    when: ({ notAVault }) => notAVault !== true,
    code: 'ERR_CREDENTIALS_INVALID',
    hint: (_, { from }) =>
      from === undefined
        ? 'the vault does not take this sign-in: sign in again with az login'
        : `the vault does not take this sign-in: check ${from} and AZURE_TENANT_ID`,
  },
  {
    status: 404,
    when: ({ notAVault }) => notAVault !== true,
    code: 'ERR_KEY_NOT_FOUND',
    hint: (call) =>
      `check name and version in the key URL; a key that was deleted can be had back: az keyvault key recover ` +
      `--vault-name ${vaultOf(call)} --name ${call.name}`,
  },
  {
    status: 409,
    code: 'ERR_KEY_DISABLED',
    hint: (call) =>
      `the key is deleted, or being recovered: az keyvault key recover --vault-name ${vaultOf(call)} --name ${call.name}`,
  },
  {
    status: 400,
    when: ({ notAVault }, { operation }) => notAVault !== true && operation === 'encrypt',
    code: 'ERR_KEY_NOT_USABLE',
    hint: (call) => `${call.name} must be an RSA key that knows ${call.algorithm}: see its type with ${show(call)}`,
  },
  {
    status: 400,
    when: ({ notAVault }) => notAVault !== true,
    code: 'ERR_WRONG_KEY',
    hint: wrongKey,
  },
  { status: 408, code: 'ERR_TIMEOUT', hint: () => 'the vault waited too long for the request: try again' },
  {
    status: 429,
    code: 'ERR_THROTTLED',
    hint: ({ host }) => `${host} has had too many requests: try again later`,
  },
  { status: [500, 599], code: 'ERR_UNAVAILABLE', hint: () => 'Key Vault has a fault: try again' },
  // What a proxy, or a page before the vault, answers.
  {
    status: [400, 499],
    when: ({ notAVault }) => notAVault === true,
    code: 'ERR_INVALID_REPLY',
    hint: ({ host }) => `what answers for ${host} is not Key Vault: check the network and the proxy`,
  },
]
