import type { KeyUrl } from '@stackseal/core'
import { usageError } from '../usage-error.ts'
import { keyIdOf, shellWord, wrongUrl } from './key-id.ts'
import type { KeyPolicy, PolicyOptions } from './policy-text.ts'

const EXAMPLE = 'azurekeyvault://my-vault.vault.azure.net/keys/app'

// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security
const CRYPTO_USER = 'Key Vault Crypto User'
const CUSTOM_ROLE = 'Stackseal Key User'

const CLOUDS: Readonly<Record<string, string>> = {
  'vault.azure.cn': 'AzureChinaCloud',
  'vault.usgovcloudapi.net': 'AzureUSGovernment',
  'vault.microsoftazure.de': 'AzureGermanCloud',
}

/** A role assignment on the one key, a role that is narrower still, and the same for a vault with access policies. */
export function azurePolicy(url: KeyUrl, { principal }: PolicyOptions): KeyPolicy {
  const [, vault, suffix, key, version] =
    /^([A-Za-z0-9-]+)\.(vault\.[a-z\d.-]+)\/keys\/([A-Za-z0-9-]+)(?:\/([^/]+))?$/.exec(keyIdOf(url, EXAMPLE)) ?? []
  if (vault === undefined || suffix === undefined || key === undefined) {
    throw wrongUrl(url, 'it is not <vault>.vault.azure.net/keys/<name>', EXAMPLE)
  }
  if (principal === undefined || !/^[\w.@#+-]+(?::\/\/[\w./-]+)?$/.test(principal)) {
    throw usageError(
      '--principal is not a user, service principal or managed identity',
      'give its object id, its application id, or the sign-in name of a user',
    )
  }
  const who = shellWord(principal)
  const scope = [`VAULT_ID=$(az keyvault show --name ${vault} --query id --output tsv)`]
  const assign = (role: string): string =>
    `az role assignment create --role ${shellWord(role)} --assignee ${who} --scope "$VAULT_ID/keys/${key}"`
  const role = {
    Name: CUSTOM_ROLE,
    Description: 'Encrypts and decrypts with a key, and sees its versions.',
    Actions: [],
    // Reading is needed for the versions: without one in the URL, what an earlier version sealed is looked for there.
    DataActions: [
      'Microsoft.KeyVault/vaults/keys/encrypt/action',
      'Microsoft.KeyVault/vaults/keys/decrypt/action',
      ...(version === undefined ? ['Microsoft.KeyVault/vaults/keys/read'] : []),
    ],
    AssignableScopes: ['/subscriptions/SUBSCRIPTION_ID'],
  }
  const permissions = ['encrypt', 'decrypt', ...(version === undefined ? ['list'] : [])]
  const cloud = CLOUDS[suffix]
  return {
    parts: [
      {
        title: `The built-in role "${CRYPTO_USER}", on the key ${key} alone`,
        language: 'shell',
        text: [...scope, assign(CRYPTO_USER)].join('\n'),
      },
      {
        title: 'Narrower: a role of your own with nothing but what is used (role.json)',
        language: 'json',
        text: JSON.stringify(role, undefined, 2),
      },
      {
        title: 'The narrower role, made and assigned',
        language: 'shell',
        text: ['az role definition create --role-definition @role.json', ...scope, assign(CUSTOM_ROLE)].join('\n'),
      },
      {
        title: 'Instead, for a vault that uses access policies',
        language: 'shell',
        text: `az keyvault set-policy --name ${vault} ${policyFlag(principal)} ${who} --key-permissions ${permissions.join(' ')}`,
      },
    ],
    notes: [
      'Wrap and unwrap are other operations: a role with them alone does not open a stack.',
      ...(version === undefined
        ? []
        : [`Rights are given for a key, not for a version: the scope is ${key}, whatever version the URL names.`]),
      ...(cloud === undefined ? [] : [`The vault is in another cloud: first "az cloud set --name ${cloud}".`]),
      'An access policy counts for every key of the vault; a role assignment for this one.',
      'It takes some minutes until a role assignment counts.',
    ],
  }
}

function policyFlag(principal: string): string {
  if (principal.includes('@')) return '--upn'
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(principal) ? '--object-id' : '--spn'
}
