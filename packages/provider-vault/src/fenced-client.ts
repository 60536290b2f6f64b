import { fieldOf } from './field-of.ts'
import { type Transport, TransportFault } from './fenced-transport.ts'
import type { VaultFailure } from './vault-fault.ts'
import type { VaultSettings } from './vault-settings.ts'
import { VERSION } from './version.ts'

/** The two requests that a data key needs. */
export interface FencedClient {
  write(path: string, body: Readonly<Record<string, string>>, signal: AbortSignal): Promise<unknown>
  read(path: string, signal: AbortSignal): Promise<unknown>
}

/**
 * A node-vault client for one mount that takes nothing from the process. Its constructor reads an empty setting as
 * "not given" and looks into process.env for it, so what it made of them is overwritten; the mount stands in the path
 * prefix, which is thereby never empty. Its debug output would hold token and data key.
 */
export async function fencedClient(
  mount: string,
  settings: VaultSettings,
  transport: Transport,
): Promise<FencedClient> {
  const { default: nodeVault } = await import('node-vault')
  const client = nodeVault({
    debug: () => undefined,
    endpoint: settings.address,
    pathPrefix: `/${mount.split('/').map(encodeURIComponent).join('/')}`,
    'request-promise': { defaults: () => transport },
  })
  Object.assign(client, {
    endpoint: settings.address,
    token: settings.token ?? '',
    namespace: settings.namespace ?? '',
  })
  const options = (signal: AbortSignal): { signal: AbortSignal; headers: Record<string, string> } => ({
    signal,
    // A fresh object for each call: node-vault writes the token into it. X-Vault-Request is what an agent may ask for.
    headers: { 'User-Agent': `stackseal/${VERSION}`, ...settings.headers, 'X-Vault-Request': 'true' },
  })
  return {
    write: (path, body, signal) => copied(client.write(path, body, options(signal)) as Promise<unknown>),
    read: (path, signal) => copied(client.read(path, options(signal)) as Promise<unknown>),
  }
}

async function copied(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (error) {
    throw new TransportFault(failureOf(error))
  }
}

/** What may be kept of an error of node-vault's: the status, and what this package's transport put into the body. */
function failureOf(error: unknown): VaultFailure {
  if (error instanceof TransportFault) return error.failure
  const response = fieldOf(error, 'response')
  const status = fieldOf(response, 'statusCode')
  const body = fieldOf(response, 'body')
  if (typeof status !== 'number') return {}
  const errors = fieldOf(body, 'errors')
  const retryAfterMs = fieldOf(body, 'retryAfterMs')
  return {
    status,
    errors: Array.isArray(errors) ? errors.filter((text) => typeof text === 'string') : [],
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  }
}
