import { StacksealError } from './errors.ts'

/**
 * Names a key: `awskms://alias/app?region=eu-west-1`, `passphrase:`. It never holds a credential and prints back byte
 * for byte. The grammar is RFC 3986 as Go's net/url reads it, which differs from WHATWG URLs: nothing is normalised,
 * a host may be empty (`awskms:///arn:aws:kms:…`), a `+` in the query is a space.
 */
export interface KeyUrl {
  /** The text as it was given. */
  readonly text: string
  /** Lower case. */
  readonly scheme: string
  /** What stands between `//` and the next `/`, percent-decoded; undefined where there is no `//`. */
  readonly host: string | undefined
  /** Percent-decoded; empty, or starting with `/` where there is a host. */
  readonly path: string
  /** What follows the colon where no `/` does (`passphrase:` has the empty one), undefined for `scheme:/…`. */
  readonly opaque: string | undefined
  /** Decoded pairs in the order in which they stand; a name may come twice. */
  readonly query: readonly (readonly [name: string, value: string])[]
  toString(): string
}

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/

/**
 * Parses a key URL; does no I/O and knows no provider's parameters.
 * @throws ERR_INVALID_KEY_URL
 */
export function parseKeyUrl(text: string): KeyUrl {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused here
  if (/[\u0000-\u001f\u007f]/.test(text)) throw invalid(text, 'it holds a control character')
  const scheme = SCHEME.exec(text)?.[1]
  if (scheme === undefined) throw invalid(text, 'it has no scheme')
  const [beforeFragment] = text.slice(scheme.length + 1).split('#', 1) as [string]
  const questionMark = beforeFragment.indexOf('?')
  const hierarchy = questionMark < 0 ? beforeFragment : beforeFragment.slice(0, questionMark)
  const queryText = questionMark < 0 ? '' : beforeFragment.slice(questionMark + 1)
  const parts = { text, scheme: scheme.toLowerCase(), query: parseQuery(text, queryText), toString: () => text }

  if (!hierarchy.startsWith('/')) return { ...parts, host: undefined, path: '', opaque: hierarchy }
  if (!hierarchy.startsWith('//')) {
    return { ...parts, host: undefined, path: percentDecode(text, hierarchy), opaque: undefined }
  }
  const slash = hierarchy.indexOf('/', 2)
  const authority = slash < 0 ? hierarchy.slice(2) : hierarchy.slice(2, slash)
  if (authority.includes('@')) {
    throw new StacksealError('ERR_INVALID_KEY_URL', `the ${parts.scheme} key URL holds a user name or password, which a key URL never does`, {
      hint: 'take the part before the @ out and give credentials the way your cloud does',
      details: { scheme: parts.scheme },
    })
  }
  const path = slash < 0 ? '' : percentDecode(text, hierarchy.slice(slash))
  return { ...parts, host: percentDecode(text, authority), path, opaque: undefined }
}

function parseQuery(text: string, query: string): KeyUrl['query'] {
  const pairs: [string, string][] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    if (part.includes(';')) throw invalid(text, 'a semicolon can not separate parameters')
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    const value = equals < 0 ? '' : part.slice(equals + 1)
    pairs.push([percentDecode(text, name.replaceAll('+', ' ')), percentDecode(text, value.replaceAll('+', ' '))])
  }
  return pairs
}

function percentDecode(text: string, part: string): string {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid(text, 'it holds a broken percent escape')
  }
}

function invalid(text: string, reason: string): StacksealError {
  const scheme = SCHEME.exec(text)?.[1]
  return new StacksealError('ERR_INVALID_KEY_URL', `the key URL is not usable: ${reason}`, {
    hint: 'a key URL looks like awskms://alias/app?region=eu-west-1, or is the word passphrase',
    details: scheme === undefined ? {} : { scheme },
  })
}
