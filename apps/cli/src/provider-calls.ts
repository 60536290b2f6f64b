import { StacksealError, untilAborted } from '@stackseal/core'
import type { LazyProvider, Provider, ProviderContext } from '@stackseal/core'

type Ask = NonNullable<ProviderContext['ask']>

/** The calls that one command makes to its providers: each is bounded in time, and told to `trace` with how long it took. */
export class ProviderCalls {
  readonly #timeoutMs: number
  readonly #trace: (text: string) => void
  readonly #clocks = new Set<Clock>()
  // A provider may know an answer again by who was asked: the same function has to come out for the same function.
  readonly #asks = new WeakMap<Ask, Ask>()

  /** @param timeoutMs how long one call may take, its retries included, in milliseconds */
  constructor(timeoutMs: number, trace: (text: string) => void) {
    this.#timeoutMs = timeoutMs
    this.#trace = trace
  }

  /** The same provider, with its calls bounded. */
  bounded({ schemes, load }: LazyProvider): LazyProvider {
    return {
      schemes,
      load: async () => {
        const provider = await load()
        this.#trace(`provider for ${schemes.join(', ')}: loaded`)
        return canBeCalled(provider) ? this.#withBounds(provider) : provider
      },
    }
  }

  #withBounds(provider: Provider): Provider {
    const { contract, name, schemes } = provider
    const sealKey = provider.sealKey?.bind(provider)
    return {
      contract,
      name,
      schemes,
      createKey: (url, context) =>
        this.#call(name, 'making a data key', context, (within) => provider.createKey(url, within)),
      openKey: (url, sealed, context) =>
        this.#call(name, 'opening a data key', context, (within) => provider.openKey(url, sealed, within)),
      ...(sealKey === undefined
        ? {}
        : {
            sealKey: (url, dataKey, context) =>
              this.#call(name, 'sealing a data key', context, (within) => sealKey(url, dataKey, within)),
          }),
      ...(provider.describe === undefined ? {} : { describe: provider.describe.bind(provider) }),
      ...(provider.close === undefined ? {} : { close: provider.close.bind(provider) }),
    }
  }

  async #call<T>(
    name: string,
    what: string,
    context: ProviderContext,
    work: (context: ProviderContext) => Promise<T>,
  ): Promise<T> {
    const start = performance.now()
    const clock = new Clock(this.#timeoutMs, name)
    this.#clocks.add(clock)
    const { signal: outer, ask } = context
    const signal = outer === undefined ? clock.signal : AbortSignal.any([outer, clock.signal])
    const within = { ...context, signal, ...(ask === undefined ? {} : { ask: this.#unhurried(ask) }) }
    try {
      return await untilAborted(() => work(within), signal)
    } finally {
      clock.stop()
      this.#clocks.delete(clock)
      this.#trace(`provider ${name}: ${what} took ${(performance.now() - start).toFixed(0)} ms`)
    }
  }

  /** Asks while every clock stands still: nobody types a passphrase against the time that a key service has. */
  #unhurried(ask: Ask): Ask {
    const known = this.#asks.get(ask)
    if (known !== undefined) return known
    const unhurried: Ask = async (question) => {
      const stopped = [...this.#clocks]
      for (const clock of stopped) clock.stop()
      try {
        return await ask(question)
      } finally {
        for (const clock of stopped) if (this.#clocks.has(clock)) clock.start()
      }
    }
    this.#asks.set(ask, unhurried)
    return unhurried
  }
}

/** Whether it can be called at all; the registry says what is wrong with one that can't. */
function canBeCalled(provider: Provider): boolean {
  return (
    typeof provider === 'object' &&
    provider !== null &&
    typeof provider.openKey === 'function' &&
    typeof provider.createKey === 'function'
  )
}

/** The time that a call has. */
class Clock {
  readonly #expired = new AbortController()
  readonly #error: StacksealError
  #leftMs: number
  #startedAt = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(timeoutMs: number, name: string) {
    this.#error = new StacksealError('ERR_TIMEOUT', `${name} did not answer within ${timeoutMs / 1000} seconds`, {
      hint: 'look whether its server can be reached, try again, or give it longer with --timeout',
    })
    this.#leftMs = timeoutMs
    this.start()
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#expired.signal
  }

  start(): void {
    if (this.#timer !== undefined) return
    this.#startedAt = performance.now()
    this.#timer = setTimeout(() => this.#expired.abort(this.#error), Math.max(0, this.#leftMs))
  }

  stop(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#leftMs -= performance.now() - this.#startedAt
  }
}
