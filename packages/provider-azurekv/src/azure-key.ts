import { type KeyUrl, StacksealError } from '@stackseal/core'

/** A key of Key Vault: `azurekeyvault://VAULT.vault.azure.net/keys/NAME/VERSION?algorithm=RSA-OAEP-256`. */
export interface AzureKey {
  /** The vault's host, in the case in which it was written. */
  readonly host: string
  readonly name: string
  /** Undefined: the latest. */
  readonly version: string | undefined
  /** The service's own name for it, not looked at here. */
  readonly algorithm: string
}

const DEFAULT_ALGORITHM = 'RSA-OAEP-256'
// The reference's pattern. Lower case after `.vault.`, no port, no managed HSM: none of those opens in Pulumi.
const REFERENCE = /^https:\/\/.+\.vault\.[a-z\d.-]+\/keys\/.+$/
// RFC 1123 §2.1, so that no host reads as another one after a client has cleaned it.
const HOST = /^(?:[A-Za-z\d](?:[A-Za-z\d-]*[A-Za-z\d])?\.)+[A-Za-z\d](?:[A-Za-z\d-]*[A-Za-z\d])?$/

/**
 * Reads a key URL; does no I/O.
 * @throws ERR_INVALID_KEY_URL for another form, another parameter than `algorithm`, or an empty algorithm
 */
export function azureKey(url: KeyUrl): AzureKey {
  if (url.opaque !== undefined) throw invalid('the two slashes are missing')
  let algorithm: string | undefined
  for (const [name, value] of url.query) {
    if (name !== 'algorithm') throw invalid(`it has a parameter that Key Vault keys do not take: ${name}`)
    algorithm ??= value
  }
  if (algorithm === '') throw invalid('its algorithm is empty')
  const id = joinPath(url.host ?? '', url.path)
  if (/\p{Cc}/u.test(id)) throw invalid('it holds a control character')
  const [host = '', collection, name, ...version] = id.split('/')
  if (/\.managedhsm\./i.test(host)) throw invalid('a managed HSM is no vault, and opens in no version of Pulumi')
  if (/:\d*$/.test(host)) throw invalid('its host has a port, which a vault never has')
  if (!HOST.test(host) || !REFERENCE.test(`https://${id}`)) throw invalid('it is not the address of a key in a vault')
  if (collection !== 'keys' || name === undefined) throw invalid('keys/ and a name have to follow the host')
  return {
    host,
    name,
    version: version.length === 0 ? undefined : version.join('/'),
    algorithm: algorithm ?? DEFAULT_ALGORITHM,
  }
}

/** Go's path.Join of host and path: the reference cleans both as one. */
function joinPath(host: string, path: string): string {
  const parts: string[] = []
  for (const part of `${host}/${path}`.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else parts.pop()
  }
  // An empty host leaves a slash in front: no vault's name.
  return host === '' ? `/${parts.join('/')}` : parts.join('/')
}

function invalid(reason: string): StacksealError {
  return new StacksealError('ERR_INVALID_KEY_URL', `the azurekeyvault key URL is not usable: ${reason}`, {
    hint: 'a Key Vault key URL looks like azurekeyvault://my-vault.vault.azure.net/keys/my-key, with /VERSION at its end or without',
    details: { scheme: 'azurekeyvault' },
  })
}
