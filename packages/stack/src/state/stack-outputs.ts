import type { Envelope } from '@stackseal/core'
import type { StateFile } from './state-file.ts'
import { parseJsonBytes } from './token-text.ts'
import { readSecret, readTree } from './value-tree.ts'

/** A secret that was not opened. It prints as `[secret]`, and holds nothing. */
export class SealedValue {
  toJSON(): string {
    return '[secret]'
  }

  toString(): string {
    return '[secret]'
  }
}

const ROOT_TYPE = 'pulumi:pulumi:Stack'

/**
 * The outputs of a stack, as its root resource holds them: secrets are `Secret`s, numbers float64, byte strings Uint8Arrays.
 *
 * @param envelope opens the secrets among them; without it they are {@link SealedValue}s, and no key is needed
 * @param only the one output that is wanted: the others are not opened
 * @returns undefined for a state without a root resource: nothing was deployed
 * @throws for an output that does not open, naming it: ERR_DECRYPT_FAILED, ERR_MALFORMED_CIPHERTEXT, ERR_SECRET_NOT_TEXT,
 * ERR_MALFORMED_SECRET
 */
export async function stackOutputs(
  state: StateFile,
  envelope?: Envelope,
  only?: string,
): Promise<ReadonlyMap<string, unknown> | undefined> {
  const all = rootOutputs(state)
  if (all === undefined) return undefined
  const outputs = Object.fromEntries(Object.entries(all).filter(([name]) => only === undefined || name === only))
  const opened = envelope === undefined ? undefined : await openSecrets(state, outputs, envelope)
  const secret = ({ member, text }: { readonly member: string; readonly text: string }): unknown => {
    if (member === 'plaintext') return readSecret(text)
    const json = opened?.get(text)
    return json === undefined ? new SealedValue() : readSecret(json)
  }
  return new Map(Object.entries(outputs).map(([name, value]) => [name, readTree(value, secret)]))
}

function rootOutputs({ deployment }: StateFile): object | undefined {
  if (deployment === undefined) return undefined
  const { resources } = parseJsonBytes(deployment) as {
    readonly resources?:
      | readonly { readonly type?: unknown; readonly parent?: unknown; readonly outputs?: unknown }[]
      | null
  }
  const root = resources?.find(({ type, parent }) => type === ROOT_TYPE && (parent === undefined || parent === ''))
  if (root === undefined) return undefined
  return typeof root.outputs === 'object' && root.outputs !== null ? root.outputs : {}
}

/** What the ciphertexts among the outputs say. */
async function openSecrets(
  { slots }: StateFile,
  outputs: object,
  envelope: Envelope,
): Promise<ReadonlyMap<string, string>> {
  const ciphertexts = new Set<string>()
  for (const value of Object.values(outputs)) {
    readTree(value, ({ member, text }) => {
      if (member === 'ciphertext') ciphertexts.add(text)
    })
  }
  const texts = [...ciphertexts]
  const results = await envelope.decryptAll(texts)
  return new Map(
    results.map((result, i) => {
      const text = texts[i] ?? ''
      if ('plaintext' in result) return [text, result.plaintext]
      const slot = slots.find((one) => one.text === text)
      const { code, message, hint } = result.error
      throw slot === undefined ? result.error : slot.error(code, `does not open: ${message}`, { hint })
    }),
  )
}
