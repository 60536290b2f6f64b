import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { Undo } from './cli-service.ts'

/** Stands before an HTTP server, and can be away, be silent, or look at what is answered. */
export class FaultProxy {
  readonly #target: string
  readonly #port: number
  #server: Server
  #isSilent = false
  #onAnswer: ((status: number) => Promise<void>) | undefined

  private constructor(target: string, server: Server, port: number) {
    this.#target = target
    this.#server = server
    this.#port = port
  }

  static async start(target: string): Promise<FaultProxy> {
    const server = createServer()
    const port = await listen(server, 0)
    const proxy = new FaultProxy(target, server, port)
    proxy.#serve(server)
    return proxy
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Refuses every connection, until it is undone. */
  async goAway(): Promise<Undo> {
    await this.stop()
    return async () => {
      this.#server = createServer()
      this.#serve(this.#server)
      await listen(this.#server, this.#port)
    }
  }

  /** Takes requests and answers none, until it is undone. */
  async fallSilent(): Promise<Undo> {
    this.#isSilent = true
    return async () => {
      this.#isSilent = false
    }
  }

  /** Calls back with the status of each answer, before it is passed on. */
  watch(onAnswer: ((status: number) => Promise<void>) | undefined): void {
    this.#onAnswer = onAnswer
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(server: Server): void {
    server.on('request', (incoming, outgoing: ServerResponse) => {
      if (this.#isSilent) return
      const { method, headers, url = '/' } = incoming
      const onward = request(`${this.#target}${url}`, { method, headers, agent: false }, (reply) => {
        void this.#passOn(reply, outgoing)
      })
      onward.on('error', () => outgoing.destroy())
      incoming.pipe(onward)
    })
  }

  async #passOn(reply: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const status = reply.statusCode ?? 502
    await this.#onAnswer?.(status)
    outgoing.writeHead(status, reply.headers)
    reply.pipe(outgoing)
  }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, '127.0.0.1', resolve))
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('it does not listen on a port')
  return bound.port
}
