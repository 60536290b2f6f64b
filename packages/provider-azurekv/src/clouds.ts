import { type ProviderContext, StacksealError } from '@stackseal/core'

import type { AzureKey } from './azure-key.ts'

interface Cloud {
  readonly suffix: string
  readonly authority: string
}

/** Microsoft's clouds: where their vaults are, and where one signs in to them. */
const CLOUDS: readonly Cloud[] = [
  { suffix: '.vault.azure.net', authority: 'https://login.microsoftonline.com' },
  { suffix: '.vault.azure.cn', authority: 'https://login.chinacloudapi.cn' },
  { suffix: '.vault.usgovcloudapi.net', authority: 'https://login.microsoftonline.us' },
  { suffix: '.vault.microsoftazure.de', authority: 'https://login.microsoftonline.de' },
]

const ALLOW = 'STACKSEAL_ALLOW_ENDPOINTS'

/**
 * A document names the vault, so a document could name a server that collects data keys. Refused before any request.
 * @throws ERR_SERVER_NOT_ALLOWED unless the host is in one of Microsoft's clouds, or the user allows it
 */
export function checkServer({ host }: AzureKey, env: ProviderContext['env']): void {
  const name = host.toLowerCase()
  if (CLOUDS.some(({ suffix }) => name.endsWith(suffix))) return
  const allowed = (env[ALLOW] ?? '').split(',').map((entry) => entry.trim().toLowerCase())
  if (allowed.includes(name)) return
  throw new StacksealError('ERR_SERVER_NOT_ALLOWED', `the key URL names the server ${host}, which is not of Azure`, {
    hint: `if ${host} is your own Key Vault, for example of an Azure Stack, add it to ${ALLOW}`,
    details: { scheme: 'azurekeyvault', host },
  })
}

/** Where to sign in for a vault, when nobody says otherwise. */
export function authorityOf(host: string): string {
  const name = host.toLowerCase()
  const cloud = CLOUDS.find(({ suffix }) => name.endsWith(suffix)) ?? CLOUDS[0]
  return cloud?.authority ?? ''
}

/** Whether Microsoft's own sign-in can vouch for an authority. A private cloud is not known there. */
export function isKnownAuthority(authority: string): boolean {
  return CLOUDS.some((cloud) => new URL(cloud.authority).host === new URL(authority).host)
}
