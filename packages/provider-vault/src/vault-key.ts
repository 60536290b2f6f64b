import { type KeyUrl, StacksealError } from '@stackseal/core'

/** A transit key: `hashivault://KEY?engine=MOUNT`. */
export interface VaultKey {
  /** The mount path of the transit engine, without slashes at its ends. */
  readonly engine: string
  /** The key's name, cleaned as the reference cleans it. */
  readonly key: string
}

const DEFAULT_ENGINE = 'transit'

/**
 * Reads a key URL; does no I/O.
 * @throws ERR_INVALID_KEY_URL for another form, another parameter than `engine`, or a name that leaves the engine
 */
export function vaultKey(url: KeyUrl): VaultKey {
  // The reference opens hashivault:KEY, and then asks for a key without a name.
  if (url.opaque !== undefined) throw invalid('the two slashes are missing')
  for (const [name] of url.query) {
    if (name !== 'engine') throw invalid(`it has a parameter that Vault keys do not take: ${name}`)
  }
  const key = joinPath(url.host ?? '', url.path)
  if (key === '') throw invalid('it names no key')
  if (key.split('/')[0] === '..') throw invalid('its name leaves the transit engine')
  const engine = (url.query[0]?.[1] ?? '').replaceAll(/^\/+|\/+$/g, '') || DEFAULT_ENGINE
  // The reference cleans an engine path too; a document has no honest reason to climb out of one.
  if (engine.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw invalid('its engine is not the path of a mount')
  }
  if (hasControlCharacter(key) || hasControlCharacter(engine)) throw invalid('it holds a control character')
  return { engine, key }
}

/** Go's path.Join of host and path, without the slash that an empty host leaves in front. */
function joinPath(host: string, path: string): string {
  const rooted = host === ''
  const parts: string[] = []
  for (const part of `${host}/${path}`.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!rooted) parts.push(part)
  }
  return parts.join('/')
}

function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text)
}

function invalid(reason: string): StacksealError {
  return new StacksealError('ERR_INVALID_KEY_URL', `the hashivault key URL is not usable: ${reason}`, {
    hint: 'a Vault key URL looks like hashivault://app or hashivault://app?engine=team/transit',
    details: { scheme: 'hashivault' },
  })
}
