import {
  decodeBase64,
  encodeBase64,
  type KeyService,
  type KeyUrl,
  type ProviderContext,
  type ProviderV1,
  StacksealError,
  utf8Bytes,
  utf8Text,
  wrappingProvider,
} from '@stackseal/core'

import { classify } from './classify.ts'
import { type FencedClient, fencedClient } from './fenced-client.ts'
import { fencedTransport, TransportFault } from './fenced-transport.ts'
import { fieldOf } from './field-of.ts'
import { type VaultCall, VaultFault } from './vault-fault.ts'
import { vaultKey } from './vault-key.ts'
import { vaultSettings } from './vault-settings.ts'

// Vault's own text for what it sealed. Its ASCII bytes are what the reference stores. docs/format.md, "Vault"
const SEALED = /^vault:v(\d+):[\w+/=-]+$/

/**
 * The provider of `hashivault://KEY?engine=MOUNT`: the data key lies under a key of a transit engine of HashiCorp Vault
 * or OpenBao. Server and token come from VAULT_SERVER_URL or VAULT_ADDR, and VAULT_SERVER_TOKEN, VAULT_TOKEN or
 * ~/.vault-token.
 */
export function vault(): ProviderV1 {
  return wrappingProvider({ name: 'Vault', schemes: ['hashivault'], connect, classify, describe })
}

async function connect(url: KeyUrl, context: ProviderContext): Promise<KeyService> {
  const { engine, key } = vaultKey(url)
  const settings = await vaultSettings(context.env)
  const transport = await fencedTransport(settings)
  const mount = await fencedClient(engine, settings, transport)
  const tokens = await fencedClient('auth/token', settings, transport)
  let isTransit = false

  const ask = async (
    operation: VaultCall['operation'],
    body: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) => {
    const call: VaultCall = { engine, key, operation, settings }
    try {
      return await mount.write(`${operation}/${key.split('/').map(encodeURIComponent).join('/')}`, body, signal)
    } catch (error) {
      if (!(error instanceof TransportFault)) throw error
      const { failure } = error
      if (failure.redirectedTo !== undefined) throw redirected(settings.address, failure.redirectedTo)
      if (failure.status !== 403 || settings.token === undefined) throw new VaultFault(failure, call)
      throw new VaultFault({ ...failure, tokenIsKnown: await isKnown(tokens, signal) }, call)
    }
  }

  const encrypt = async (bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => {
    const answer = await ask('encrypt', { plaintext: encodeBase64(bytes) }, signal)
    return utf8Bytes(textOf(answer, 'ciphertext', SEALED))
  }

  return {
    async wrap(dataKey, signal) {
      // A mount of another kind may keep what it is given: kv stores it in clear and answers 204. So the first bytes
      // that it sees are worth nothing.
      if (!isTransit) await encrypt(new Uint8Array(dataKey.length), signal)
      isTransit = true
      return encrypt(dataKey, signal)
    },
    async unwrap(wrapped, signal) {
      const ciphertext = utf8Text(wrapped) ?? ''
      if (!SEALED.test(ciphertext)) {
        throw new StacksealError('ERR_MALFORMED_SEALED_KEY', 'encryptedkey is not a text that Vault has sealed', {
          hint: 'take the line from an earlier version of the file',
        })
      }
      const result = decodeBase64(textOf(await ask('decrypt', { ciphertext }, signal), 'plaintext', /^[\w+/=]*$/))
      if ('bytes' in result) return result.bytes
      throw invalidReply()
    },
    async close() {
      transport.close()
    },
  }
}

/** Whether the server knows the token. Vault refuses an expired token and a missing permission with the same words. */
async function isKnown(tokens: FencedClient, signal: AbortSignal): Promise<boolean> {
  try {
    await tokens.read('lookup-self', signal)
    return true
  } catch (error) {
    if (!(error instanceof TransportFault) || signal.aborted) throw error
    return false
  }
}

/** A text out of `{ data: { [field]: … } }`. The answer itself is not kept: it may hold a key. */
function textOf(answer: unknown, field: string, form: RegExp): string {
  const text = fieldOf(fieldOf(answer, 'data'), field)
  if (typeof text === 'string' && form.test(text)) return text
  throw invalidReply()
}

function invalidReply(): StacksealError {
  return new StacksealError('ERR_INVALID_REPLY', 'what answered is not a transit engine of Vault', {
    hint: 'check engine= in the key URL, and that VAULT_ADDR names the server and not a page before it',
  })
}

function redirected(from: string, to: string): StacksealError {
  return new StacksealError(
    'ERR_SERVER_NOT_ALLOWED',
    `the server at ${from} sends the request on to ${to}; it was not followed`,
    {
      hint: `if ${to} is your Vault server, set VAULT_ADDR to it`,
    },
  )
}

/** Key, engine, and the key version that sealed. Says nothing about a text that is not Vault's. */
function describe(url: KeyUrl, sealed: string | undefined): Readonly<Record<string, string>> {
  const { key, engine } = vaultKey(url)
  const result = sealed === undefined ? undefined : decodeBase64(sealed)
  const text = result !== undefined && 'bytes' in result ? utf8Text(result.bytes) : undefined
  const version = SEALED.exec(text ?? '')?.[1]
  return { key, engine, ...(version === undefined ? {} : { version }) }
}
