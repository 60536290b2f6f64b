// Leads connections to some hosts to a port on loopback; names stay what they are, for TLS too. In a process of its own
// by `node --import …/map-hosts.ts` and a variable, so that a program that knows nothing of it reaches the tests' servers.
import { Socket } from 'node:net'
import process from 'node:process'

const VARIABLE = 'STACKSEAL_TEST_HOSTS'

/** A host, or `*.` and the end of one, and the port where it is found. */
export type HostMap = Readonly<Record<string, number>>

/** For the process of a test: the variable that maps hosts there, for {@link VARIABLE}. */
export function hostVariable(map: HostMap): Record<string, string> {
  return { [VARIABLE]: JSON.stringify(map) }
}

/** Maps hosts in this process until the function that it gives is called. */
export function mapHosts(map: HostMap): () => void {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with the socket, below
  const original: (...given: unknown[]) => Socket = Socket.prototype.connect as never
  const replaced = function (this: Socket, ...given: unknown[]): Socket {
    const [first, ...rest] = given
    // Node's own callers pass a list of settings and a listener as one argument that is marked as such.
    if (Array.isArray(first)) first[0] = mapped(map, first[0])
    return Reflect.apply(original, this, [Array.isArray(first) ? first : mapped(map, first), ...rest])
  }
  Socket.prototype.connect = replaced
  return () => {
    Socket.prototype.connect = original
  }
}

function mapped(map: HostMap, settings: unknown): unknown {
  if (typeof settings !== 'object' || settings === null) return settings
  const host: unknown = Reflect.get(settings, 'host')
  const port = typeof host === 'string' ? portOf(map, host.toLowerCase()) : undefined
  return port === undefined ? settings : { ...settings, host: '127.0.0.1', port }
}

function portOf(map: HostMap, host: string): number | undefined {
  const fitting = Object.keys(map).find((name) => name.startsWith('*.') && host.endsWith(name.slice(1)))
  return map[host] ?? (fitting === undefined ? undefined : map[fitting])
}

const given = process.env[VARIABLE]
if (given !== undefined) mapHosts(JSON.parse(given) as HostMap)
