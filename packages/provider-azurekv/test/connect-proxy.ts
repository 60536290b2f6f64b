import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'

/** A proxy that leads every host to one port on loopback, and notes which were asked for. */
export class ConnectProxy {
  readonly asked: string[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(port: number): Promise<ConnectProxy> {
    const server = createServer()
    const proxy = new ConnectProxy(server)
    server.on('connect', ({ url = '' }, incoming) => {
      proxy.asked.push(url)
      const outgoing = connect(port, '127.0.0.1', () => {
        incoming.write('HTTP/1.1 200 Connection established\r\n\r\n')
        outgoing.pipe(incoming).pipe(outgoing)
      })
      const end = (): void => {
        incoming.destroy()
        outgoing.destroy()
      }
      for (const socket of [incoming, outgoing]) socket.on('error', end).on('close', end)
    })
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get address(): string {
    const bound = this.#server.address()
    if (bound === null || typeof bound === 'string') throw new TypeError('the proxy does not listen on a port')
    return `http://127.0.0.1:${bound.port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
