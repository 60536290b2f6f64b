import { createServer, type Server } from 'node:net'

const TRIES = 50

/** The first of `count` neighbouring ports on loopback that are free. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const servers: Server[] = []
    try {
      const first = await listen(servers, 0)
      for (let next = 1; next < count; next++) await listen(servers, first + next)
      return first
    } catch {
      // A neighbour is taken, or past the last port: another place is tried.
    } finally {
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    }
  }
  throw new Error(`no ${count} neighbouring ports are free on loopback`)
}

async function listen(servers: Server[], port: number): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, '127.0.0.1', resolve))
  servers.push(server)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server on loopback has no port')
  return address.port
}
