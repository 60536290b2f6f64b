import { DATA_KEY_BYTES, randomBytes } from './aes-gcm.ts'
import { decodeBase64, encodeBase64 } from './bytes.ts'
import { ERRORS, type ErrorCode, type ErrorDetails, isStacksealError, StacksealError } from './errors.ts'
import type { KeyUrl } from './key-url.ts'
import type { ProviderContext, ProviderV1 } from './provider.ts'

/** A connected key service: bytes in, bytes out. Each call must stop when its signal does. */
export interface KeyService {
  wrap(dataKey: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  unwrap(wrapped: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  close?(): Promise<void>
}

/** What a vendor's error means. Its message and its object are never kept: they may hold a token or a key. */
export interface Classified {
  readonly code: ErrorCode
  readonly hint?: string
  readonly details?: ErrorDetails
  /** How long the service asks to wait, in milliseconds. */
  readonly retryAfterMs?: number
}

export interface WrappingProviderOptions {
  readonly name: string
  readonly schemes: readonly [string, ...string[]]
  /** Checks the URL, loads the SDK, makes a client. Called once per URL; may be called again after a failure. */
  readonly connect: (url: KeyUrl, context: ProviderContext) => Promise<KeyService>
  readonly classify: (error: unknown, url: KeyUrl) => Classified
  /** Text to wrapped bytes and back, where a vendor has an odd form. The default is standard padded base64. */
  readonly encoding?: {
    readonly decode: (sealed: string) => { wrapped: Uint8Array; sealed?: string }
    readonly encode: (wrapped: Uint8Array) => string
  }
  readonly describe?: ProviderV1['describe']
}

const TRY_MS = 10_000
const TRIES = 3
const FIRST_DELAY_MS = 200

/**
 * Makes a provider of a key service that wraps bytes. This function owns what every such provider needs: the random
 * data key, base64, the bound on each try, and retries with back-off when the service says that it is throttling or
 * not ready.
 */
export function wrappingProvider(options: WrappingProviderOptions): ProviderV1 {
  const { name, schemes, encoding = BASE64 } = options
  const services = new Map<string, Promise<KeyService>>()

  const connect = (url: KeyUrl, context: ProviderContext): Promise<KeyService> => {
    let service = services.get(url.text)
    if (service === undefined) {
      service = options.connect(url, context)
      services.set(url.text, service)
      service.catch(() => services.delete(url.text))
    }
    return service
  }

  const call = async (
    url: KeyUrl,
    context: ProviderContext,
    verb: string,
    use: (service: KeyService, signal: AbortSignal) => Promise<Uint8Array>,
  ): Promise<Uint8Array> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await bounded(context.signal, async (signal) => use(await connect(url, context), signal))
      } catch (error) {
        if (context.signal?.aborted) throw abortError(context.signal)
        if (isStacksealError(error) && error.code !== 'ERR_TIMEOUT') throw error
        const classified: Classified = isStacksealError(error) ? { code: error.code } : options.classify(error, url)
        if (attempt < TRIES && ERRORS[classified.code].kind === 'retry') {
          await delay(classified.retryAfterMs ?? FIRST_DELAY_MS * 2 ** (attempt - 1), context.signal)
          continue
        }
        const summary = ERRORS[classified.code].summary.replace(/\.$/, '')
        throw new StacksealError(classified.code, `${name} did not ${verb} the data key: ${lowerFirst(summary)}`, {
          hint: classified.hint,
          details: { scheme: url.scheme, attempts: attempt, ...classified.details },
        })
      }
    }
  }

  const seal = async (url: KeyUrl, dataKey: Uint8Array, context: ProviderContext): Promise<string> => {
    const wrapped = await call(url, context, 'seal', (service, signal) => service.wrap(dataKey, signal))
    if (wrapped.length === 0) throw emptyReply(name)
    return encoding.encode(wrapped)
  }

  return {
    contract: 1,
    name,
    schemes,
    async createKey(url, context) {
      const dataKey = randomBytes(DATA_KEY_BYTES)
      return { sealed: await seal(url, dataKey, context), dataKey }
    },
    async openKey(url, sealed, context) {
      const decoded = encoding.decode(sealed)
      const dataKey = await call(url, context, 'open', (service, signal) => service.unwrap(decoded.wrapped, signal))
      if (dataKey.length === 0) throw emptyReply(name)
      return decoded.sealed === undefined ? { dataKey } : { dataKey, sealed: decoded.sealed }
    },
    sealKey: seal,
    ...(options.describe === undefined ? {} : { describe: options.describe }),
    async close() {
      const open = [...services.values()]
      services.clear()
      await Promise.allSettled(open.map(async (service) => (await service).close?.()))
    },
  }
}

const BASE64: NonNullable<WrappingProviderOptions['encoding']> = {
  decode(sealed) {
    const result = decodeBase64(sealed)
    if ('bytes' in result) return { wrapped: result.bytes }
    throw new StacksealError('ERR_MALFORMED_SEALED_KEY', `encryptedkey is not base64 (at byte ${result.invalidAt})`, {
      hint: 'take the line from an earlier version of the file',
      details: { at: result.invalidAt },
    })
  },
  encode: encodeBase64,
}

function emptyReply(name: string): StacksealError {
  return new StacksealError('ERR_PROVIDER_FAILED', `${name} answered without a key`)
}

/** Runs one try. Ends at its bound or when cancelled, also where the vendor's client does not listen to the signal. */
async function bounded<T>(outer: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const bound = AbortSignal.timeout(TRY_MS)
  const signal = outer === undefined ? bound : AbortSignal.any([outer, bound])
  signal.throwIfAborted()
  let stop: (() => void) | undefined
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(bound.aborted ? new StacksealError('ERR_TIMEOUT', 'no answer in time') : abortError(signal))
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([run(signal), stopped])
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop)
  }
}

function abortError(signal: AbortSignal): StacksealError {
  const reason: unknown = signal.reason
  if (isStacksealError(reason)) return reason
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError'
  return timedOut
    ? new StacksealError('ERR_TIMEOUT', 'the key service did not answer in time', { hint: 'try again, or give it longer with --timeout' })
    : new StacksealError('ERR_INTERRUPTED', 'stopped on request')
}

async function delay(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(abortError(signal as AbortSignal))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
