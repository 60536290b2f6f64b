import {
  type KeyService,
  type KeyUrl,
  type ProviderContext,
  type ProviderV1,
  StacksealError,
  wrappingProvider,
} from '@stackseal/core'

import { classify } from './classify.ts'
import { crc32c } from './crc32c.ts'
import { readCredentials } from './credentials.ts'
import { type CryptoKey, cryptoKey } from './crypto-key.ts'
import { fieldOf } from './field-of.ts'
import { type GcpCall, GcpFault } from './gcp-fault.ts'
import { bytesOf, ClientFault, kmsClient, type Place } from './kms-client.ts'

/**
 * The provider of `gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K`: the data key lies under a symmetric key of
 * Google Cloud KMS. Credentials come from GOOGLE_CREDENTIALS (the content of a file), GOOGLE_OAUTH_ACCESS_TOKEN, or
 * Google's application default credentials.
 */
export function gcpKms(): ProviderV1 {
  return gcpKmsAt(() => ({}))
}

/** The same provider with the service in another place. */
export function gcpKmsAt(place: (env: ProviderContext['env']) => Place): ProviderV1 {
  const connectThere = (url: KeyUrl, context: ProviderContext): Promise<KeyService> =>
    connect(url, context, place(context.env))
  return wrappingProvider({
    name: 'Google Cloud KMS',
    schemes: ['gcpkms'],
    connect: connectThere,
    classify,
    describe,
  })
}

/** Connects to the service of one key, as {@link wrappingProvider} wants it. */
export async function connect(url: KeyUrl, context: ProviderContext, place: Place): Promise<KeyService> {
  const key = cryptoKey(url)
  const { name, additionalData } = key
  const credentials = await readCredentials(context.env, context.signal)
  const faultOf = (error: unknown, operation: GcpCall['operation']): unknown =>
    error instanceof ClientFault ? new GcpFault(error.failure, { ...key, operation, credentials }) : error
  const client = await kmsClient(credentials, context.env, place).catch((error: unknown) => {
    throw faultOf(error, 'decrypt')
  })
  const bound =
    additionalData === undefined
      ? {}
      : {
          additionalAuthenticatedData: additionalData,
          additionalAuthenticatedDataCrc32c: { value: crc32c(additionalData) },
        }

  return {
    async wrap(dataKey, signal) {
      const request = { name, plaintext: dataKey, plaintextCrc32c: { value: crc32c(dataKey) }, ...bound }
      const answer = await client.call('encrypt', request, signal).catch((error: unknown) => {
        throw faultOf(error, 'encrypt')
      })
      const ciphertext = checked(answer, 'ciphertext')
      // Google asks for this: false says that the service never saw the checksum, and so did not look.
      const isVerified =
        fieldOf(answer, 'verifiedPlaintextCrc32c') === true &&
        (additionalData === undefined || fieldOf(answer, 'verifiedAdditionalAuthenticatedDataCrc32c') === true)
      if (!isVerified) throw invalidReply('did not check what was sent')
      if (!isVersionOf(key, fieldOf(answer, 'name'))) throw invalidReply('answered for another key')
      return ciphertext
    },
    async unwrap(wrapped, signal) {
      const request = { name, ciphertext: wrapped, ciphertextCrc32c: { value: crc32c(wrapped) }, ...bound }
      const answer = await client.call('decrypt', request, signal).catch((error: unknown) => {
        throw faultOf(error, 'decrypt')
      })
      return checked(answer, 'plaintext')
    },
    close: () => client.close(),
  }
}

/** A field of bytes whose checksum stands beside it. The answer itself is not kept: it may hold a key. */
function checked(answer: unknown, field: 'ciphertext' | 'plaintext'): Uint8Array {
  const bytes = bytesOf(answer, field)
  if (bytes === undefined || bytes.length === 0) throw invalidReply(`answered without a ${field}`)
  const checksum = fieldOf(fieldOf(answer, `${field}Crc32c`), 'value')
  if (Number(checksum) !== crc32c(bytes)) throw invalidReply('answered with a checksum that does not fit')
  // A copy: what the SDK gives is a part of a buffer that it may use again.
  return Uint8Array.from(bytes)
}

/** Whether a name is that of a version of this key. A project may be written by its number, too. */
function isVersionOf({ project, location, keyRing, key }: CryptoKey, name: unknown): boolean {
  if (typeof name !== 'string') return false
  const [projects, ofProject, ...rest] = name.split('/')
  const expected = ['locations', location, 'keyRings', keyRing, 'cryptoKeys', key, 'cryptoKeyVersions']
  if (projects !== 'projects' || rest.length !== expected.length + 1) return false
  if (expected.some((part, at) => rest[at] !== part)) return false
  return ofProject === project || /^\d+$/.test(project) || /^\d+$/.test(ofProject ?? '')
}

function invalidReply(reason: string): StacksealError {
  return new StacksealError('ERR_INVALID_REPLY', `what answered as Google Cloud KMS ${reason}`, {
    hint: 'try again; if it stays so, look for a proxy or another network device that changes what passes',
  })
}

/** Project, location, key ring and key. The version that sealed is known to the service alone. */
function describe(url: KeyUrl): Readonly<Record<string, string>> {
  const { project, location, keyRing, key } = cryptoKey(url)
  return { project, location, keyRing, key }
}
