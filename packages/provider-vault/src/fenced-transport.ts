import type { IncomingMessage } from 'node:http'

import { checkProxies } from '@stackseal/core'

import { fieldOf } from './field-of.ts'
import type { VaultFailure } from './vault-fault.ts'
import type { VaultSettings } from './vault-settings.ts'

/** What node-vault asks of the function that it makes its requests with (its option `request-promise`). */
export interface TransportRequest {
  readonly method: string
  readonly uri: string
  readonly headers: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly signal?: AbortSignal
}

export interface TransportReply {
  readonly statusCode: number
  readonly body: unknown
  readonly request: { readonly path: string }
}

export interface Transport {
  (request: TransportRequest): Promise<TransportReply>
  readonly close: () => void
}

/** A failed request; holds what {@link VaultFailure} may hold and nothing of the request. */
export class TransportFault extends Error {
  override readonly name = 'TransportFault'
  readonly failure: VaultFailure

  constructor(failure: VaultFailure) {
    super('the request failed')
    this.failure = failure
  }
}

const LARGEST_REPLY_BYTES = 1024 * 1024

/**
 * Makes requests for node-vault in place of its own request function, which follows a redirect to any host with token
 * and data key, takes proxies and TLS switches from the process, can't be cancelled, and throws objects that hold the
 * request. This one goes to the named server alone.
 */
export async function fencedTransport(settings: VaultSettings): Promise<Transport> {
  const secure = settings.address.startsWith('https:')
  const { Agent, request } = secure ? await import('node:https') : await import('node:http')
  await checkProxies({
    // Nothing goes through a proxy to a socket of this machine.
    servers: settings.socketPath === undefined ? [settings.address] : [],
    proxyEnv: settings.proxyEnv,
    agent: () => Promise.resolve(Agent),
    noProxy: 'the Vault server',
  })
  const agent = new Agent({
    keepAlive: true,
    // Given here, they are not taken from the process.
    proxyEnv: settings.proxyEnv,
    ...(secure ? tlsOptions(settings) : {}),
  })
  const transport = (call: TransportRequest): Promise<TransportReply> => {
    const body = call.json === undefined ? undefined : Buffer.from(JSON.stringify(call.json))
    return new Promise((resolve, reject) => {
      const url = new URL(call.uri)
      const outgoing = request(
        url,
        {
          agent,
          method: call.method,
          headers: {
            ...call.headers,
            accept: 'application/json',
            ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
          },
          ...(settings.socketPath === undefined ? {} : { socketPath: settings.socketPath }),
          ...(call.signal === undefined ? {} : { signal: call.signal }),
        },
        (reply) => {
          readReply(reply, url).then(resolve, reject)
        },
      )
      outgoing.on('error', (error) => reject(new TransportFault({ code: codeOf(error) })))
      outgoing.end(body)
    })
  }
  return Object.assign(transport, { close: () => agent.destroy() })
}

function tlsOptions({ tls }: VaultSettings): object {
  return { ...tls, ...(tls.ca === undefined ? {} : { ca: [...tls.ca] }), minVersion: 'TLSv1.2' }
}

async function readReply(reply: IncomingMessage, asked: URL): Promise<TransportReply> {
  const statusCode = reply.statusCode ?? 0
  if (statusCode >= 300 && statusCode < 400) {
    reply.destroy()
    throw new TransportFault({ status: statusCode, redirectedTo: originOf(reply.headers.location, asked) })
  }
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > LARGEST_REPLY_BYTES) break // leaving the loop destroys the reply
      chunks.push(chunk)
    }
  } catch (error) {
    throw new TransportFault({ code: codeOf(error) })
  }
  const body = length > LARGEST_REPLY_BYTES ? undefined : parseJson(Buffer.concat(chunks).toString('utf8'))
  const request = { path: asked.pathname }
  if (statusCode >= 200 && statusCode < 300) return { statusCode, body, request }
  return { statusCode, body: { errors: errorsOf(body), retryAfterMs: retryAfterMs(reply) }, request }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // JSON.parse's one error: not JSON, a page of something that is not Vault
  }
}

function errorsOf(body: unknown): readonly string[] {
  const errors = fieldOf(body, 'errors')
  return Array.isArray(errors) ? errors.filter((error) => typeof error === 'string') : []
}

/** RFC 9110 §10.2.3, the form in seconds: the one that Vault writes. */
function retryAfterMs(reply: IncomingMessage): number | undefined {
  const text = reply.headers['retry-after']
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) * 1000 : undefined
}

function originOf(location: string | undefined, asked: URL): string {
  const url = location !== undefined && URL.canParse(location, asked.href) ? new URL(location, asked) : undefined
  return url === undefined || url.origin === 'null' ? 'elsewhere' : url.origin
}

function codeOf(error: unknown): string {
  const code = fieldOf(error, 'code')
  return typeof code === 'string' ? code : ''
}
