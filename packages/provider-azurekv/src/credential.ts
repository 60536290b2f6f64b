import type { Agent } from 'node:https'

import type { TokenCredential, TokenCredentialOptions } from '@azure/identity'
import { type ProviderContext, StacksealError } from '@stackseal/core'

import { authorityOf, isKnownAuthority } from './clouds.ts'
import { exchangePolicy } from './exchange.ts'
import { watched } from './sign-in.ts'
import { VERSION } from './version.ts'

type Env = ProviderContext['env']

/** How the caller is known to Azure, and what hints call it. */
export interface SignIn {
  /** One that has no token yet, and tells when it gets one. */
  readonly newCredential: (onToken?: () => void) => TokenCredential
  /** `AZURE_CLIENT_SECRET`, or undefined where the vendor's chain looks for somebody. */
  readonly from: string | undefined
  /** Variables without which what is set is of no use. */
  readonly missing: readonly string[]
}

const IDENTITY = ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID'] as const
/** What can be given beside tenant and client, in the order of the reference, with its name in the vendor's chain. */
const PROOFS = [
  ['AZURE_CLIENT_SECRET', 'environmentcredential'],
  ['AZURE_CLIENT_CERTIFICATE_PATH', 'environmentcredential'],
  ['AZURE_FEDERATED_TOKEN_FILE', 'workloadidentitycredential'],
] as const

/**
 * Who signs in: the service principal in `env`, so that two accounts can be open in one process, or whoever the vendor's
 * chain finds in the process (managed identity, `az login`, `azd auth login`, …).
 * @throws ERR_CREDENTIALS_INVALID or ERR_USAGE for a variable of a wrong form
 */
export async function signInFor(host: string, env: Env, agent: Agent): Promise<SignIn> {
  const identity = await import('@azure/identity')
  const authorityHost = readAuthority(env) ?? authorityOf(host)
  const options = {
    authorityHost,
    // Else Microsoft is asked whether a private cloud's sign-in is genuine, and says that it does not know it.
    disableInstanceDiscovery: !isKnownAuthority(authorityHost),
    additionallyAllowedTenants: listOf(valueOf(env, 'AZURE_ADDITIONALLY_ALLOWED_TENANTS')),
    ...clientOptions(),
  }
  checkChain(env)
  const [tenantId, clientId] = IDENTITY.map((name) => identifier(env, name))
  const from = proofIn(env)
  const missing = from === undefined ? [] : IDENTITY.filter((name) => valueOf(env, name) === undefined)
  if (from === undefined || tenantId === undefined || clientId === undefined) {
    const chain = () =>
      new identity.DefaultAzureCredential({
        ...options,
        ...(tenantId === undefined ? {} : { tenantId }),
        ...(clientId === undefined ? {} : { managedIdentityClientId: clientId }),
      })
    return { newCredential: (onToken) => watched(chain, 'chain', onToken), from: undefined, missing }
  }
  const own = { ...options, agent }
  const proof = valueOf(env, from) ?? ''
  const make = {
    AZURE_CLIENT_SECRET: () => new identity.ClientSecretCredential(tenantId, clientId, proof, own),
    AZURE_CLIENT_CERTIFICATE_PATH: () => {
      const certificatePassword = valueOf(env, 'AZURE_CLIENT_CERTIFICATE_PASSWORD')
      const sendCertificateChain = /^(?:1|true)$/i.test(valueOf(env, 'AZURE_CLIENT_SEND_CERTIFICATE_CHAIN') ?? '')
      const certificate = {
        certificatePath: proof,
        ...(certificatePassword === undefined ? {} : { certificatePassword }),
      }
      return new identity.ClientCertificateCredential(tenantId, clientId, certificate, { ...own, sendCertificateChain })
    },
    AZURE_FEDERATED_TOKEN_FILE: () =>
      new identity.WorkloadIdentityCredential({ tenantId, clientId, tokenFilePath: proof, ...own }),
  }
  return { newCredential: (onToken) => watched(make[from], 'one', onToken), from, missing }
}

type ClientOptions = Pick<
  TokenCredentialOptions,
  'additionalPolicies' | 'redirectOptions' | 'retryOptions' | 'userAgentOptions'
>

/** What every client is told: who asks, to try once (core tries again), to follow nobody, and to be watched. */
export function clientOptions(): ClientOptions {
  return {
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    additionalPolicies: [exchangePolicy()],
    userAgentOptions: { userAgentPrefix: `stackseal/${VERSION}` },
  }
}

function proofIn(env: Env): (typeof PROOFS)[number][0] | undefined {
  // The vendor's variable that narrows its chain counts for what this package reads itself.
  const only = valueOf(env, 'AZURE_TOKEN_CREDENTIALS')?.trim().toLowerCase()
  const isAllowed = (name: string): boolean => only === undefined || only === 'prod' || only === name
  return PROOFS.find(([variable, name]) => valueOf(env, variable) !== undefined && isAllowed(name))?.[0]
}

const CHAIN =
  /^(?:dev|prod|(?:environment|workloadidentity|managedidentity|visualstudiocode|azurecli|azurepowershell|azuredevelopercli)credential)$/i

function checkChain(env: Env): void {
  const text = valueOf(env, 'AZURE_TOKEN_CREDENTIALS')
  if (text === undefined || CHAIN.test(text.trim())) return
  throw new StacksealError('ERR_USAGE', 'AZURE_TOKEN_CREDENTIALS names no way to sign in', {
    hint: 'set it to dev, prod, or the name of one credential, such as AzureCliCredential',
    details: { variable: 'AZURE_TOKEN_CREDENTIALS' },
  })
}

function readAuthority(env: Env): string | undefined {
  const text = valueOf(env, 'AZURE_AUTHORITY_HOST')
  if (text === undefined) return undefined
  if (URL.canParse(text) && new URL(text).protocol === 'https:') return text.replace(/\/+$/, '')
  throw new StacksealError('ERR_USAGE', 'AZURE_AUTHORITY_HOST is not the address of a sign-in service', {
    hint: 'set it to an address like https://login.microsoftonline.us, or not at all',
    details: { variable: 'AZURE_AUTHORITY_HOST' },
  })
}

function identifier(env: Env, name: string): string | undefined {
  const value = valueOf(env, name)
  if (value === undefined || /^[\w.-]+$/.test(value)) return value
  throw new StacksealError('ERR_CREDENTIALS_INVALID', `${name} holds a character that such identifiers do not have`, {
    hint: `set ${name} again, without a line end or quotes`,
    details: { variable: name },
  })
}

function valueOf(env: Env, name: string): string | undefined {
  const value = env[name]
  return value === '' ? undefined : value
}

function listOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(';')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}
