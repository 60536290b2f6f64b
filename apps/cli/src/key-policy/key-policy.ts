import type { KeyUrl } from '@stackseal/core'
import { usageError } from '../usage-error.ts'
import { awsPolicy } from './aws-policy.ts'
import { azurePolicy } from './azure-policy.ts'
import { googlePolicy } from './google-policy.ts'
import type { KeyPolicy, PolicyOptions } from './policy-text.ts'
import { vaultPolicy } from './vault-policy.ts'

const POLICIES: Readonly<Record<string, (url: KeyUrl, options: PolicyOptions) => KeyPolicy>> = {
  awskms: awsPolicy,
  azurekeyvault: azurePolicy,
  gcpkms: googlePolicy,
  hashivault: vaultPolicy,
}

/**
 * The least rights for a key. Nothing is looked up: it follows from the key URL.
 * @throws ERR_USAGE for a scheme without rights or a principal of a wrong form, ERR_INVALID_KEY_URL
 */
export function keyPolicy(url: KeyUrl, options: PolicyOptions): KeyPolicy {
  const policy = Object.hasOwn(POLICIES, url.scheme) ? POLICIES[url.scheme] : undefined
  if (policy !== undefined) return policy(url, options)
  throw usageError(
    url.scheme === 'passphrase'
      ? 'a passphrase knows no rights: whoever has it opens the stack'
      : `which rights a key of ${url.scheme}: needs is not known here`,
    `policies are known for ${Object.keys(POLICIES).join(', ')}`,
  )
}
