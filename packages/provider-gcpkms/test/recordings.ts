import { readFileSync } from 'node:fs'

/** One call of the recorded traffic of the real Cloud KMS. Bytes are base64. */
export interface Exchange {
  readonly recording: string
  readonly index: number
  readonly method: 'Encrypt' | 'Decrypt'
  readonly request: {
    readonly name: string
    readonly plaintext?: string
    readonly ciphertext?: string
    readonly additionalAuthenticatedData?: string
  }
  readonly isError: boolean
  readonly response: {
    readonly name?: string
    readonly ciphertext?: string
    readonly ciphertextCrc32c?: string
    readonly plaintext?: string
    readonly plaintextCrc32c?: string
    readonly usedPrimary?: number
    readonly protectionLevel?: number
    readonly code?: number
    readonly message?: string
    readonly details?: readonly { readonly '@type': string; readonly valueBase64: string }[]
  }
}

const FILE = new URL('../../../vectors/go-cdk/gcpkms-decoded.json', import.meta.url)

/** Every recorded call, in order. */
export function recordedExchanges(): readonly Exchange[] {
  const recordings: Record<string, (Omit<Exchange, 'recording' | 'method'> & { method: string })[]> = JSON.parse(
    readFileSync(FILE, 'utf8'),
  )
  return Object.entries(recordings).flatMap(([recording, exchanges]) =>
    exchanges.map((exchange) => ({
      ...exchange,
      recording,
      method: exchange.method.endsWith('/Encrypt') ? ('Encrypt' as const) : ('Decrypt' as const),
    })),
  )
}
