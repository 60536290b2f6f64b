import type { KeyUrl } from '@stackseal/core'
import { usageError } from '../usage-error.ts'
import { keyIdOf, shellWord, wrongUrl } from './key-id.ts'
import type { KeyPolicy, PolicyOptions } from './policy-text.ts'

const EXAMPLE = 'gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K'
// https://cloud.google.com/kms/docs/reference/permissions-and-roles
const ROLE = 'roles/cloudkms.cryptoKeyEncrypterDecrypter'
const PART = String.raw`([\w.:-]+)`
const KEY = new RegExp(
  `^projects/${PART}/locations/${PART}/keyRings/${PART}/cryptoKeys/${PART}(?:/cryptoKeyVersions/\\d+)?$`,
)

/** An IAM binding on the one key. */
export function googlePolicy(url: KeyUrl, { principal }: PolicyOptions): KeyPolicy {
  const [, project, location, ring, key] = KEY.exec(keyIdOf(url, EXAMPLE)) ?? []
  if (project === undefined || location === undefined || ring === undefined || key === undefined) {
    throw wrongUrl(url, 'it is not the resource name of a key', EXAMPLE)
  }
  const member = memberOf(principal)
  const command = [
    `gcloud kms keys add-iam-policy-binding ${key}`,
    `--project ${project} --location ${location} --keyring ${ring}`,
    `--member ${shellWord(member)}`,
    `--role ${ROLE}`,
  ]
  return {
    parts: [
      { title: `The binding, on the key ${key} alone`, language: 'shell', text: command.join(' \\\n  ') },
      {
        title: 'The same as an entry of "bindings" in the IAM policy of the key',
        language: 'json',
        text: JSON.stringify({ role: ROLE, members: [member] }, undefined, 2),
      },
    ],
    notes: [
      'Who only reads secrets needs roles/cloudkms.cryptoKeyDecrypter.',
      'A key policy that is written as a whole replaces what is there: take what "gcloud kms keys get-iam-policy" says, and add the entry.',
    ],
  }
}

function memberOf(principal: string | undefined): string {
  if (
    principal !== undefined &&
    /^(?:user|serviceAccount|group|domain):[^\s]+$|^principal(?:Set)?:\/\/[^\s]+$/.test(principal)
  )
    return principal
  if (principal !== undefined && /^[^\s:@]+@[^\s:@]+$/.test(principal)) {
    return `${principal.endsWith('.gserviceaccount.com') ? 'serviceAccount' : 'user'}:${principal}`
  }
  throw usageError(
    '--principal is not a member of a Google IAM policy',
    'for example serviceAccount:deploy@my-project.iam.gserviceaccount.com, user:NAME@example.com or principalSet://…',
  )
}
