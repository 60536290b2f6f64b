import { readFile } from 'node:fs/promises'

import { type ProviderContext, StacksealError } from '@stackseal/core'

import { fieldOf } from './field-of.ts'

type Env = ProviderContext['env']

/** Who calls, as the environment says it. `from` is the name to look at when the service refuses the caller. */
export type Credentials =
  | { readonly kind: 'token'; readonly token: string; readonly from: string }
  | { readonly kind: 'file'; readonly content: object; readonly from: string; readonly quotaProject?: string }
  | { readonly kind: 'machine'; readonly from: string }

// What google-auth-library can use. Another type would be read as a service account's key.
const FILE_TYPES = [
  'service_account',
  'authorized_user',
  'external_account',
  'external_account_authorized_user',
  'impersonated_service_account',
]

/**
 * Reads the variables that the reference reads, in its order: the content of a key file, an access token, and then
 * Google's application default credentials (a file, gcloud's own file, the machine's account). An empty variable counts
 * as not set.
 * @throws ERR_CREDENTIALS_MISSING, ERR_CREDENTIALS_INVALID for content of a wrong form, ERR_FILE_NOT_FOUND
 */
export async function readCredentials(env: Env, signal: AbortSignal | undefined): Promise<Credentials> {
  const content = valueOf(env, 'GOOGLE_CREDENTIALS')
  if (content !== undefined) {
    const from = 'GOOGLE_CREDENTIALS'
    return { kind: 'file', content: parseContent(content, from), from }
  }
  const token = valueOf(env, 'GOOGLE_OAUTH_ACCESS_TOKEN')
  if (token !== undefined) return { kind: 'token', token: checkToken(token), from: 'GOOGLE_OAUTH_ACCESS_TOKEN' }
  const file = (await readNamedFile(env)) ?? (await readGcloudFile(env))
  if (file !== undefined) {
    const quotaProject = valueOf(env, 'GOOGLE_CLOUD_QUOTA_PROJECT')
    return { kind: 'file', ...file, ...(quotaProject === undefined ? {} : { quotaProject }) }
  }
  if (await hasMetadataServer(env, signal)) return { kind: 'machine', from: 'the service account of this machine' }
  throw new StacksealError('ERR_CREDENTIALS_MISSING', 'no credentials for Google Cloud were found', {
    hint:
      'sign in with gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS to the path of a ' +
      'credentials file, or GOOGLE_CREDENTIALS to its content',
  })
}

function valueOf(env: Env, name: string): string | undefined {
  const value = env[name]
  return value === '' ? undefined : value
}

function checkToken(token: string): string {
  // What else may stand in a header would be refused by the network layer, which shows it.
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new StacksealError('ERR_CREDENTIALS_INVALID', 'GOOGLE_OAUTH_ACCESS_TOKEN is not an access token', {
    hint: 'set it to what gcloud auth print-access-token prints, without spaces or line ends',
    details: { variable: 'GOOGLE_OAUTH_ACCESS_TOKEN' },
  })
}

async function readNamedFile(env: Env): Promise<{ content: object; from: string } | undefined> {
  const from = 'GOOGLE_APPLICATION_CREDENTIALS'
  const path = valueOf(env, from)
  if (path === undefined) return undefined
  try {
    return { content: parseContent(await readFile(path, 'utf8'), from), from }
  } catch (error) {
    const code = fieldOf(error, 'code')
    if (error instanceof StacksealError) throw error
    const missing = code === 'ENOENT' || code === 'ENOTDIR'
    throw new StacksealError(missing ? 'ERR_FILE_NOT_FOUND' : 'ERR_IO', `the file of ${from} can not be read`, {
      hint: missing ? `check the path in ${from}` : `check who may read the file of ${from}`,
      details: { variable: from, ...(typeof code === 'string' ? { code } : {}) },
    })
  }
}

/** What `gcloud auth application-default login` writes. */
async function readGcloudFile(env: Env): Promise<{ content: object; from: string } | undefined> {
  const appData = valueOf(env, 'APPDATA')
  const home = valueOf(env, 'HOME')
  const folder =
    valueOf(env, 'CLOUDSDK_CONFIG') ??
    (appData === undefined ? undefined : `${appData}/gcloud`) ??
    (home === undefined ? undefined : `${home}/.config/gcloud`)
  if (folder === undefined) return undefined
  let text: string
  try {
    text = await readFile(`${folder}/application_default_credentials.json`, 'utf8')
  } catch {
    return undefined // not there, or not for us: nobody named this file
  }
  const from = 'gcloud auth application-default login'
  return { content: parseContent(text, from), from }
}

function parseContent(text: string, from: string): object {
  const content = parseJsonObject(text)
  if (content === undefined) {
    const hint =
      from === 'GOOGLE_CREDENTIALS'
        ? 'GOOGLE_CREDENTIALS takes the content of a credentials file; for its path there is GOOGLE_APPLICATION_CREDENTIALS'
        : 'take a new credentials file'
    throw malformed(from, 'is not a JSON object', hint)
  }
  const type = fieldOf(content, 'type')
  if (typeof type !== 'string' || !FILE_TYPES.includes(type)) {
    throw malformed(from, 'have no type that is known', `the field type has to be one of ${FILE_TYPES.join(', ')}`)
  }
  for (const field of REQUIRED[type] ?? []) {
    const value = fieldOf(content, field)
    if (typeof value !== 'string' || value === '')
      throw malformed(from, `have no ${field}`, 'take a new credentials file')
  }
  return content
}

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  service_account: ['client_email', 'private_key'],
  authorized_user: ['client_id', 'client_secret', 'refresh_token'],
}

function parseJsonObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined // JSON.parse's one error, whose message holds what it read
  }
}

function malformed(from: string, reason: string, hint: string): StacksealError {
  const what = reason.startsWith('is ') ? `the content of ${from}` : `the credentials of ${from}`
  return new StacksealError('ERR_CREDENTIALS_INVALID', `${what} ${reason}`, { hint, details: { variable: from } })
}

const METADATA_HOST = '169.254.169.254'
const METADATA_MS = 1_000

/**
 * Whether this machine has an account of its own. Asked only where nothing else is found, and before Google's library
 * is: that one asks for longer, and prints a warning where a network answers in another way.
 */
async function hasMetadataServer(env: Env, signal: AbortSignal | undefined): Promise<boolean> {
  const detection = valueOf(env, 'METADATA_SERVER_DETECTION')?.trim().toLowerCase()
  if (detection === 'none') return false
  if (detection === 'assume-present') return true
  const host = valueOf(env, 'GCE_METADATA_IP') ?? valueOf(env, 'GCE_METADATA_HOST') ?? METADATA_HOST
  const bound = AbortSignal.timeout(METADATA_MS)
  try {
    const answer = await fetch(`http://${host}/computeMetadata/v1/instance`, {
      headers: { 'Metadata-Flavor': 'Google' },
      redirect: 'manual',
      signal: signal === undefined ? bound : AbortSignal.any([signal, bound]),
    })
    await answer.body?.cancel()
    return answer.headers.get('metadata-flavor') === 'Google'
  } catch {
    return false // nobody there, or nobody who answers in time
  }
}
