import { decodeBase64, type KeyUrl, StacksealError } from '@stackseal/core'

/** A symmetric key of Cloud KMS: `gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K`. */
export interface CryptoKey {
  /** The resource name, cleaned as the reference cleans it. */
  readonly name: string
  readonly project: string
  readonly location: string
  readonly keyRing: string
  readonly key: string
  /** Bound to what is sealed; not stored with it. Undefined where there is none. */
  readonly additionalData: Uint8Array | undefined
}

const AAD = 'additional_authenticated_data'
const RESOURCE = /^projects\/([^/]+)\/locations\/([^/]+)\/keyRings\/([^/]+)\/cryptoKeys\/([^/]+)$/

/**
 * Reads a key URL; does no I/O. The reference takes any path and lets the service refuse it.
 * @throws ERR_INVALID_KEY_URL for another form, another parameter, or a path that is not a key's
 */
export function cryptoKey(url: KeyUrl): CryptoKey {
  if (url.opaque !== undefined) throw invalid('the two slashes are missing')
  for (const [name] of url.query) {
    if (name !== AAD) throw invalid(`it has a parameter that Cloud KMS keys do not take: ${name}`)
  }
  const name = joinPath(url.host ?? '', url.path)
  if (/[\s\p{Cc}]/u.test(name)) throw invalid('its resource name holds a space or a control character')
  const [, project, location, keyRing, key] = RESOURCE.exec(name) ?? []
  if (project === undefined || location === undefined || keyRing === undefined || key === undefined) {
    throw wrongName(name)
  }
  return { name, project, location, keyRing, key, additionalData: readAdditionalData(url) }
}

function wrongName(name: string): StacksealError {
  if (name.startsWith('/')) {
    return invalid('it has three slashes', 'the project follows two slashes: gcpkms://projects/…')
  }
  const version = /^(.+\/cryptoKeys\/[^/]+)\/cryptoKeyVersions\/[^/]*$/.exec(name)?.[1]
  if (version === undefined) return invalid('its path is not the resource name of a key')
  // Such a name encrypts and then can't decrypt: what is made under it would be lost.
  return invalid(
    'it names one version of a key, under which Cloud KMS encrypts and does not decrypt',
    `take /cryptoKeyVersions/… off: ${version} finds the version by itself`,
  )
}

/** Go's path.Join of host and path; a leading slash stays where there is no host. */
function joinPath(host: string, path: string): string {
  const rooted = host === ''
  const parts: string[] = []
  for (const part of `${host}/${path}`.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!rooted) parts.push(part)
  }
  return `${rooted ? '/' : ''}${parts.join('/')}`
}

/** Padded base64url (RFC 4648 §5), of the first parameter where there are several, as in the reference. */
function readAdditionalData(url: KeyUrl): Uint8Array | undefined {
  const text = url.query[0]?.[1] ?? ''
  const standard = text.replaceAll('-', '+').replaceAll('_', '/')
  const result = /[+/]/.test(text) ? undefined : decodeBase64(standard)
  if (result === undefined || 'invalidAt' in result) {
    throw invalid(`${AAD} is not base64`, `${AAD} takes padded base64url, with - and _ in place of + and /`)
  }
  return result.bytes.length === 0 ? undefined : result.bytes
}

const HINT =
  'a Google Cloud KMS key URL looks like gcpkms://projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY'

function invalid(reason: string, hint: string = HINT): StacksealError {
  return new StacksealError('ERR_INVALID_KEY_URL', `the gcpkms key URL is not usable: ${reason}`, {
    hint,
    details: { scheme: 'gcpkms' },
  })
}
