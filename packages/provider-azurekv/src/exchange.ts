import { AsyncLocalStorage } from 'node:async_hooks'

import type { TokenCredentialOptions } from '@azure/identity'

import { fieldOf } from './field-of.ts'

type Policy = NonNullable<TokenCredentialOptions['additionalPolicies']>[number]
type SendRequest = Policy['policy']['sendRequest']

/** What may be kept of an answer. Of one that is no refusal only that it came: it may hold a key or a token. */
export interface Reply {
  readonly status: number
  /** Parsed JSON of a refusal; undefined where it is not JSON. */
  readonly body?: unknown
  readonly retryAfterMs?: number
  /** The origin that a 3xx names. */
  readonly redirectedTo?: string
}

/** The requests of one operation, as the network saw them. */
export interface Exchange {
  readonly signal: AbortSignal | undefined
  readonly replies: Reply[]
  /** Node's names for what the network did: ECONNREFUSED. */
  readonly network: string[]
}

// One for each operation: the SDK's errors leave out what an answer said when its body is empty, MSAL's what the network
// said, and MSAL listens to no signal. So the requests note the one and carry the other.
const exchanges = new AsyncLocalStorage<Exchange>()

export function inExchange<T>(exchange: Exchange, work: () => Promise<T>): Promise<T> {
  return exchanges.run(exchange, work)
}

/** To be given to every client and credential. */
export function exchangePolicy(): Policy {
  return { position: 'perRetry', policy: { name: 'stackseal-exchange', sendRequest } }
}

const sendRequest: SendRequest = async (request, next) => {
  const exchange = exchanges.getStore()
  if (exchange?.signal !== undefined) request.abortSignal = exchange.signal
  try {
    const response = await next(request)
    exchange?.replies.push(replyIn(response))
    return response
  } catch (error) {
    const code = fieldOf(error, 'code')
    exchange?.network.push(typeof code === 'string' ? code : '')
    throw error
  }
}

function replyIn({ status, headers, bodyAsText }: Awaited<ReturnType<SendRequest>>): Reply {
  if (status < 300) return { status }
  if (status < 400) return { status, redirectedTo: originOf(headers.get('location')) }
  // RFC 9110 §10.2.3, the form in seconds: the one that Azure writes.
  const seconds = headers.get('retry-after') ?? ''
  return {
    status,
    body: parseJson(bodyAsText ?? ''),
    ...(/^\d{1,9}$/.test(seconds) ? { retryAfterMs: Number(seconds) * 1000 } : {}),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // JSON.parse's one error: not JSON, a page of something that is not of Azure
  }
}

function originOf(location: string | undefined): string {
  const url = location !== undefined && URL.canParse(location) ? new URL(location) : undefined
  return url === undefined || url.origin === 'null' ? 'elsewhere' : url.origin
}
