import type { KMSClientConfig } from '@aws-sdk/client-kms'
import { type ProviderContext, StacksealError } from '@stackseal/core'

import type { KmsKey } from './kms-key.ts'
import type { KmsSettings } from './kms-settings.ts'

type Env = ProviderContext['env']
type Static = { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
export type FindCredentials = Extract<KMSClientConfig['credentials'], (...properties: never) => unknown>
type ClientParts = Required<Pick<KMSClientConfig, 'requestHandler' | 'logger' | 'customUserAgent'>>

interface WebIdentity {
  readonly webIdentityTokenFile: string
  readonly role: string | undefined
  readonly session: string | undefined
}

/** Nobody knows who the caller is: every place was looked at. */
export class NoCredentials extends Error {
  override readonly name = 'NoCredentials'
}

const METADATA_MS = 1_000

// Whatever of these a profile has, it says how to come to credentials. Others only hold a region or an output format.
const FOR_FROM_INI = ['aws_access_key_id', 'role_arn', 'credential_process', 'credential_source', 'login_session']
const SAYS_HOW = [...FOR_FROM_INI, 'web_identity_token_file', 'sso_session', 'sso_start_url', 'sso_account_id']

/**
 * Credentials in the order of the reference: a profile that the key URL names, the keys in the environment, a web
 * identity, the profile of the environment, the container, the machine. What the environment holds goes to the SDK by
 * value; what only the SDK finds (SSO, a process, metadata) it reads for itself, from this process's own home.
 */
export function findCredentials(key: KmsKey, env: Env, settings: KmsSettings, client: ClientParts): FindCredentials {
  if (key.profile !== undefined) return ofProfile(env, settings, client)
  const keys = staticKeys(env)
  if (keys !== undefined) return async () => keys
  const webIdentityTokenFile = env['AWS_WEB_IDENTITY_TOKEN_FILE']
  if (webIdentityTokenFile !== undefined && webIdentityTokenFile !== '') {
    const identity = { webIdentityTokenFile, role: env['AWS_ROLE_ARN'], session: env['AWS_ROLE_SESSION_NAME'] }
    return ofWebIdentity(identity, settings, client)
  }
  return ofProfile(env, settings, client)
}

/** @throws ERR_CREDENTIALS_INVALID for keys that were copied with a space or a line end */
function staticKeys(env: Env): Static | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'] || env['AWS_ACCESS_KEY']
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'] || env['AWS_SECRET_KEY']
  if (accessKeyId === undefined || accessKeyId === '') return undefined
  if (secretAccessKey === undefined || secretAccessKey === '') return undefined
  const sessionToken = env['AWS_SESSION_TOKEN'] || undefined
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']
  for (const [at, value] of [accessKeyId, secretAccessKey, sessionToken].entries()) {
    if (value === undefined || /^[\x21-\x7e]+$/.test(value)) continue
    const what = `${names[at]} holds a space or another character that AWS keys do not have`
    throw new StacksealError('ERR_CREDENTIALS_INVALID', what, {
      hint: `set ${names[at]} again, without a line end or quotes`,
    })
  }
  return sessionToken === undefined ? { accessKeyId, secretAccessKey } : { accessKeyId, secretAccessKey, sessionToken }
}

function ofProfile(env: Env, settings: KmsSettings, client: ClientParts): FindCredentials {
  const { requestHandler, logger } = client
  const { profile, files, region } = settings
  const lines = files.profile(profile.name) ?? {}
  if (!SAYS_HOW.some((name) => lines[name] !== undefined)) {
    return async () => (await ofContainer(env)) ?? ofMachine(env)
  }
  const webIdentityTokenFile = lines['web_identity_token_file']
  if (webIdentityTokenFile !== undefined) {
    return ofWebIdentity(
      { webIdentityTokenFile, role: lines['role_arn'], session: lines['role_session_name'] },
      settings,
      client,
    )
  }
  return async (properties) => {
    const { fromIni, fromSSO } = await import('@aws-sdk/credential-providers')
    // fromIni finds the sign-in of a profile too, but looks for the profile in the process's own files.
    const from = FOR_FROM_INI.some((name) => lines[name] !== undefined) ? fromIni : fromSSO
    return from({
      profile: profile.name,
      ...(files.configFile === undefined ? {} : { configFilepath: files.configFile }),
      ...(files.credentialsFile === undefined ? {} : { filepath: files.credentialsFile }),
      ignoreCache: true,
      parentClientConfig: { region, requestHandler, logger },
      ...nested(client, settings, lines['role_arn'] !== undefined),
    })(properties)
  }
}

function ofWebIdentity(
  { webIdentityTokenFile, role, session }: WebIdentity,
  settings: KmsSettings,
  client: ClientParts,
): FindCredentials {
  return async (properties) => {
    const { fromTokenFile } = await import('@aws-sdk/credential-providers')
    return fromTokenFile({
      webIdentityTokenFile,
      roleArn: role ?? '',
      roleSessionName: session || 'stackseal',
      ...nested(client, settings, true),
    })(properties)
  }
}

/** The clients that the SDK makes for this. STS is asked where the environment says; the SDK would ask the process. */
function nested(
  { customUserAgent }: ClientParts,
  { stsEndpoint }: KmsSettings,
  asksSts: boolean,
): { clientConfig: { customUserAgent: ClientParts['customUserAgent']; endpoint?: string } } {
  const endpoint = asksSts && stsEndpoint !== undefined ? { endpoint: stsEndpoint } : {}
  return { clientConfig: { customUserAgent, ...endpoint } }
}

async function ofContainer(env: Env): Promise<Awaited<ReturnType<FindCredentials>> | undefined> {
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || undefined
  const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] || undefined
  if (relative === undefined && full === undefined) return undefined
  const tokenFile = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] || undefined
  const token = env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] || undefined
  const { fromHttp } = await import('@aws-sdk/credential-providers')
  return fromHttp({
    // Of two the SDK takes the first, and says so on stderr: it is given one.
    ...(relative === undefined ? {} : { awsContainerCredentialsRelativeUri: relative }),
    ...(relative === undefined && full !== undefined ? { awsContainerCredentialsFullUri: full } : {}),
    ...(tokenFile === undefined ? {} : { awsContainerAuthorizationTokenFile: tokenFile }),
    ...(tokenFile === undefined && token !== undefined ? { awsContainerAuthorizationToken: token } : {}),
  })()
}

/** The role of the machine, where there is one: the last place to look. */
async function ofMachine(env: Env): Promise<Awaited<ReturnType<FindCredentials>>> {
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') throw new NoCredentials()
  const { fromInstanceMetadata } = await import('@aws-sdk/credential-providers')
  try {
    return await fromInstanceMetadata({ timeout: METADATA_MS, maxRetries: 0 })()
  } catch {
    // Whatever the failure: nothing at that address gives credentials, and there is no further place.
    throw new NoCredentials()
  }
}
