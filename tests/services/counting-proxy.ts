import { createServer, request, type Server } from 'node:http'

/** Passes requests on to a server and counts them, so that a test can say how many calls something took. */
export class CountingProxy {
  readonly paths: string[] = []
  /** What AWS's JSON protocol calls the operation, which is in no path. */
  readonly targets: string[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(target: string): Promise<CountingProxy> {
    const server = createServer((incoming, outgoing) => {
      proxy.paths.push(incoming.url ?? '')
      const operation = incoming.headers['x-amz-target']
      if (typeof operation === 'string') proxy.targets.push(operation)
      const { method, headers, url = '/' } = incoming
      const onward = request(`${target}${url}`, { method, headers }, (reply) => {
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
        reply.pipe(outgoing)
      })
      onward.on('error', () => outgoing.destroy())
      incoming.pipe(onward)
    })
    const proxy = new CountingProxy(server)
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
