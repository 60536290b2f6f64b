import { type Classified, type Connect, type ProviderV1, StacksealError, wrappingProvider } from '@stackseal/core'

/** The provider of `acmekms://KEY`: a key of Acme's service, found at ACME_KMS_URL with the token of ACME_KMS_TOKEN. */
export function acmeKms(): ProviderV1 {
  return wrappingProvider({ name: 'Acme KMS', schemes: ['acmekms'], connect, classify })
}

const connect: Connect = async (url, { env }) => {
  if (!url.host || url.path !== '' || url.query.length > 0) {
    throw new StacksealError('ERR_INVALID_KEY_URL', 'the key URL is not of the form acmekms://KEY')
  }
  const { ACME_KMS_URL: server, ACME_KMS_TOKEN: token } = env
  if (!server || !token) {
    const hint = 'set ACME_KMS_URL and ACME_KMS_TOKEN'
    throw new StacksealError('ERR_CREDENTIALS_MISSING', 'there are no credentials for Acme KMS', { hint })
  }
  const call = async (verb: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' }
    const init = { method: 'POST', headers, body: Uint8Array.from(body), signal, redirect: 'manual' } as const
    const reply = await fetch(`${server}/${verb}/${encodeURIComponent(url.host ?? '')}`, init)
    const isBytes = reply.headers.get('content-type') === 'application/octet-stream'
    if (!reply.ok || !isBytes) throw new AcmeFault(reply.ok ? 0 : reply.status)
    return new Uint8Array(await reply.arrayBuffer())
  }
  return {
    wrap: (dataKey, signal) => call('wrap', dataKey, signal),
    unwrap: (wrapped, signal) => call('unwrap', wrapped, signal),
  }
}

class AcmeFault extends Error {
  readonly status: number
  constructor(status: number) {
    super('a call to Acme KMS failed')
    this.status = status
  }
}

const MEANINGS: Readonly<Record<number, Classified>> = {
  400: { code: 'ERR_WRONG_KEY', hint: 'another key sealed this, or the encryptedkey line was changed' },
  401: { code: 'ERR_CREDENTIALS_INVALID', hint: 'take a new token for ACME_KMS_TOKEN' },
  403: { code: 'ERR_ACCESS_DENIED', hint: 'the token of ACME_KMS_TOKEN needs the right to use this key' },
  404: { code: 'ERR_KEY_NOT_FOUND', hint: 'check the name in the key URL' },
  409: { code: 'ERR_KEY_DISABLED', hint: 'enable the key' },
  429: { code: 'ERR_THROTTLED', hint: 'Acme KMS asks to come back later' },
  503: { code: 'ERR_UNAVAILABLE', hint: 'Acme KMS is not ready: try again' },
}

function classify(error: unknown): Classified {
  if (!(error instanceof AcmeFault)) return { code: 'ERR_UNAVAILABLE', hint: 'check ACME_KMS_URL and the network' }
  return MEANINGS[error.status] ?? { code: 'ERR_INVALID_REPLY', hint: 'check that ACME_KMS_URL is that of Acme KMS' }
}
