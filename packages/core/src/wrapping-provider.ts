import { bounded, abortError, pause } from './abort.ts'
import { DATA_KEY_BYTES, randomBytes } from './aes-gcm.ts'
import { decodeBase64, encodeBase64, wipe } from './bytes.ts'
import { type Connect, Connections, type KeyService } from './connections.ts'
import { ERRORS, type ErrorCode, type ErrorDetails, isStacksealError, StacksealError } from './errors.ts'
import type { KeyUrl } from './key-url.ts'
import type { ProviderContext, ProviderV1 } from './provider.ts'

/** What a vendor's error means. Its message and its object are never kept: they may hold a token or a key. */
export interface Classified {
  readonly code: ErrorCode
  readonly hint?: string | undefined
  readonly details?: ErrorDetails | undefined
  /** How long the service asks to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined
}

export interface WrappingProviderOptions {
  readonly name: string
  readonly schemes: readonly [string, ...string[]]
  /**
   * Checks the URL, loads the SDK, makes a client. Called once for each URL and environment; called again after a
   * failure. The signal of its context is the bound on connecting.
   */
  readonly connect: Connect
  readonly classify: (error: unknown, url: KeyUrl) => Classified
  /** Text to wrapped bytes and back, where a vendor has an odd form. The default is standard padded base64. */
  readonly encoding?: {
    readonly decode: (sealed: string) => { wrapped: Uint8Array; sealed?: string }
    readonly encode: (wrapped: Uint8Array) => string
  }
  readonly describe?: ProviderV1['describe']
  /** For a service that is known to need other bounds than 10 seconds a try, 3 tries, 200 ms before the second. */
  readonly bounds?: { readonly tryMs?: number; readonly tries?: number; readonly firstDelayMs?: number }
}

const TRY_MS = 10_000
const TRIES = 3
const FIRST_DELAY_MS = 200
/** A service that asks for a longer wait than this is not waited for: the caller decides when to come back. */
const LONGEST_DELAY_MS = 10_000

/**
 * Makes a provider of a key service that wraps bytes. This function owns what every such provider needs: the random
 * data key, base64, the bound on each try, and retries with back-off when the service says that it is throttling or
 * not ready.
 */
export function wrappingProvider(options: WrappingProviderOptions): ProviderV1 {
  const { name, schemes, encoding = BASE64, bounds = {} } = options
  const { tryMs = TRY_MS, tries = TRIES, firstDelayMs = FIRST_DELAY_MS } = bounds
  const connections = new Connections(options.connect, tryMs)

  const call = async (
    url: KeyUrl,
    context: ProviderContext,
    verb: 'seal' | 'open',
    use: (service: KeyService, signal: AbortSignal) => Promise<Uint8Array>,
  ): Promise<Uint8Array> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await bounded(tryMs, context.signal, async (signal) => use(await connections.get(url, context), signal))
      } catch (error) {
        if (context.signal?.aborted === true) throw abortError(context.signal)
        const meaning = isStacksealError(error) ? error : classified(options.classify, error, url)
        const delayMs =
          ('retryAfterMs' in meaning ? meaning.retryAfterMs : undefined) ?? firstDelayMs * 2 ** (attempt - 1)
        if (attempt < tries && ERRORS[meaning.code]?.kind === 'retry' && delayMs <= LONGEST_DELAY_MS) {
          await pause(delayMs, context.signal)
          continue
        }
        throw failure(meaning, attempt, `${name} did not ${verb} the data key`, url)
      }
    }
  }

  const seal = async (url: KeyUrl, dataKey: Uint8Array, context: ProviderContext): Promise<string> => {
    const wrapped = await call(url, context, 'seal', (service, signal) => service.wrap(dataKey, signal))
    return encoding.encode(filled(wrapped, name, url))
  }

  return {
    contract: 1,
    name,
    schemes,
    async createKey(url, context) {
      const dataKey = randomBytes(DATA_KEY_BYTES)
      try {
        return { sealed: await seal(url, dataKey, context), dataKey }
      } catch (error) {
        wipe(dataKey)
        throw error
      }
    },
    async openKey(url, sealed, context) {
      const decoded = encoding.decode(sealed)
      const dataKey = await call(url, context, 'open', (service, signal) => service.unwrap(decoded.wrapped, signal))
      checkDataKey(filled(dataKey, name, url), url)
      return decoded.sealed === undefined ? { dataKey } : { dataKey, sealed: decoded.sealed }
    },
    sealKey: seal,
    ...(options.describe === undefined ? {} : { describe: options.describe }),
    close: () => connections.close(),
  }
}

const BASE64: NonNullable<WrappingProviderOptions['encoding']> = {
  decode(sealed) {
    const result = decodeBase64(sealed)
    const hint = 'take the line from an earlier version of the file'
    if ('invalidAt' in result) {
      throw new StacksealError('ERR_MALFORMED_SEALED_KEY', `encryptedkey is not base64 (at byte ${result.invalidAt})`, {
        hint,
        details: { at: result.invalidAt },
      })
    }
    if (result.bytes.length > 0) return { wrapped: result.bytes }
    throw new StacksealError('ERR_MALFORMED_SEALED_KEY', 'encryptedkey is empty', { hint })
  },
  encode: encodeBase64,
}

function classified(classify: WrappingProviderOptions['classify'], error: unknown, url: KeyUrl): Classified {
  try {
    const meaning: Classified | undefined = classify(error, url)
    if (meaning !== undefined && Object.hasOwn(ERRORS, meaning.code)) return meaning
  } catch {
    // What classify itself throws may be of the vendor's making; it says no more than that the error is unknown.
  }
  return { code: 'ERR_PROVIDER_FAILED' }
}

/** The error for the caller. Nothing that a vendor wrote is in it: no message, no object, no cause. */
function failure(meaning: Classified | StacksealError, attempts: number, what: string, url: KeyUrl): StacksealError {
  const { code, hint } = meaning
  const details = { scheme: url.scheme, attempts, ...meaning.details }
  // A provider's own error says it better. An expired bound of this file says only that time was up.
  if (isStacksealError(meaning) && code !== 'ERR_TIMEOUT')
    return new StacksealError(code, meaning.message, { hint, details })
  const summary = ERRORS[code].summary.replace(/\.$/, '')
  return new StacksealError(code, `${what}: ${summary.charAt(0).toLowerCase()}${summary.slice(1)}`, { hint, details })
}

function filled(reply: unknown, name: string, url: KeyUrl): Uint8Array {
  const details = { scheme: url.scheme }
  // Whoever wrote the provider has to give bytes; that there are any is up to the service.
  if (!(reply instanceof Uint8Array)) {
    throw new StacksealError('ERR_PROVIDER_FAILED', `the provider of ${name} gave something else than bytes`, {
      details,
    })
  }
  if (reply.length > 0) return reply
  throw new StacksealError('ERR_INVALID_REPLY', `${name} answered without a key`, {
    hint: 'check that what answers is the key service, and not a proxy or a sign-in page before it',
    details,
  })
}

/** A key service unwraps whatever was wrapped. If that is no data key, the fault is in the document. */
function checkDataKey(dataKey: Uint8Array, url: KeyUrl): void {
  if (dataKey.length === DATA_KEY_BYTES) return
  const { length } = dataKey
  wipe(dataKey)
  throw new StacksealError('ERR_MALFORMED_SEALED_KEY', `encryptedkey seals ${length} bytes, and a data key has 32`, {
    hint: 'take the line from an earlier version of the file',
    details: { scheme: url.scheme, length, expected: DATA_KEY_BYTES },
  })
}
