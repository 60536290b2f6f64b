import type { KeyUrl } from '@stackseal/core'
import { keyIdOf, parameter, shellWord, wrongUrl } from './key-id.ts'
import type { KeyPolicy, PolicyOptions } from './policy-text.ts'

const EXAMPLE = 'hashivault://app?engine=transit'
const DEFAULT_ENGINE = 'transit'

/** A policy of Vault or OpenBao for the two paths of the one key. */
export function vaultPolicy(url: KeyUrl, { principal }: PolicyOptions): KeyPolicy {
  const key = keyIdOf(url, EXAMPLE)
  const engine = (parameter(url, 'engine') || DEFAULT_ENGINE).replace(/^\/+|\/+$/g, '')
  // In the path of a policy these are patterns, or end the text: such a name can't be meant exactly.
  if (/[*+"\\{}]/.test(key + engine) || key.startsWith('..')) {
    throw wrongUrl(url, 'its key or engine has a character that a policy can not name exactly', EXAMPLE)
  }
  const paths = ['encrypt', 'decrypt'].map(
    (operation) => `path "${engine}/${operation}/${key}" {\n  capabilities = ["update"]\n}`,
  )
  const name = `stackseal-${key.replaceAll(/[^A-Za-z0-9_.-]/g, '-')}`
  const holder = principal === undefined ? '' : ` -display-name=${shellWord(principal)}`
  return {
    parts: [
      { title: `The policy (${name}.hcl)`, language: 'hcl', text: paths.join('\n\n') },
      {
        title: `The policy, made and given to a token${principal === undefined ? '' : ` of ${principal}`}`,
        language: 'shell',
        text: [`vault policy write ${name} ${name}.hcl`, `vault token create -policy=${name}${holder}`].join('\n'),
      },
    ],
    notes: [
      'Who only reads secrets needs the decrypt path alone.',
      'With the right to encrypt, Vault makes a key that is not there only for tokens that may also create; this policy does not.',
      `For a role of an auth method, add ${name} to its token_policies instead of making a token.`,
      'In a namespace (VAULT_NAMESPACE) the policy is written there; bao takes the same words as vault.',
    ],
  }
}
