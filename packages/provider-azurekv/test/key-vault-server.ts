import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'

import type { Certificate } from './certificate.ts'
import { SignInServer } from './sign-in-server.ts'
import { operate, type VaultKey, type Version } from './vault-keys.ts'

/** One request as it arrived. */
export interface SeenRequest {
  readonly method: string
  readonly host: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** When whoever asks has gone, or has the answer. */
  readonly ended: Promise<void>
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Answers a request in place of the service, or leaves it to it (undefined). */
export type Override = (request: SeenRequest) => Reply | 'never' | undefined

/** Vaults and a sign-in on one loopback port over TLS, told apart by the host that is asked for. */
export class KeyVaultServer {
  readonly requests: SeenRequest[] = []
  override: Override | undefined
  readonly signIn: SignInServer = new SignInServer()
  /** By `host/name`. */
  readonly keys: Map<string, VaultKey> = new Map()
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(certificate: Certificate): Promise<KeyVaultServer> {
    const server = createServer({ ...certificate })
    const vault = new KeyVaultServer(server)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void vault.#serve(request, response))
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve))
    return vault
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new TypeError('the server does not listen on a port')
    return address.port
  }

  /** Calls of an operation that a vault has looked at: the first of each client has no token and no body. */
  countCalls(operation: 'encrypt' | 'decrypt' | 'versions'): number {
    const isCounted = ({ path, headers }: SeenRequest): boolean =>
      headers.authorization !== undefined && new RegExp(`/${operation}(?:\\?|$)`).test(path)
    return this.requests.filter(isCounted).length
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    const { method = '', url: path = '', headers } = request
    const ended = new Promise<void>((resolve) => response.on('close', resolve))
    const seen = { method, host: headers.host ?? '', path, headers, body, ended }
    this.requests.push(seen)
    const reply = this.override?.(seen) ?? this.#answer(seen)
    if (reply === 'never') return
    const type = { 'content-type': 'application/json; charset=utf-8' }
    response.writeHead(reply.status, { ...type, ...reply.headers }).end(reply.body)
  }

  #answer(request: SeenRequest): Reply {
    const { host, path, headers } = request
    if (!host.includes('.vault.')) return this.signIn.answer(request)
    const resource = `https://${host.slice(host.indexOf('.') + 1)}`
    const challenge = {
      'www-authenticate': `Bearer authorization="https://login.microsoftonline.com/${this.signIn.tenant}", resource="${resource}"`,
    }
    if (headers.authorization === undefined) {
      return refusal(401, 'Unauthorized', 'AKV10000: Request is missing a Bearer or PoP token.', { headers: challenge })
    }
    const permissions = this.signIn.permissionsOf(headers.authorization.replace('Bearer ', ''), resource)
    if (permissions === undefined) {
      const message = 'AKV10032: Invalid issuer. Expected one of https://sts.windows.net/…, found another.'
      return refusal(401, 'Unauthorized', message, { headers: challenge })
    }
    // A client that asks for the latest version may leave an empty part in the path.
    const [collection, name = '', ...rest] = new URL(path, resource).pathname.replaceAll('//', '/').slice(1).split('/')
    const operation = request.method === 'POST' ? rest.pop() : (rest.at(-1) ?? 'get')
    const id = operation === 'versions' ? '' : (rest[0] ?? '')
    if (collection !== 'keys') return refusal(404, 'NotFound', 'No such resource.')
    const needed = operation === 'versions' ? 'list' : (operation ?? '')
    if (!permissions.has(needed)) return denied(needed, `${host}/keys/${name}`)
    const key = this.keys.get(`${host}/${name}`)
    if (key !== undefined && operation === 'versions') return listed(key, `https://${host}/keys/${name}`)
    const version = key?.find(id)
    if (version === undefined) {
      return refusal(
        404,
        'KeyNotFound',
        `A key with (name/id) ${name}/${id} was not found in this key vault. If you recently deleted this key you may be able to recover it using the correct recovery command.`,
      )
    }
    const kid = `https://${host}/keys/${name}/${version.id}`
    return operation === 'get' ? gotten(version, kid) : used(version, kid, request, operation ?? '')
  }
}

function used(version: Version, kid: string, { body }: SeenRequest, operation: string): Reply {
  const inner = (code: string, message: string): Reply => refusal(403, 'Forbidden', message, { innerCode: code })
  // Seen on the service: what needs the public half alone is still done with a disabled key.
  if (!version.isEnabled && operation === 'decrypt') {
    return inner('KeyDisabled', `Operation ${operation} is not allowed on a disabled key.`)
  }
  if (version.expiresSeconds !== undefined && operation === 'encrypt') {
    return inner('KeyExpired', `Operation ${operation} is not allowed on an expired key.`)
  }
  if (!version.operations.includes(operation)) {
    return inner('KeyOperationForbidden', `Operation ${operation} is not permitted on this key.`)
  }
  const { alg = '', value = '' }: { readonly alg?: string; readonly value?: string } = JSON.parse(body)
  const result = operate(version, operation, alg, Buffer.from(value, 'base64url'))
  if (result === undefined) return refusal(400, 'BadParameter', 'The parameter is incorrect.\r\n')
  return { status: 200, body: JSON.stringify({ kid, value: result.toString('base64url') }) }
}

function attributesOf({ isEnabled, createdSeconds, expiresSeconds }: Version): object {
  return {
    enabled: isEnabled,
    created: createdSeconds,
    updated: createdSeconds,
    ...(expiresSeconds === undefined ? {} : { exp: expiresSeconds }),
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: 90,
  }
}

function gotten(version: Version, kid: string): Reply {
  const { kty, n, e } = version.privateKey.export({ format: 'jwk' })
  const key = { kid, kty, key_ops: version.operations, n, e }
  return { status: 200, body: JSON.stringify({ key, attributes: attributesOf(version) }) }
}

function listed(key: VaultKey, id: string): Reply {
  const value = key.versions.map((version) => ({ kid: `${id}/${version.id}`, attributes: attributesOf(version) }))
  return { status: 200, body: JSON.stringify({ value, nextLink: null }) }
}

/** The words of a vault with an access policy; one with RBAC has others, and another inner code. */
function denied(permission: string, where: string): Reply {
  const message = `The user, group or application 'appid=00000000-0000-0000-0000-000000000000' does not have keys ${permission} permission on key vault '${where}'.`
  return refusal(403, 'Forbidden', message, { innerCode: 'ForbiddenByPolicy' })
}

interface RefusalOptions {
  readonly innerCode?: string
  readonly headers?: Readonly<Record<string, string>>
}

export function refusal(status: number, code: string, message: string, options: RefusalOptions = {}): Reply {
  const inner = options.innerCode === undefined ? {} : { innererror: { code: options.innerCode } }
  return {
    status,
    body: JSON.stringify({ error: { code, message, ...inner } }),
    ...(options.headers === undefined ? {} : { headers: options.headers }),
  }
}
