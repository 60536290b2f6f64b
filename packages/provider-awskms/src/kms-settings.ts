import { readFile } from 'node:fs/promises'

import { type ProviderContext, StacksealError } from '@stackseal/core'

import { checkEndpoint } from './endpoint-rules.ts'
import { fieldOf } from './field-of.ts'
import { parseGoBool } from './go-bool.ts'
import type { KmsKey } from './kms-key.ts'
import { type SharedConfig, sharedConfig } from './shared-config.ts'

type Env = ProviderContext['env']

/** Where to call, from the key URL, the environment and the profile, in this order. */
export interface KmsSettings {
  readonly region: string
  /** What named the region, for hints. */
  readonly regionFrom: string
  /** Undefined: the SDK makes it from the region. */
  readonly endpoint: string | undefined
  readonly stsEndpoint: string | undefined
  readonly fips: boolean
  readonly dualstack: boolean
  /** The authorities to take in place of the system's. */
  readonly ca: string | undefined
  readonly proxyEnv: Readonly<Record<string, string>>
  readonly profile: { readonly name: string; readonly from: string }
  readonly files: SharedConfig
  /** Opens with whatever key sealed, and says so. */
  readonly anyKey: boolean
}

/**
 * Reads what the reference reads, in its order. An empty variable counts as not set.
 * @throws ERR_USAGE without a region, ERR_CREDENTIALS_MISSING for a profile that is not there, ERR_SERVER_NOT_ALLOWED
 */
export async function kmsSettings(key: KmsKey, env: Env): Promise<KmsSettings> {
  const files = await sharedConfig(env)
  const profile = profileOf(key, env)
  const inProfile = files.profile(profile.name)
  if (inProfile === undefined && profile.mustExist) throw noProfile(profile)
  const flag = (variable: string, setting: string): boolean =>
    parseGoBool((env[variable] || inProfile?.[setting] || 'false').toLowerCase()) === true

  const ignored = flag('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'ignore_configured_endpoint_urls')
  const endpointOf = (service: string): string | undefined =>
    ignored
      ? undefined
      : env[`AWS_ENDPOINT_URL_${service}`] ||
        env['AWS_ENDPOINT_URL'] ||
        files.endpoint(profile.name, service.toLowerCase())
  const own = endpointOf('KMS')
  const stsEndpoint = endpointOf('STS')
  if (key.endpoint !== undefined) {
    const named = ignored ? undefined : env['AWS_ENDPOINT_URL_KMS'] || env['AWS_ENDPOINT_URL']
    checkEndpoint(key.endpoint, { hosts: listOf(env['STACKSEAL_ALLOW_ENDPOINTS']), own: named })
  }
  const endpoint = key.endpoint ?? own
  for (const address of [endpoint, stsEndpoint]) checkAddress(address)
  const fips = key.fips || flag('AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint')
  const dualstack = key.dualstack || flag('AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint')
  if (endpoint !== undefined && (fips || dualstack)) {
    throw wrongForm('endpoint', 'can not be named where fips or dualstack chooses one', 'leave one of the two out')
  }
  return {
    ...regionOf(key, env, inProfile?.['region'], profile.name),
    endpoint,
    stsEndpoint,
    fips,
    dualstack,
    ca: await authorities(env['AWS_CA_BUNDLE'] || inProfile?.['ca_bundle']),
    proxyEnv: proxyOf(env),
    profile,
    files,
    anyKey: parseGoBool(env['STACKSEAL_ANY_KEY'] ?? 'false') === true,
  }
}

function profileOf(key: KmsKey, env: Env): { name: string; from: string; mustExist: boolean } {
  if (key.profile !== undefined) return { name: key.profile, from: 'profile= in the key URL', mustExist: true }
  for (const variable of ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE']) {
    const name = env[variable]
    // As in the reference, which passes over a name that is only the default.
    if (name !== undefined && name !== '') return { name, from: variable, mustExist: variable === 'AWS_PROFILE' }
  }
  return { name: 'default', from: 'the profile called default', mustExist: false }
}

function regionOf(
  key: KmsKey,
  env: Env,
  ofProfile: string | undefined,
  profile: string,
): { region: string; regionFrom: string } {
  // The reference does not take the region of an ARN; here it counts where nothing else names one. docs/differences.md
  const sources: readonly (readonly [region: string | undefined, from: string])[] = [
    [key.region, 'region= in the key URL'],
    [env['AWS_REGION'], 'AWS_REGION'],
    [env['AWS_DEFAULT_REGION'], 'AWS_DEFAULT_REGION'],
    [ofProfile, `region of the profile ${profile}`],
    [key.arn?.region, 'the ARN in the key URL'],
  ]
  for (const [region, regionFrom] of sources) {
    if (region === undefined || region === '') continue
    if (/^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(region)) return { region, regionFrom }
    throw wrongForm(regionFrom, 'is not the name of a region', 'a region looks like eu-west-1')
  }
  throw new StacksealError('ERR_USAGE', 'nothing names the AWS region of the key', {
    hint: 'add region=… to the key URL, or set AWS_REGION',
    details: { scheme: 'awskms' },
  })
}

/** An address of the environment may be any server; it is shown in hints, so it may hold nothing secret. */
function checkAddress(text: string | undefined): void {
  if (text === undefined) return
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw wrongForm(
      'AWS_ENDPOINT_URL',
      'is not the address of a server',
      'an address looks like https://127.0.0.1:4566',
    )
  }
  if (url.username === '' && url.password === '') return
  throw wrongForm('AWS_ENDPOINT_URL', 'holds a user name or password', 'take the part before the @ out')
}

async function authorities(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const isMissing = fieldOf(error, 'code') === 'ENOENT'
    throw new StacksealError(isMissing ? 'ERR_FILE_NOT_FOUND' : 'ERR_IO', 'the file of AWS_CA_BUNDLE can not be read', {
      hint: 'check the path in AWS_CA_BUNDLE, or ca_bundle of the profile',
      details: { variable: 'AWS_CA_BUNDLE' },
    })
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw wrongForm('AWS_CA_BUNDLE', 'holds no certificate in PEM form', 'name a file that starts with -----BEGIN')
}

function proxyOf(env: Env): Record<string, string> {
  const proxy: Record<string, string> = {}
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    const value = env[name.toLowerCase()] || env[name]
    if (value !== undefined && value !== '') proxy[name] = value
  }
  return proxy
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').flatMap((entry) => entry.trim().toLowerCase() || [])
}

function noProfile({ name, from }: { name: string; from: string }): StacksealError {
  return new StacksealError('ERR_CREDENTIALS_MISSING', `there is no AWS profile called ${name}`, {
    hint: `check ${from}; aws configure list-profiles tells which there are`,
    details: { scheme: 'awskms', profile: name },
  })
}

function wrongForm(name: string, reason: string, hint: string): StacksealError {
  return new StacksealError('ERR_USAGE', `${name} ${reason}`, { hint, details: { variable: name } })
}
