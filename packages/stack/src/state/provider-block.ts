import { parseKeyUrl, type SealedKey, StacksealError } from '@stackseal/core'
import { goJsonString } from '../values/go-json.ts'

/**
 * What the `secrets_providers` of a state says of its key. `passphrase` and `cloud` are opened through the provider of their
 * key URL; a `service` key is held by Pulumi Cloud and stays there.
 */
export type StateProvider =
  | { readonly type: 'passphrase' | 'cloud'; readonly sealedKey: SealedKey }
  | { readonly type: 'service' }
  | { readonly type: 'unknown'; readonly name: string }

/**
 * Reads a provider block; undefined where it names no type, as the reference reads it.
 * @throws ERR_MALFORMED_SEALED_KEY, ERR_INVALID_KEY_URL
 */
export function parseProviderBlock(text: string): StateProvider | undefined {
  const block = members(JSON.parse(text))
  const type = block?.['type']
  if (type === undefined || type === null || type === '') return undefined
  if (typeof type !== 'string') throw malformed('its type is not text')
  const state = members(block?.['state'])
  switch (type) {
    case 'passphrase':
      return { type, sealedKey: { url: parseKeyUrl('passphrase:'), sealed: field(state, 'salt') } }
    case 'cloud': {
      const url = field(state, 'url')
      return { type, sealedKey: { url: parseKeyUrl(url), sealed: field(state, 'encryptedkey') } }
    }
    case 'service':
      return { type }
    default:
      return { type: 'unknown', name: type }
  }
}

/**
 * The sealed key of a state.
 * @throws ERR_SERVICE_SECRETS, ERR_UNKNOWN_PROVIDER, ERR_MISSING_SEALED_KEY
 */
export function requireSealedKey(provider: StateProvider | undefined): SealedKey {
  if (provider === undefined) {
    throw new StacksealError(
      'ERR_MISSING_SEALED_KEY',
      'the state holds secrets, but no secrets_providers that says how they are opened',
      { hint: 'take secrets_providers from an earlier version of the state, or name the stack file that has the key' },
    )
  }
  if ('sealedKey' in provider) return provider.sealedKey
  if (provider.type === 'service') {
    throw new StacksealError('ERR_SERVICE_SECRETS', 'the secrets of this state are held by Pulumi Cloud', {
      hint: 'pulumi stack export --show-secrets opens them; pulumi stack change-secrets-provider moves them to a key of yours',
    })
  }
  throw new StacksealError('ERR_UNKNOWN_PROVIDER', 'the state names a kind of secrets provider that is not known', {
    details: { type: provider.name },
  })
}

/** How the members of a block are spaced and escaped. */
export interface BlockStyle {
  /** What stands before each member: a line end and the indentation, white space, or nothing. */
  readonly beforeMember: string
  /** What the indentation of an inner member has more than that of its outer one. */
  readonly indent: string
  readonly afterColon: string
  /** `<`, `>` and `&` stand as `\u0026` and the like, as the reference writes them. */
  readonly escapesHtml: boolean
}

/** On one line without spaces, as it stands in the files of a backend. */
export const COMPACT_BLOCK: BlockStyle = { beforeMember: '', indent: '', afterColon: '', escapesHtml: true }

/**
 * Writes a provider block byte for byte as Pulumi writes it for this sealed key, in the spacing of its place: Pulumi takes
 * two blocks for two keys as soon as one byte of their state differs.
 */
export function printProviderBlock({ url, sealed }: SealedKey, style: BlockStyle): string {
  const text = (value: string): string => goJsonString(value, style.escapesHtml)
  const { beforeMember, afterColon } = style
  const isPassphrase = url.scheme === 'passphrase'
  const lines = beforeMember.includes('\n')
  const inner = lines ? beforeMember + style.indent : beforeMember
  // On one line what follows a comma is what follows a colon: nothing, or a space.
  const comma = (before: string): string => `,${lines ? before : afterColon}`
  const outer = lines ? beforeMember.slice(0, beforeMember.length - style.indent.length) : beforeMember
  const member = (name: string, value: string): string => `"${name}":${afterColon}${value}`
  const state = isPassphrase
    ? member('salt', text(sealed))
    : member('url', text(url.text)) + comma(inner) + member('encryptedkey', text(sealed))
  const type = member('type', isPassphrase ? '"passphrase"' : '"cloud"')
  return `{${beforeMember}${type}${comma(beforeMember)}${member('state', `{${inner}${state}${lines ? beforeMember : inner}}`)}${outer}}`
}

/** The style of a block that is there. */
export function styleOfBlock(text: string): BlockStyle {
  const beforeMember = /^\{(\s*)/.exec(text)?.[1] ?? ''
  const beforeEnd = /(\s*)\}$/.exec(text)?.[1] ?? ''
  return {
    beforeMember,
    indent: beforeMember.includes('\n') ? beforeMember.slice(beforeEnd.length) : '',
    afterColon: /^\{\s*"(?:[^"\\]|\\.)*"\s*:(\s*)/.exec(text)?.[1] ?? '',
    escapesHtml: !/[<>&]/.test(text),
  }
}

function members(value: unknown): Readonly<Record<string, unknown>> | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an object of JSON.parse has text keys
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
}

function field(state: Readonly<Record<string, unknown>> | undefined, name: string): string {
  const value = state?.[name]
  if (typeof value === 'string' && value !== '') return value
  throw malformed(`its ${name} is missing`)
}

function malformed(reason: string): StacksealError {
  return new StacksealError('ERR_MALFORMED_SEALED_KEY', `secrets_providers of the state is malformed: ${reason}`, {
    hint: 'take secrets_providers from an earlier version of the state',
  })
}
