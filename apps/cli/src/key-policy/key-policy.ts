import type { KeyUrl } from '@stackseal/core'
import { usageError } from '../usage-error.ts'
import { awsPolicy } from './aws-policy.ts'
import { azurePolicy } from './azure-policy.ts'
import { googlePolicy } from './google-policy.ts'
import { vaultPolicy } from './vault-policy.ts'

/** The least rights that somebody needs to use one key, as text that can be pasted. */
export interface KeyPolicy {
  readonly parts: readonly PolicyPart[]
  /** What has to be known beside the text, one sentence or two each. */
  readonly notes: readonly string[]
}

export interface PolicyPart {
  /** What it is and where it goes, in one line. */
  readonly title: string
  readonly language: 'json' | 'hcl' | 'shell'
  /** Ends without a newline. */
  readonly text: string
}

/** Whose rights they are, and what is known of the world. */
export interface PolicyOptions {
  /** As the service names whoever calls it. */
  readonly principal: string | undefined
  /** Where the region of an AWS key comes from if neither its URL nor its ARN says it. */
  readonly env: Readonly<Record<string, string | undefined>>
}

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
