import { type ProviderContext, StacksealError } from '@stackseal/core'

import type { Credentials } from './credentials.ts'
import { fieldOf } from './field-of.ts'
import { failureOfCall, failureOfSignIn, type GcpFailure } from './gcp-fault.ts'
import { VERSION } from './version.ts'

/** Where the service is found. No document and no environment names it; tests do. */
export interface Place {
  readonly apiEndpoint?: string
  readonly port?: number
  /** REST in place of gRPC, with what signs its requests. */
  readonly fallback?: boolean
  readonly protocol?: string
  readonly authClient?: object
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

/** What a client of Google's SDK asks for the headers of a request. */
interface Signer {
  getRequestHeaders(url?: string): Promise<Headers>
  universeDomain?: string
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
  // The client is given a signer at once: without one it would look for credentials in the process.
  let signer: Signer | undefined
  const getRequestHeaders = async (url?: string): Promise<Headers> =>
    (await signer?.getRequestHeaders(url)) ?? new Headers()
  const options: Record<string, string | number | boolean | object> = {
    fallback: false,
    authClient: { universeDomain, getRequestHeaders },
    ...place,
    universeDomain,
    scopes: [SCOPE],
    libName: 'stackseal',
    libVersion: VERSION,
    // What stands in an audit log as callerSuppliedUserAgent.
    'grpc.primary_user_agent': `stackseal/${VERSION}`,
    // grpc-js takes a proxy from the process; it may where this world has one.
    'grpc.enable_http_proxy': PROXY_VARIABLES.some((name) => env[name] !== undefined && env[name] !== '') ? 1 : 0,
  }
  const client = new KeyManagementServiceClient(options)
  try {
    signer = await signIn(client.auth, credentials)
  } catch (error) {
    throw new ClientFault(failureOfSignIn(error))
  }
  const stub = await client.initialize().catch((error: unknown) => {
    throw new ClientFault(failureOfSignIn(error))
  })

  return {
    async call(method, request, signal) {
      // The channel would ask for a token by itself, and tell a failure in words alone.
      await getRequestHeaders(`https://cloudkms.${universeDomain}/`).catch((error: unknown) => {
        throw new ClientFault(failureOfSignIn(error))
      })
      signal.throwIfAborted()
      const { innerApiCalls } = client
      // https://google.aip.dev/client-libraries/4222: the request is routed by the key's name.
      const headers = { 'x-goog-request-params': `name=${encodeURIComponent(request.name)}` }
      const settings = { retry: null, signal, otherArgs: { headers } }
      try {
        const answer = (await innerApiCalls[method]?.(request, settings)) as unknown
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

/** What signs for the credentials: Google's library, but for a bare token. */
async function signIn(auth: unknown, credentials: Credentials): Promise<Signer> {
  if (credentials.kind === 'token') {
    const authorization = `Bearer ${credentials.token}`
    return { getRequestHeaders: async () => new Headers({ authorization }) }
  }
  const google = auth as { jsonContent: object | null; cachedCredential: Signer | null; getClient(): Promise<Signer> }
  google.jsonContent = credentials.kind === 'file' ? credentials.content : null
  google.cachedCredential = null // the signer that it was given at first, which waits for this one
  const signer = await quietly(() => google.getClient())
  if (credentials.kind === 'file' && credentials.quotaProject !== undefined) {
    signer.quotaProjectId = credentials.quotaProject
  }
  return signer
}

/**
 * Google's library prints a warning that a credentials file may be somebody else's. This one is of the caller's own
 * choice, and a library prints nothing. The file is read at once, so nobody else's words are lost meanwhile.
 */
function quietly<T>(run: () => T): T {
  // oxlint-disable-next-line no-console -- to have nothing printed
  const { warn } = console
  // oxlint-disable-next-line no-console -- as above
  console.warn = () => undefined
  try {
    return run()
  } finally {
    // oxlint-disable-next-line no-console -- as above
    console.warn = warn
  }
}

/** Bytes of an answer, whichever of the SDK's transports made it. */
export function bytesOf(answer: unknown, field: string): Uint8Array | undefined {
  const value = fieldOf(answer, field)
  return value instanceof Uint8Array ? value : undefined
}
