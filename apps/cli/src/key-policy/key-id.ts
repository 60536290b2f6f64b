import { StacksealError } from '@stackseal/core'
import type { KeyUrl } from '@stackseal/core'
import { posix } from 'node:path'

/**
 * The name of the key in a URL: host and path joined as Go's path.Join does, which the reference uses.
 * @throws ERR_INVALID_KEY_URL where there is none
 */
export function keyIdOf(url: KeyUrl, example: string): string {
  const joined = posix
    .join(url.host ?? '', url.path)
    .replace(/\/$/, '')
    .replace(/^\//, '')
  if (url.opaque === undefined && joined !== '' && joined !== '.' && !/\p{Cc}/u.test(joined)) return joined
  throw wrongUrl(url, 'it names no key', example)
}

/** A key URL that no policy can be made for. */
export function wrongUrl(url: KeyUrl, reason: string, example: string): StacksealError {
  return new StacksealError('ERR_INVALID_KEY_URL', `the ${url.scheme} key URL is not usable: ${reason}`, {
    hint: `it looks like ${example}`,
    details: { scheme: url.scheme },
  })
}

/** The first value of a parameter. */
export function parameter(url: KeyUrl, name: string): string | undefined {
  return url.query.find(([key]) => key === name)?.[1]
}

/** A word for a POSIX shell, in quotes where it needs them. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
