import type { Agent } from 'node:https'

import type { TokenCredential } from '@azure/identity'
import type { CryptographyClient, EncryptParameters, KeyVaultKey } from '@azure/keyvault-keys'

import { type AzureCall, AzureFault } from './azure-fault.ts'
import type { AzureKey } from './azure-key.ts'
import { clientOptions } from './credential.ts'
import { type Exchange, inExchange } from './exchange.ts'
import { vaultFailure } from './vault-failure.ts'

type Algorithm = Extract<EncryptParameters['algorithm'], `RSA${string}`>

export interface KeyVersion {
  readonly version: string
  readonly isEnabled: boolean
  readonly createdMs: number
}

/** The three requests that a data key needs, each of one key. Bytes are those of the RSA operation. */
export interface KeyClient {
  encrypt(plaintext: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** With another version than that of the key. */
  decrypt(ciphertext: Uint8Array, signal: AbortSignal, version?: string): Promise<Uint8Array | undefined>
  /** At most so many versions, in no order. */
  versions(limit: number, signal: AbortSignal): Promise<KeyVersion[]>
}

export async function keyClient(key: AzureKey, credential: TokenCredential, agent: Agent): Promise<KeyClient> {
  const sdk = await import('@azure/keyvault-keys')
  const vaultUrl = `https://${key.host}`
  // Fresh for each client: the SDK writes its own name into them.
  const options = () => ({ ...clientOptions(), agent })
  const clients = new Map<string, CryptographyClient>()

  /**
   * With the key as an object without its public half the SDK leaves every operation to the vault. With a mere address
   * it would fetch the key first, for which an identity needs a permission more, and encrypt RSA-OAEP by itself.
   */
  const clientFor = (version: string): CryptographyClient => {
    const existing = clients.get(version)
    if (existing !== undefined) return existing
    const named: KeyVaultKey = {
      id: [vaultUrl, 'keys', key.name, ...(version === '' ? [] : [version])].join('/'),
      name: key.name,
      properties: { vaultUrl, name: key.name, version },
    }
    const client = new sdk.CryptographyClient(named, credential, options())
    clients.set(version, client)
    return client
  }

  const ask = async <T>(operation: AzureCall['operation'], signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    const exchange: Exchange = { signal, replies: [], network: [] }
    try {
      return await inExchange(exchange, work)
    } catch (error) {
      throw new AzureFault(vaultFailure(error, exchange), { ...key, operation })
    }
  }

  const latest = key.version ?? ''
  // The service says which names it knows; the SDK's type lists those of the day on which it was made.
  const algorithm = key.algorithm as Algorithm
  return {
    encrypt: (plaintext, abortSignal) =>
      ask(
        'encrypt',
        abortSignal,
        async () => (await clientFor(latest).encrypt({ algorithm, plaintext }, { abortSignal })).result,
      ),
    decrypt: (ciphertext, abortSignal, version = latest) =>
      ask(
        'decrypt',
        abortSignal,
        async () => (await clientFor(version).decrypt({ algorithm, ciphertext }, { abortSignal })).result,
      ),
    versions: (limit, abortSignal) =>
      ask('list', abortSignal, async () => {
        const versions: KeyVersion[] = []
        const client = new sdk.KeyClient(vaultUrl, credential, options())
        for await (const { version, enabled, createdOn } of client.listPropertiesOfKeyVersions(key.name, {
          abortSignal,
        })) {
          if (version === undefined) continue
          versions.push({ version, isEnabled: enabled !== false, createdMs: createdOn?.getTime() ?? 0 })
          if (versions.length >= limit) break
        }
        return versions
      }),
  }
}
