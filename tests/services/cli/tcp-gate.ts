import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Undo } from './cli-service.ts'

/** Passes connections on to a port of loopback, whatever they carry, until it goes away. */
export class TcpGate {
  readonly port: number
  /** The port behind it, which may be known later than its own. */
  target: number | undefined
  #server: Server
  readonly #sockets: Set<Socket> = new Set()

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  static async start(): Promise<TcpGate> {
    const server = createServer()
    const gate = new TcpGate(server, await listen(server, 0))
    gate.#serve(server)
    return gate
  }

  /** Refuses every connection, until it is undone. */
  async goAway(): Promise<Undo> {
    await this.stop()
    return async () => {
      this.#server = createServer()
      this.#serve(this.#server)
      await listen(this.#server, this.port)
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(server: Server): void {
    server.on('connection', (incoming) => {
      if (this.target === undefined) throw new TypeError('the gate leads nowhere yet')
      const onward = connect(this.target, '127.0.0.1')
      for (const [one, other] of [
        [incoming, onward],
        [onward, incoming],
      ] as const) {
        this.#sockets.add(one)
        one.on('error', () => other.destroy()).on('close', () => this.#sockets.delete(one))
        one.pipe(other)
      }
    })
  }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, '127.0.0.1', resolve))
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('it does not listen on a port')
  return bound.port
}
