import { bounded } from './abort.ts'
import { StacksealError } from './errors.ts'
import type { KeyUrl } from './key-url.ts'
import type { ProviderContext } from './provider.ts'

/** A connected key service: bytes in, bytes out. Each call must stop when its signal does. */
export interface KeyService {
  wrap(dataKey: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  unwrap(wrapped: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  close?(): Promise<void>
}

export type Connect = (url: KeyUrl, context: ProviderContext) => Promise<KeyService>

interface Connection {
  readonly url: string
  readonly env: ProviderContext['env']
  readonly baseUrl: string | undefined
  readonly stop: AbortController
  readonly service: Promise<KeyService>
}

const CLOSE_MS = 2_000

/**
 * The key services that one provider has connected to: one for each key URL and world. Two accounts may be open in
 * one process, so a connection serves only callers whose environment is the one that it was made with.
 */
export class Connections {
  readonly #connect: Connect
  readonly #connectMs: number
  readonly #open = new Set<Connection>()

  constructor(connect: Connect, connectMs: number) {
    this.#connect = connect
    this.#connectMs = connectMs
  }

  /**
   * The service of a key URL, connected when first asked for. Callers share one attempt, so it does not end when one
   * of them is cancelled, but by its own bound or by {@link close}.
   */
  get(url: KeyUrl, context: ProviderContext): Promise<KeyService> {
    for (const connection of this.#open) {
      const sameWorld = connection.baseUrl === context.baseUrl?.href && sameEnv(connection.env, context.env)
      if (connection.url === url.text && sameWorld) return connection.service
    }
    return this.#start(url, context)
  }

  /** Ends every connection, also one that is still being made; never waits long for a service that hangs. */
  async close(): Promise<void> {
    const open = [...this.#open]
    this.#open.clear()
    for (const { stop } of open) stop.abort(new StacksealError('ERR_INTERRUPTED', 'the provider was closed'))
    await Promise.allSettled(open.map(async ({ service }) => end(await service)))
  }

  async #start(url: KeyUrl, context: ProviderContext): Promise<KeyService> {
    const stop = new AbortController()
    const service = bounded(this.#connectMs, stop.signal, async (signal) => {
      const made = await this.#connect(url, { ...context, signal })
      // It came too late: nobody waits for it any more, and nobody else would close it.
      if (signal.aborted) void end(made).catch(() => undefined)
      return made
    })
    const connection = { url: url.text, env: { ...context.env }, baseUrl: context.baseUrl?.href, stop, service }
    this.#open.add(connection)
    try {
      return await service
    } catch (error) {
      this.#open.delete(connection)
      throw error
    }
  }
}

async function end(service: KeyService): Promise<void> {
  await bounded(CLOSE_MS, undefined, async () => service.close?.())
}

function sameEnv(a: ProviderContext['env'], b: ProviderContext['env']): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
}
