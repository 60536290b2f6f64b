import {
  type Classified,
  decodeBase64,
  encodeBase64,
  type KeyService,
  type KeyUrl,
  type ProviderContext,
  type ProviderV1,
  StacksealError,
  wrappingProvider,
  type WrappingProviderOptions,
} from '@stackseal/core'

import { MemoCloud, MemoError, type MemoRequest } from './memo-cloud.ts'

/** What a mutant may change of the provider without a wrapper around it. */
export interface MemoChanges extends Partial<WrappingProviderOptions> {
  readonly redirect?: 'manual' | 'follow'
  readonly keyOf?: (url: KeyUrl) => string
  readonly ask?: (context: ProviderContext) => Promise<string>
}

/** A provider that keeps every rule: what the mutants are made from. */
export function memo(cloud: MemoCloud = new MemoCloud(), changes: MemoChanges = {}): ProviderV1 {
  const { redirect = 'manual', keyOf = keyOfUrl, ask = askForPin, ...options } = changes
  return wrappingProvider({
    name: 'Memo',
    schemes: ['memo'],
    async connect(url, context): Promise<KeyService> {
      const key = keyOf(url)
      const pin = context.env['MEMO_PIN'] ?? (await ask(context))
      const { MEMO_TOKEN: token, MEMO_SERVER: server } = context.env
      if (pin !== PIN)
        throw new StacksealError('ERR_CREDENTIALS_INVALID', 'the PIN is another', { hint: 'set MEMO_PIN' })
      const call = (operation: 'wrap' | 'unwrap', bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => {
        const request: MemoRequest = { key, token, bytes, signal }
        return server === undefined ? cloud[operation](request) : overHttp(server, request, redirect)
      }
      return {
        wrap: (bytes, signal) => call('wrap', bytes, signal),
        unwrap: (bytes, signal) => call('unwrap', bytes, signal),
      }
    },
    classify: classifyMemoError,
    encoding: ENCODING,
    describe: (url) => ({ key: url.host ?? '' }),
    bounds: { tryMs: 60_000, firstDelayMs: 1 },
    ...options,
  })
}

/** The same, with every method that a provider may leave out. */
export function completeMemo(cloud: MemoCloud): Required<ProviderV1> {
  const provider = memo(cloud)
  if (!isComplete(provider)) throw new TypeError('a method is missing')
  return provider
}

function isComplete(provider: ProviderV1): provider is Required<ProviderV1> {
  return provider.sealKey !== undefined && provider.describe !== undefined && provider.close !== undefined
}

export const PIN = 'pin-of-the-owner-4711'

function keyOfUrl(url: KeyUrl): string {
  const [parameter] = url.query
  if (parameter === undefined) return url.host ?? ''
  throw new StacksealError('ERR_INVALID_KEY_URL', 'a memo key URL takes no parameter')
}

async function askForPin({ ask }: ProviderContext): Promise<string> {
  if (ask !== undefined) return ask({ text: 'PIN of memo', secret: true })
  throw new StacksealError('ERR_PASSPHRASE_MISSING', 'there is no PIN', { hint: 'set MEMO_PIN' })
}

const CODES: Readonly<Record<string, Classified>> = {
  'no token': { code: 'ERR_CREDENTIALS_MISSING', hint: 'set MEMO_TOKEN' },
  'unknown token': { code: 'ERR_CREDENTIALS_INVALID', hint: 'set MEMO_TOKEN to another token' },
  'no rights': { code: 'ERR_ACCESS_DENIED', hint: 'ask for the right to unwrap', details: { rights: 'none' } },
  'no right to unwrap': { code: 'ERR_ACCESS_DENIED', hint: 'ask for the right to unwrap' },
  'no such key': { code: 'ERR_KEY_NOT_FOUND', hint: 'check the name in the key URL' },
  disabled: { code: 'ERR_KEY_DISABLED', hint: 'enable the key' },
  throttled: { code: 'ERR_THROTTLED', hint: 'try again later', retryAfterMs: 1 },
  down: { code: 'ERR_UNAVAILABLE', hint: 'check the network' },
  malformed: { code: 'ERR_MALFORMED_SEALED_KEY', hint: 'take the line from an earlier version' },
  'not of this key': { code: 'ERR_WRONG_KEY', hint: 'check the name in the key URL' },
  redirected: { code: 'ERR_SERVER_NOT_ALLOWED', hint: 'set MEMO_SERVER to the other server' },
}

export function classifyMemoError(error: unknown): Classified {
  return (error instanceof MemoError ? CODES[error.status] : undefined) ?? { code: 'ERR_PROVIDER_FAILED' }
}

/** Older programs wrote base64 of base64. */
export const ENCODING: NonNullable<WrappingProviderOptions['encoding']> = {
  decode(sealed) {
    const once = decoded(sealed)
    const inner = decodeBase64(String.fromCharCode(...once))
    if (once[0] === 'M'.charCodeAt(0) || 'invalidAt' in inner || inner.bytes.length === 0) return { wrapped: once }
    return { wrapped: inner.bytes, sealed: encodeBase64(inner.bytes) }
  },
  encode: encodeBase64,
}

function decoded(text: string): Uint8Array {
  const result = decodeBase64(text)
  if ('bytes' in result && result.bytes.length > 0) return result.bytes
  throw new StacksealError('ERR_MALFORMED_SEALED_KEY', 'the sealed key is not base64', { hint: 'look at the file' })
}

async function overHttp(server: string, request: MemoRequest, redirect: 'manual' | 'follow'): Promise<Uint8Array> {
  const { token, bytes, signal } = request
  const reply = await fetch(`${server}/unwrap`, {
    method: 'POST',
    redirect,
    headers: { 'x-memo-token': token ?? '' },
    // Not the bytes themselves: Node 22.15 can not send those a second time, to where a redirect leads.
    body: new Blob([Uint8Array.from(bytes)]),
    signal,
  })
  const isRedirect = reply.type === 'opaqueredirect' || reply.status >= 300
  if (isRedirect) throw new MemoError('redirected', token)
  return new Uint8Array(await reply.arrayBuffer())
}
