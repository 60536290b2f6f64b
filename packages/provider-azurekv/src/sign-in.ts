import type { GetTokenOptions, TokenCredential } from '@azure/identity'

import { type AzureFailure, AzureFault, type SignInFailure } from './azure-fault.ts'
import { type Exchange, inExchange } from './exchange.ts'
import { fieldOf } from './field-of.ts'

/**
 * A credential whose failures hold facts and no text of the vendor's: such a text may quote what it was given. A chain
 * asks for a metadata service that is not there on most machines, which is no failure of the network.
 *
 * It is made anew after a failure: MSAL remembers being throttled for a minute, and refuses by itself until then.
 */
export function watched(make: () => TokenCredential, kind: 'one' | 'chain', onToken?: () => void): TokenCredential {
  let credential: TokenCredential | undefined
  return {
    async getToken(scopes, options: GetTokenOptions = {}) {
      const { abortSignal } = options
      const signal = abortSignal instanceof AbortSignal ? abortSignal : undefined
      const exchange: Exchange = { signal, replies: [], network: [] }
      try {
        const current = (credential ??= make())
        const token = await inExchange(exchange, () => current.getToken(scopes, options))
        onToken?.()
        return token
      } catch (error) {
        credential = undefined
        throw new AzureFault(signInFailure(error, exchange, kind))
      }
    },
  }
}

function signInFailure(error: unknown, { replies, network }: Exchange, kind: 'one' | 'chain'): AzureFailure {
  const errors = everyError(error)
  const texts = errors.map((each) => String(fieldOf(each, 'message')))
  const signIn: SignInFailure = {
    names: errors.map((each) => String(fieldOf(each, 'name'))),
    // Some credentials run a program and have its words alone.
    numbers: [
      ...replies.flatMap(({ body }) => numbersOf(fieldOf(body, 'error_codes'))),
      ...texts.flatMap((text) => [...text.matchAll(/AADSTS(\d+)/g)].map(([, digits]) => Number(digits))),
    ],
    otherTenant: texts.some((text) => text.includes('not configured to acquire tokens for tenant')),
  }
  if (kind === 'chain' && isNobody(signIn)) return { signIn }
  const failed = network.at(-1)
  if (failed !== undefined) return { signIn, network: failed }
  const reply = replies.at(-1)
  return { signIn, status: reply?.status, retryAfterMs: reply?.retryAfterMs }
}

/** Whether there is nobody as whom one could sign in: no part of the chain has found anything. */
export function isNobody({ names }: SignInFailure): boolean {
  const own = names.filter((name) => name !== 'AggregateAuthenticationError')
  return own.length > 0 && own.every((name) => name === 'CredentialUnavailableError')
}

/** An error, and those that a chain of credentials has collected in it. */
function everyError(error: unknown): readonly unknown[] {
  const collected = fieldOf(error, 'errors')
  return [error, ...(Array.isArray(collected) ? collected.flatMap(everyError) : [])]
}

function numbersOf(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'number') : []
}
