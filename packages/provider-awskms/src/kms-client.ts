import type { KMSClient, KMSClientConfig } from '@aws-sdk/client-kms'
import { checkProxies, type ProviderContext } from '@stackseal/core'

import { type FindCredentials, findCredentials } from './credentials.ts'
import type { KmsKey } from './kms-key.ts'
import type { KmsSettings } from './kms-settings.ts'
import { VERSION } from './version.ts'

type Shared = Required<
  Pick<
    KMSClientConfig,
    'region' | 'requestHandler' | 'logger' | 'maxAttempts' | 'retryMode' | 'customUserAgent' | 'defaultsMode'
  >
>

const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing, trace: nothing }
const CONNECT_MS = 5_000
const ROLE_SESSION = 'stackseal'

/** What turns a failure of finding out who the caller is into a fault that says at which step. */
export type AtStep = <T>(step: 'find credentials' | 'assume role', work: () => Promise<T>) => Promise<T>

/**
 * A client of the SDK that takes from the process as little as the SDK lets it: region, endpoint, credentials, FIPS and
 * dual-stack are given, so its own look at the environment and the shared files never counts. Core bounds and repeats
 * the calls, so that the SDK makes each once.
 */
export async function kmsClient(
  key: KmsKey,
  settings: KmsSettings,
  env: ProviderContext['env'],
  atStep: AtStep,
): Promise<KMSClient> {
  const { region, endpoint } = settings
  await checkProxies({
    servers: [endpoint ?? `https://kms.${region}.amazonaws.com`],
    proxyEnv: settings.proxyEnv,
    agent: async () => (await import('node:http')).Agent,
    noProxy: 'AWS (.amazonaws.com)',
  })
  const { KMSClient } = await import('@aws-sdk/client-kms')
  const shared: Shared = {
    region,
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'legacy',
    logger: SILENT,
    customUserAgent: [['stackseal', VERSION]],
    requestHandler: { connectionTimeout: CONNECT_MS, ...agents(settings) },
  }
  return new KMSClient({
    ...shared,
    ...endpointConfig(endpoint, settings),
    ...NOT_FROM_THE_PROCESS,
    ...(key.anonymous && key.role === undefined
      ? ANONYMOUS
      : { credentials: credentials(key, settings, env, shared, atStep) }),
  })
}

// Read by the SDK where they are not given; the first is not in the types of every client.
const NOT_FROM_THE_PROCESS = {
  ignoreConfiguredEndpointUrls: true,
  authSchemePreference: [],
  userAgentAppId: async () => undefined,
}

/** Where to call. FIPS and dual-stack choose among AWS's own servers, so not where a server is named. */
function endpointConfig(
  endpoint: string | undefined,
  { fips, dualstack }: KmsSettings,
): Pick<KMSClientConfig, 'endpoint' | 'useFipsEndpoint' | 'useDualstackEndpoint'> {
  if (endpoint === undefined) return { useFipsEndpoint: fips, useDualstackEndpoint: dualstack }
  return { endpoint, useFipsEndpoint: false, useDualstackEndpoint: false }
}

/** Requests without a signature, for servers that want none. */
const ANONYMOUS: Pick<KMSClientConfig, 'credentials' | 'signer'> = {
  credentials: { accessKeyId: '', secretAccessKey: '' },
  signer: { sign: async (request) => request },
}

function credentials(
  key: KmsKey,
  settings: KmsSettings,
  env: ProviderContext['env'],
  shared: Shared,
  atStep: AtStep,
): FindCredentials {
  const own = findCredentials(key, env, settings, shared)
  const find: FindCredentials = (properties) => atStep('find credentials', () => own(properties))
  const { role } = key
  if (role === undefined) return find
  return (properties) =>
    atStep('assume role', async () => {
      const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
      return fromTemporaryCredentials({
        masterCredentials: find,
        params: { RoleArn: role, RoleSessionName: env['AWS_ROLE_SESSION_NAME'] || ROLE_SESSION },
        clientConfig: {
          ...shared,
          ...endpointConfig(settings.stsEndpoint, settings),
          ...NOT_FROM_THE_PROCESS,
        },
      })(properties)
    })
}

/** Agents with the authorities and proxies of the environment. Given here, neither is taken from the process. */
function agents({ ca, proxyEnv }: KmsSettings): { httpAgent: object; httpsAgent: object } {
  const options = { keepAlive: true, maxSockets: 50, proxyEnv }
  return {
    httpAgent: options,
    httpsAgent: { ...options, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
  }
}

function nothing(): void {
  // The SDK's own words go nowhere: they may hold what no log should.
}
