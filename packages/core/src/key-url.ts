import { StacksealError } from './errors.ts'

/**
 * Names a key: `awskms://alias/app?region=eu-west-1`, `passphrase:`. It never holds a credential and prints back byte
 * for byte. The grammar is RFC 3986 as Go's net/url reads it, which differs from WHATWG URLs: nothing is normalised,
 * a host may be empty (`awskms:///arn:aws:kms:…`), a `+` in the query is a space. What follows a `#` means nothing.
 */
export interface KeyUrl {
  /** The text as it was given. */
  readonly text: string
  /** Lower case. */
  readonly scheme: string
  /** What stands between `//` and the next `/`, percent-decoded, with its port; undefined where there is no `//`. */
  readonly host: string | undefined
  /** Percent-decoded; empty, or starting with `/` where there is a host. */
  readonly path: string
  /** What follows the colon where no `/` does, as it stands (`passphrase:` has the empty one); else undefined. */
  readonly opaque: string | undefined
  /** Decoded pairs in the order in which they stand; a name may come twice. */
  readonly query: readonly (readonly [name: string, value: string])[]
  toString(): string
}

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/

/**
 * Parses a key URL; does no I/O and knows no provider's parameters. Where the reference would pass over a part that it
 * can not read (a broken parameter) or would keep what can't be printed (bytes that are not UTF-8), it is refused.
 * @throws ERR_INVALID_KEY_URL
 */
export function parseKeyUrl(text: string): KeyUrl {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused here
  if (/[\u0000-\u001f\u007f]/.test(text)) throw invalid(text, 'it holds a control character')
  if (!text.isWellFormed()) throw invalid(text, 'it holds half of a surrogate pair')
  const scheme = SCHEME.exec(text)?.[1]
  if (scheme === undefined) throw invalid(text, 'it has no scheme')
  const [beforeFragment, fragment] = cut(text.slice(scheme.length + 1), '#')
  const [hierarchy, queryText] = cut(beforeFragment, '?')
  const parts = { text, scheme: scheme.toLowerCase(), query: parseQuery(text, queryText), toString: () => text }
  percentDecode(text, fragment)

  if (!hierarchy.startsWith('/')) return { ...parts, host: undefined, path: '', opaque: hierarchy }
  if (!hierarchy.startsWith('//')) {
    return { ...parts, host: undefined, path: percentDecode(text, hierarchy), opaque: undefined }
  }
  const slash = hierarchy.indexOf('/', 2)
  const host = parseHost(text, slash < 0 ? hierarchy.slice(2) : hierarchy.slice(2, slash))
  return { ...parts, host, path: slash < 0 ? '' : percentDecode(text, hierarchy.slice(slash)), opaque: undefined }
}

// An address in brackets is checked by its characters only.
const IP_LITERAL = /^\[[\dA-Fa-f.]*:[\dA-Fa-f:.]*\](?::\d*)?$/
// RFC 3986 §3.2.2: what stays of ASCII may not stand in a host, and only other bytes may be escaped (and the % itself).
const NOT_IN_HOST = /[ \\^`{|}]|%(?!25|[89A-Fa-f][\dA-Fa-f])/

function parseHost(text: string, authority: string): string {
  if (authority.includes('@')) {
    throw invalid(text, 'it holds a user name or password, which a key URL never does', {
      hint: 'take the part before the @ out and give credentials the way your cloud does',
    })
  }
  if (authority.includes('[')) {
    if (IP_LITERAL.test(authority)) return authority
    throw invalid(text, 'what stands in brackets is not an IPv6 address')
  }
  const port = /:([^:]*)$/.exec(authority)?.[1] ?? ''
  if (!/^\d*$/.test(port)) {
    throw invalid(text, 'what follows a colon in its host is not a port', {
      hint: 'a name that has colons takes three slashes: awskms:///arn:aws:kms:…',
    })
  }
  if (NOT_IN_HOST.test(authority)) throw invalid(text, 'its host has a character that hosts can not have')
  return percentDecode(text, authority)
}

function parseQuery(text: string, query: string): KeyUrl['query'] {
  const pairs: [string, string][] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    if (part.includes(';')) throw invalid(text, 'a semicolon can not separate parameters')
    const [name, value] = cut(part, '=')
    pairs.push([percentDecode(text, name.replaceAll('+', ' ')), percentDecode(text, value.replaceAll('+', ' '))])
  }
  return pairs
}

function cut(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}

function percentDecode(text: string, part: string): string {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    // decodeURIComponent's one error: not %XX, or bytes that are not UTF-8
    throw invalid(text, 'it holds a broken percent escape')
  }
}

// The message shows the scheme and nothing else of the text: somebody may have put a credential into it.
function invalid(text: string, reason: string, { hint = HINT }: { hint?: string } = {}): StacksealError {
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase()
  const which = scheme === undefined ? 'the key URL' : `the ${scheme} key URL`
  return new StacksealError('ERR_INVALID_KEY_URL', `${which} is not usable: ${reason}`, {
    hint,
    details: scheme === undefined ? {} : { scheme },
  })
}

const HINT = 'a key URL looks like awskms://alias/app?region=eu-west-1, or is the word passphrase'
