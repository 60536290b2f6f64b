import { type ProviderContext, StacksealError } from '@stackseal/core'

import type { Credentials } from './credentials.ts'
import { fieldOf } from './field-of.ts'
import { failureOfCall, failureOfSignIn, type GcpFailure } from './gcp-fault.ts'
import { VERSION } from './version.ts'

/** Where the service is found. No document and no environment names it; tests do. */
export interface Place {
  readonly apiEndpoint?: string
  readonly port?: number
  readonly fallback?: boolean
  readonly protocol?: string
}

/** The two calls that a data key needs. Answers are the service's own, unchecked. */
export interface KmsClient {
  call(method: 'encrypt' | 'decrypt', request: { name: string }, signal: AbortSignal): Promise<unknown>
  close(): Promise<void>
}

/** A failed call or sign-in; holds nothing that the SDK made. */
export class ClientFault extends Error {
  override readonly name = 'ClientFault'
  readonly failure: GcpFailure

  constructor(failure: GcpFailure) {
    super('the call failed')
    this.failure = failure
  }
}

const SCOPE = 'https://www.googleapis.com/auth/cloudkms'
const DEFAULT_UNIVERSE = 'googleapis.com'
const PROXY_VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy']

interface Signer {
  getRequestHeaders(url?: string): Promise<Headers>
  universeDomain: string
  quotaProjectId?: string
}

/**
 * A client of Google's SDK with the credentials that are handed to it. Its own methods are passed by: with
 * GOOGLE_SDK_NODE_LOGGING in the process they print the data key, and a client that can't sign in ends the process with
 * a rejection that nobody handles. What lies below them does neither.
 */
export async function kmsClient(
  credentials: Credentials,
  env: ProviderContext['env'],
  place: Place,
): Promise<KmsClient> {
  const universeDomain = env['GOOGLE_CLOUD_UNIVERSE_DOMAIN'] || DEFAULT_UNIVERSE
  checkUniverse(credentials, universeDomain)
  const { KeyManagementServiceClient } = await import('@google-cloud/kms')
  const client = new KeyManagementServiceClient({
    fallback: false,
    ...place,
    universeDomain,
    scopes: [SCOPE],
    libName: 'stackseal',
    libVersion: VERSION,
    // What stands in an audit log as callerSuppliedUserAgent.
    'grpc.primary_user_agent': `stackseal/${VERSION}`,
    // grpc-js takes a proxy from the process; it may where this world has one.
    'grpc.enable_http_proxy': PROXY_VARIABLES.some((name) => env[name] !== undefined && env[name] !== '') ? 1 : 0,
  })
  let signer: Signer
  try {
    signer = await signIn(client.auth, credentials, universeDomain)
  } catch (error) {
    throw new ClientFault(failureOfSignIn(error))
  }
  const stub = await client.initialize().catch((error: unknown) => {
    throw new ClientFault(failureOfSignIn(error))
  })

  return {
    async call(method, request, signal) {
      // The channel would ask for a token by itself, and tell a failure in words alone.
      await signer.getRequestHeaders(`https://cloudkms.${universeDomain}/`).catch((error: unknown) => {
        throw new ClientFault(failureOfSignIn(error))
      })
      signal.throwIfAborted()
      const { innerApiCalls } = client
      // https://google.aip.dev/client-libraries/4222: the request is routed by the key's name.
      const headers = { 'x-goog-request-params': `name=${encodeURIComponent(request.name)}` }
      const options = { retry: null, signal, otherArgs: { headers } }
      try {
        const answer = (await innerApiCalls[method]?.(request, options)) as unknown
        return Array.isArray(answer) ? (answer[0] as unknown) : undefined
      } catch (error) {
        throw new ClientFault(failureOfCall(error))
      }
    },
    async close() {
      // The SDK's own close also closes clients that were never opened, and leaves their failures unhandled.
      stub['close']?.()
    },
  }
}

/** The SDK lets the client's universe win, and would send what one universe signed to another. */
function checkUniverse(credentials: Credentials, universeDomain: string): void {
  const own = credentials.kind === 'file' ? fieldOf(credentials.content, 'universe_domain') : undefined
  if (own === undefined || own === universeDomain) return
  throw new StacksealError('ERR_CREDENTIALS_INVALID', 'the credentials are of another universe of Google Cloud', {
    hint: `set GOOGLE_CLOUD_UNIVERSE_DOMAIN to the universe_domain in the credentials of ${credentials.from}`,
    details: { universe: universeDomain },
  })
}

/** Puts the credentials into the SDK's GoogleAuth, which without any would look for some in the process. */
async function signIn(auth: unknown, credentials: Credentials, universeDomain: string): Promise<Signer> {
  const target = auth as { jsonContent: object | null; cachedCredential: Signer | null; getClient(): Promise<Signer> }
  if (credentials.kind === 'token') {
    const authorization = `Bearer ${credentials.token}`
    target.cachedCredential = { universeDomain, getRequestHeaders: async () => new Headers({ authorization }) }
  }
  if (credentials.kind === 'file') target.jsonContent = credentials.content
  const signer = await target.getClient()
  if (credentials.kind === 'file' && credentials.quotaProject !== undefined) {
    signer.quotaProjectId = credentials.quotaProject
  }
  return signer
}

/** Bytes of an answer, whichever of the SDK's transports made it. */
export function bytesOf(answer: unknown, field: string): Uint8Array | undefined {
  const value = fieldOf(answer, field)
  return value instanceof Uint8Array ? value : undefined
}
