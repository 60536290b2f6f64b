import { type KeyUrl, StacksealError } from '@stackseal/core'

import { parseGoBool } from './go-bool.ts'

/** What an `awskms` key URL says: a KMS key, and how to get to it. */
export interface KmsKey {
  /** As it goes to KMS: a key id, an alias (`alias/app`), or the ARN of either. */
  readonly keyId: string
  /** An alias is a name that may be pointed at another key; a key id and a key's ARN are not. */
  readonly isAlias: boolean
  readonly arn: KeyArn | undefined
  readonly region: string | undefined
  readonly profile: string | undefined
  readonly endpoint: string | undefined
  /** A role to assume, as an ARN. */
  readonly role: string | undefined
  readonly fips: boolean
  readonly dualstack: boolean
  readonly anonymous: boolean
  /** The encryption context: bound to the sealed key by KMS, shown in CloudTrail, no secret. */
  readonly context: Readonly<Record<string, string>>
}

export interface KeyArn {
  readonly region: string
  readonly account: string
}

const CONTEXT = 'context_'
const BOOLEANS = ['dualstack', 'fips', 'anonymous', 'hostname_immutable']
const CHECKSUMS = ['request_checksum_calculation', 'response_checksum_validation']
const TEXTS = ['region', 'profile', 'endpoint', 'role', 'rate_limiter_capacity', 'awssdk']
const KNOWN: ReadonlySet<string> = new Set([...BOOLEANS, ...CHECKSUMS, ...TEXTS])

/**
 * Reads a key URL; does no I/O.
 * @throws ERR_INVALID_KEY_URL for another form, or a parameter that is not known or has a value that it can't have
 */
export function kmsKey(url: KeyUrl): KmsKey {
  // The reference opens awskms:alias/app, and then asks for a key without a name.
  if (url.opaque !== undefined) throw invalid('the two slashes are missing')
  const keyId = joinPath(url.host ?? '', url.path)
  if (keyId === '') throw invalid('it names no key')
  if (/\p{Cc}/u.test(keyId)) throw invalid('it holds a control character')
  const first = firstValues(url)
  checkValues(first)
  const text = (name: string): string | undefined => first.get(name) || undefined
  const isTrue = (name: string): boolean => parseGoBool(first.get(name) ?? 'false') === true
  return {
    keyId,
    isAlias: /^(?:arn:[^:]*:kms:[^:]*:[^:]*:)?alias\//.test(keyId),
    arn: arnOf(keyId),
    region: text('region'),
    profile: text('profile'),
    endpoint: text('endpoint'),
    role: text('role'),
    fips: isTrue('fips'),
    dualstack: isTrue('dualstack'),
    anonymous: isTrue('anonymous'),
    context: contextOf(url),
  }
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

/** Of a parameter that is repeated the first value counts, as in the reference. */
function firstValues(url: KeyUrl): ReadonlyMap<string, string> {
  const first = new Map<string, string>()
  for (const [name, value] of url.query) {
    if (name.startsWith(CONTEXT)) continue
    if (!KNOWN.has(name)) throw invalid(`it has a parameter that AWS keys do not take: ${name}`)
    if (!first.has(name)) first.set(name, value)
  }
  return first
}

function checkValues(first: ReadonlyMap<string, string>): void {
  for (const [name, value] of first) {
    if (BOOLEANS.includes(name) && parseGoBool(value) === undefined) throw invalid(`${name} is neither true nor false`)
    if (CHECKSUMS.includes(name) && !/^when_(?:supported|required)$/i.test(value)) {
      throw invalid(`${name} is neither when_supported nor when_required`)
    }
  }
  const role = first.get('role')
  if (role?.startsWith('arn:') === false) throw invalid('its role is not an ARN, which starts with arn:')
  // It bounds the reference's own repetitions; here core bounds them. It is checked all the same.
  const capacity = first.get('rate_limiter_capacity') ?? '0'
  if (!/^[+-]?\d+$/.test(capacity) || Math.abs(Number(capacity) + 0.5) > 2 ** 31) {
    throw invalid('its rate_limiter_capacity is not a number of 32 bits')
  }
  // A region becomes a part of a server's name (RFC 1123 §2.1).
  const region = first.get('region') ?? ''
  if (region !== '' && !/^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(region)) throw invalid('its region is no region')
}

function contextOf(url: KeyUrl): Readonly<Record<string, string>> {
  const context = new Map<string, string>()
  for (const [name, value] of url.query) {
    if (!name.startsWith(CONTEXT)) continue
    const entry = name.slice(CONTEXT.length)
    if (context.has(entry)) throw invalid(`it gives ${name} more than once`)
    context.set(entry, value)
  }
  // Also __proto__ is a name like any other.
  return Object.fromEntries(context)
}

function arnOf(keyId: string): KeyArn | undefined {
  const [, region, account] = /^arn:[^:]*:kms:([^:]*):([^:]*):/.exec(keyId) ?? []
  return region === undefined || account === undefined ? undefined : { region, account }
}

function invalid(reason: string): StacksealError {
  return new StacksealError('ERR_INVALID_KEY_URL', `the awskms key URL is not usable: ${reason}`, {
    hint: 'an AWS key URL looks like awskms://alias/app?region=eu-west-1 or awskms:///arn:aws:kms:eu-west-1:…:key/…',
    details: { scheme: 'awskms' },
  })
}
