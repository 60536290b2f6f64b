// A preload (`node --import …/map-hosts.mjs`): leads connections for named hosts to other places, as the variable
// STACKSEAL_TEST_HOSTS says (`cloudkms.googleapis.com:443=127.0.0.1:34567`, several with commas). An unmodified program
// then reaches a server on loopback under the name that it knows, and still checks the certificate for that name.
import dns from 'node:dns'
import { Socket } from 'node:net'
import process from 'node:process'

/** @type {Map<string, { host: string, port: number }>} by `name:port` and by `stand-in address:port` */
const places = new Map()
/** @type {Map<string, string>} a stand-in address for each name, for programs that look a name up by themselves */
const addresses = new Map()

/**
 * Leads one host and port to another place; the last word counts.
 * @param {string} from
 * @param {string} to
 */
export function mapHost(from, to) {
  const [name = '', port = ''] = from.split(':')
  const [host = '', toPort = ''] = to.split(':')
  const address = addresses.get(name) ?? `127.99.0.${addresses.size + 1}`
  addresses.set(name, address)
  for (const key of [`${name}:${port}`, `${address}:${port}`]) places.set(key, { host, port: Number(toPort) })
}

for (const pair of (process.env['STACKSEAL_TEST_HOSTS'] ?? '').split(',')) {
  const [from, to] = pair.split('=')
  if (from !== undefined && to !== undefined) mapHost(from, to)
}

const { connect } = Socket.prototype
/** @type {(this: Socket, ...given: unknown[]) => Socket} */
Socket.prototype.connect = function mappedConnect(...given) {
  // net.connect hands a list over whose first element is the options; a caller of the method itself, the options.
  const list = Array.isArray(given[0]) ? given[0] : given
  const [options] = list
  if (typeof options === 'object' && options !== null) {
    const place = places.get(`${options.host}:${options.port}`)
    if (place !== undefined) list[0] = { ...options, ...place, lookup: undefined }
  }
  return Reflect.apply(connect, this, given)
}

const { lookup } = dns.promises
// grpc-js looks names up before it connects.
Object.assign(dns.promises, {
  /** @param {string} name @param {{ all?: boolean }} options */
  lookup: async (name, options) => {
    const address = addresses.get(name)
    if (address === undefined) return lookup(name, options)
    const found = { address, family: 4 }
    return options?.all === true ? [found] : found
  },
})
