import {
  checkProxies,
  encodeBase64,
  type KeyService,
  type KeyUrl,
  type ProviderContext,
  type ProviderV1,
  StacksealError,
  wipe,
  wrappingProvider,
} from '@stackseal/core'

import { decodeSealed, encodeSealed } from './azure-encoding.ts'
import { AzureFault } from './azure-fault.ts'
import { type AzureKey, azureKey } from './azure-key.ts'
import { classify } from './classify.ts'
import { authorityOf, checkServer } from './clouds.ts'
import { signInFor } from './credential.ts'
import { type KeyClient, keyClient } from './key-client.ts'
import { noteOtherVersion, openWithOtherVersion } from './other-versions.ts'

/**
 * The provider of `azurekeyvault://VAULT.vault.azure.net/keys/NAME/VERSION?algorithm=RSA-OAEP-256`: the data key lies
 * under an RSA key of Azure Key Vault. Who asks follows from the AZURE_… variables, or from the vendor's own chain.
 */
export function azureKeyVault(): ProviderV1 {
  const provider = wrappingProvider({
    name: 'Azure Key Vault',
    schemes: ['azurekeyvault'],
    connect,
    classify,
    describe,
  })
  return {
    ...provider,
    async createKey(url, context) {
      const { dataKey, sealed } = await provider.createKey(url, context)
      return { dataKey, sealed: inForm(url, sealed) }
    },
    async openKey(url, text, context) {
      const { wrapped, ...better } = decodeSealed(text, url)
      const opening = await noteOtherVersion(() => provider.openKey(url, encodeBase64(wrapped), context))
      if (opening.version !== undefined) context.tell?.(advice(url, opening.version))
      return { dataKey: opening.result.dataKey, ...better }
    },
    async sealKey(url, dataKey, context) {
      const plain = await provider.sealKey?.(url, dataKey, context)
      return inForm(url, plain ?? '') // what wrapping makes always has a sealKey
    },
  }
}

/** The text form depends on the key URL, so it is made here, from the base64 of the ciphertext itself. */
function inForm(url: KeyUrl, plain: string): string {
  return encodeSealed(decodeSealed(plain, url).wrapped, url)
}

async function connect(url: KeyUrl, context: ProviderContext): Promise<KeyService> {
  const key = azureKey(url)
  checkServer(key, context.env)
  checkUsable(key)
  // Before any other part of the SDK is loaded: under DEBUG or AZURE_LOG_LEVEL it prints requests and answers.
  const { setLogLevel } = await import('@azure/logger')
  setLogLevel()
  const { Agent } = await import('node:https')
  const proxyEnv = proxyIn(context.env)
  await checkProxies({
    servers: [`https://${key.host}`, authorityOf(key.host)],
    proxyEnv,
    agent: () => Promise.resolve(Agent),
    noProxy: 'vault and sign-in (.vault.azure.net,.microsoftonline.com)',
  })
  const agent = new Agent({ keepAlive: true, proxyEnv, minVersion: 'TLSv1.2' })
  const signIn = await signInFor(key.host, context.env, agent)
  let tokens = 0
  const newClient = (): Promise<KeyClient> =>
    keyClient(
      key,
      signIn.newCredential(() => tokens++),
      agent,
    )
  let client = await newClient()

  const use = async (work: (client: KeyClient) => Promise<Uint8Array | undefined>): Promise<Uint8Array> => {
    const before = tokens
    try {
      try {
        return bytesIn(await work(client))
      } catch (error) {
        // A token of an earlier call that ended before its time: the SDK would go on to send it.
        if (!isRefusedToken(error) || before === 0 || tokens > before) throw error
        client = await newClient()
        return bytesIn(await work(client))
      }
    } catch (error) {
      if (!(error instanceof AzureFault)) throw error
      throw new AzureFault({ ...error.failure, from: signIn.from, missing: signIn.missing }, error.call)
    }
  }
  return {
    wrap: (dataKey, signal) => use((current) => current.encrypt(dataKey, signal)),
    unwrap: (wrapped, signal) =>
      use(async (current) => {
        try {
          return await current.decrypt(wrapped, signal)
        } catch (error) {
          if (key.version !== undefined || !isWrongKey(error)) throw error
          return openWithOtherVersion(current, wrapped, error, signal)
        }
      }),
    async close() {
      agent.destroy()
    },
  }
}

function advice(url: KeyUrl, version: string): string {
  const { name } = azureKey(url)
  return `the data key lies under version ${version} of the key ${name}, which is not its latest: a re-wrap moves it there`
}

/** RSA ciphertext names no key: what another version sealed is answered like any text that this one did not. */
function isWrongKey(error: unknown): error is AzureFault {
  return error instanceof AzureFault && error.failure.status === 400 && error.failure.notAVault !== true
}

function isRefusedToken(error: unknown): boolean {
  return error instanceof AzureFault && error.failure.status === 401 && error.failure.signIn === undefined
}

/** What no vault has is not asked for: the SDK has no way to write such a name. */
function checkUsable({ name, version, algorithm, host }: AzureKey): void {
  const details = { scheme: 'azurekeyvault', key: name, vault: host }
  if (/^A\d/.test(algorithm)) {
    throw new StacksealError('ERR_KEY_NOT_USABLE', `${algorithm} does not seal to one text`, {
      hint: 'take algorithm= out of the key URL, and use an RSA key',
      details,
    })
  }
  if ([name, version ?? ''].every((part) => /^[\w.~-]*$/.test(part))) return
  throw new StacksealError('ERR_KEY_NOT_FOUND', 'the key URL names a key or version that no vault can have', {
    hint: `names of keys have letters, digits and dashes: az keyvault key list --vault-name ${host.split('.')[0]}`,
    details,
  })
}

function bytesIn(result: Uint8Array | undefined): Uint8Array {
  if (result !== undefined && result.length > 0) {
    const bytes = Uint8Array.from(result)
    wipe(result) // the SDK's own, which may be a piece of a larger buffer
    return bytes
  }
  throw new StacksealError('ERR_INVALID_REPLY', 'what answered is not Azure Key Vault', {
    hint: 'check the host in the key URL, and that no proxy or sign-in page stands before it',
  })
}

/** As Node reads a proxy's address, but from the context. */
function proxyIn(env: ProviderContext['env']): Record<string, string> {
  const proxy: Record<string, string> = {}
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    const value = env[name.toLowerCase()] || env[name]
    if (value !== undefined && value !== '') proxy[name] = value
  }
  return proxy
}

/** Vault, key, version where the URL names one, and algorithm. RSA ciphertext tells nothing. */
function describe(url: KeyUrl): Readonly<Record<string, string>> {
  const { host, name, version, algorithm } = azureKey(url)
  return { vault: host, key: name, ...(version === undefined ? {} : { version }), algorithm }
}
