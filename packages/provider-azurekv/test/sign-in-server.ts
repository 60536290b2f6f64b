import { constants, type KeyObject, randomBytes, verify } from 'node:crypto'

import type { Reply, SeenRequest } from './key-vault-server.ts'

export type Permission = 'encrypt' | 'decrypt' | 'list' | 'get'

interface Caller {
  /** A secret, or the public half of what signs in its place. */
  readonly secret: string | KeyObject
  readonly permissions: Set<string>
}

const TENANT = '11111111-2222-3333-4444-555555555555'

/** The sign-in of one tenant: service principals with a secret each, and a managed identity. */
export class SignInServer {
  readonly tenant: string = TENANT
  readonly #tenants = new Set([TENANT])
  readonly #callers = new Map<string, Caller>()
  readonly #tokens = new Map<string, { readonly clientId: string; readonly resource: string }>()

  /** Adds a service principal that has these permissions on every key, and gives what a program needs to be it. */
  add(clientId: string, secret: string, permissions: readonly Permission[]): Record<string, string> {
    this.#callers.set(clientId, { secret, permissions: new Set(permissions) })
    return { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: secret }
  }

  /** Signs in for another tenant too: that of a vault. */
  addTenant(tenant: string | undefined): void {
    if (tenant !== undefined) this.#tenants.add(tenant)
  }

  /** For rights that are taken away while a program runs. */
  permit(clientId: string, permissions: readonly Permission[]): void {
    const secret = this.#callers.get(clientId)?.secret ?? ''
    this.#callers.set(clientId, { secret, permissions: new Set(permissions) })
  }

  /** Lets a service principal sign in with a certificate, and no more with a secret. */
  certify(clientId: string, publicKey: KeyObject): void {
    const permissions = this.#callers.get(clientId)?.permissions ?? new Set()
    this.#callers.set(clientId, { secret: publicKey, permissions })
  }

  /** Undefined for a token that is not of this sign-in, or not for this resource. */
  permissionsOf(token: string, resource: string): ReadonlySet<string> | undefined {
    const known = this.#tokens.get(token)
    return known?.resource === resource ? this.#callers.get(known.clientId)?.permissions : undefined
  }

  /** Ends every token: as after an hour. */
  expireTokens(): void {
    this.#tokens.clear()
  }

  answer(request: SeenRequest): Reply {
    const { pathname, searchParams } = new URL(request.path, 'https://login.microsoftonline.com')
    if (pathname === '/msi/token') return this.#managedIdentity(request, searchParams.get('resource') ?? '')
    // What other clients than MSAL for Node ask before they trust a sign-in, Microsoft's own among them.
    if (pathname === '/common/discovery/instance') {
      const names = { preferred_network: request.host, preferred_cache: request.host, aliases: [request.host] }
      const tenant_discovery_endpoint = `https://${request.host}/${TENANT}/v2.0/.well-known/openid-configuration`
      return json(200, { tenant_discovery_endpoint, 'api-version': '1.1', metadata: [names] })
    }
    const [, tenant = '', ...rest] = pathname.split('/')
    if (!this.#tenants.has(tenant)) return refused(400, 'invalid_request', 90002, `Tenant '${tenant}' not found.`)
    const base = `https://${request.host}/${tenant}`
    if (rest.join('/') === 'v2.0/.well-known/openid-configuration') {
      return json(200, {
        issuer: `${base}/v2.0`,
        authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
        token_endpoint: `${base}/oauth2/v2.0/token`,
        jwks_uri: `${base}/discovery/v2.0/keys`,
      })
    }
    if (rest.join('/') !== 'oauth2/v2.0/token') return json(404, {})
    const form = new URLSearchParams(request.body)
    const clientId = form.get('client_id') ?? ''
    const caller = this.#callers.get(clientId)
    if (caller === undefined) {
      return refused(400, 'unauthorized_client', 700016, `Application with identifier '${clientId}' was not found.`)
    }
    const proof = form.get('client_secret') ?? form.get('client_assertion') ?? ''
    if (typeof caller.secret !== 'string' && !isSignedBy(caller.secret, proof, clientId)) {
      return refused(401, 'invalid_client', 700027, `Client assertion failed signature validation.`)
    }
    if (typeof caller.secret === 'string' && proof !== caller.secret) {
      return refused(401, 'invalid_client', 7000215, `Invalid client secret provided for app '${clientId}'.`)
    }
    return json(200, {
      token_type: 'Bearer',
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: this.#token(clientId, (form.get('scope') ?? '').split('/.default')[0] ?? ''),
    })
  }

  /** As on App Service: the header is the secret, and the caller is the first who has it. */
  #managedIdentity({ headers }: SeenRequest, resource: string): Reply {
    const secret = headers['x-identity-header']
    const caller = [...this.#callers].find(([, each]) => each.secret === secret)
    if (caller === undefined) return json(401, { statusCode: 401, message: 'No managed identity for this header.' })
    const [clientId] = caller
    return json(200, {
      access_token: this.#token(clientId, resource.replace(/\/$/, '')),
      expires_on: String(Math.floor(Date.now() / 1000) + 3600),
      resource,
      token_type: 'Bearer',
      client_id: clientId,
    })
  }

  #token(clientId: string, resource: string): string {
    const token = `token-${randomBytes(24).toString('base64url')}`
    this.#tokens.set(token, { clientId, resource })
    return token
  }
}

/** RFC 7523 §3, as far as it says who signs. */
function isSignedBy(publicKey: KeyObject, assertion: string, clientId: string): boolean {
  const [header, claims, signature] = assertion.split('.')
  if (header === undefined || claims === undefined || signature === undefined) return false
  const isPss = partOf(header)['alg'] === 'PS256'
  const key = { key: publicKey, padding: isPss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING }
  const isGenuine = verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))
  return isGenuine && partOf(claims)['iss'] === clientId
}

function partOf(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

function json(status: number, value: object): Reply {
  return { status, body: JSON.stringify(value) }
}

/** As Microsoft's sign-in writes it: the number stands in the text and in a list. */
export function refused(status: number, error: string, number: number, text: string): Reply {
  const error_description = `AADSTS${number}: ${text} Trace ID: 00000000-0000-0000-0000-000000000000`
  return json(status, { error, error_description, error_codes: [number], correlation_id: '0' })
}
