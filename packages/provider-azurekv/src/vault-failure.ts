import { type AzureFailure, AzureFault } from './azure-fault.ts'
import type { Exchange } from './exchange.ts'
import { fieldOf } from './field-of.ts'

/** What may be kept of a failed call of a vault: status, codes, and words that a table looks for. */
export function vaultFailure(error: unknown, { replies, network }: Exchange): AzureFailure {
  if (error instanceof AzureFault) return error.failure
  const failed = network.at(-1)
  if (failed !== undefined) return { network: failed }
  const reply = replies.at(-1)
  // Not a word of the network: what the SDK refuses by itself.
  if (reply === undefined) return {}
  const { status, body, retryAfterMs, redirectedTo } = reply
  if (redirectedTo !== undefined) return { status, redirectedTo }
  if (status < 300) return { status, notAVault: true }
  if (status === 401 && /^The challenge |HTTPS/.test(textOf(fieldOf(error, 'message')) ?? '')) {
    return { foreignChallenge: true }
  }
  const refusal = fieldOf(body, 'error')
  const message = textOf(fieldOf(refusal, 'message'))
  return {
    status,
    code: textOf(fieldOf(refusal, 'code')),
    innerCode: textOf(fieldOf(fieldOf(refusal, 'innererror'), 'code')),
    number: /^AKV\d+/.exec(message ?? '')?.[0],
    message,
    retryAfterMs,
    notAVault: message === undefined,
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
