import { connect } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'

import type { Certificate } from './certificate.ts'

/** Ends TLS where a vault is looked for, and passes on to a plain server. */
export class Bridge {
  /** An origin: `http://127.0.0.1:1234`. */
  target = 'http://127.0.0.1:1'
  #server: Server | undefined

  /** Gives the port. */
  async start(certificate: Certificate): Promise<number> {
    const server = createServer({ ...certificate }, (incoming) => this.#pass(incoming))
    this.#server = server
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new TypeError('the server does not listen on a port')
    return address.port
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#server?.close(() => resolve()))
  }

  #pass(incoming: TLSSocket): void {
    const { hostname: host, port } = new URL(this.target)
    const outgoing = connect({ host, port: Number(port) })
    const end = (): void => {
      incoming.destroy()
      outgoing.destroy()
    }
    for (const socket of [incoming, outgoing]) socket.on('error', end).on('close', end)
    incoming.pipe(outgoing).pipe(incoming)
  }
}
