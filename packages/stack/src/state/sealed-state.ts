import { type Envelope, type SealedKey, StacksealError } from '@stackseal/core'
import { COMPACT_BLOCK, printProviderBlock } from './provider-block.ts'
import { SEALED_VERSION } from './state-container.ts'
import { SECRET_SIGNATURE, SIGNATURE_KEY } from './signatures.ts'
import { StateFile } from './state-file.ts'
import { openAll } from './state-secrets.ts'
import { printTree, readSecret, readTree } from './value-tree.ts'

export interface SealOptions {
  /**
   * The text that an earlier call gave for this state: a secret that stands in the same place and has not changed keeps its
   * ciphertext, so that a change of the state shows what has changed. Only what opens with the same envelope is kept.
   */
  readonly previous?: string | undefined
}

/**
 * Seals a value tree into JSON text, for a program that keeps state of its own: every {@link Secret} in it, at any depth and
 * of any JSON value, becomes an encrypted slot, and the text names the sealed key that opens it. Everything else stays
 * readable. {@link openState} gives the tree back, with its secrets as `Secret`s; `rekeyState`, `verifyState` and
 * the `state` commands work on the text as on a state of Pulumi.
 *
 * ```ts
 * const text = await sealState({ url: 'https://db', password: new Secret('hunter2') }, envelope)
 * const { password } = (await openState(text, (key) => Envelope.open(key, registry, context))) as Login
 * ```
 *
 * The text is `{"stackseal":1,"secrets_providers":{…},"value":…}` and a line end. A tree holds null, booleans, numbers,
 * strings, byte arrays (Uint8Array), lists and plain objects; a member that is undefined is left out.
 *
 * @throws ERR_INVALID_VALUE, naming the place, for anything that JSON would lose: functions, bigints, Maps, Dates, circles
 */
export async function sealState(value: unknown, envelope: Envelope, { previous }: SealOptions = {}): Promise<string> {
  const clear: string[] = []
  const paths: string[] = []
  // The places of the secrets are found first, so that all of them are one batch. No JSON text holds a NUL.
  const parts = printTree(value, (json, segments) => {
    clear.push(json)
    paths.push(JSON.stringify(segments))
    return PLACE
  }).split(PLACE)
  const kept = previous === undefined ? undefined : await keptCiphertexts(previous, envelope)
  const keeps = clear.map((json, i) => {
    const old = kept?.get(paths[i] ?? '')
    return old?.json === json ? old.ciphertext : undefined
  })
  const fresh = (await envelope.encryptAll(clear.filter((_, i) => keeps[i] === undefined))).values()
  const secrets = keeps.map((ciphertext) => secretText(ciphertext ?? fresh.next().value ?? ''))
  const text = parts.map((part, i) => (i === 0 ? part : `${secrets[i - 1]}${part}`)).join('')
  return `{"stackseal":${SEALED_VERSION},"secrets_providers":${printProviderBlock(envelope.sealedKey, COMPACT_BLOCK)},"value":${text}}\n`
}

/**
 * Opens a text of {@link sealState}, and gives the tree back with its secrets as `Secret`s.
 *
 * @param open opens the sealed key that the text names; `(key) => Envelope.open(key, registry, context)`
 * @throws ERR_MALFORMED_FILE for what is no such text; for a secret that does not open, naming it: ERR_DECRYPT_FAILED,
 * ERR_MALFORMED_CIPHERTEXT, ERR_MALFORMED_SECRET; and what `open` throws
 */
export async function openState(
  text: string | Uint8Array,
  open: (sealedKey: SealedKey) => Promise<Envelope>,
): Promise<unknown> {
  const state = sealedFile(text)
  const envelope = await open(state.sealedKey)
  const opened = await openAll(state.slots, envelope)
  // Put in clear where they stand, so that one parse gives the whole tree. The text stays in this function.
  const changes = opened.map(({ slot, plaintext }) => ({ slot, member: 'plaintext' as const, text: plaintext }))
  const { value } = JSON.parse(state.withSlots(changes).toString()) as { readonly value?: unknown }
  return readTree(value, (secret) => readSecret(secret.text))
}

const PLACE = '\0'

function secretText(ciphertext: string): string {
  return `{"${SIGNATURE_KEY}":"${SECRET_SIGNATURE}","ciphertext":"${ciphertext}"}`
}

function sealedFile(text: string | Uint8Array): StateFile {
  const state = StateFile.parse(text)
  if (state.kind === 'sealed') return state
  throw new StacksealError('ERR_MALFORMED_FILE', 'this is a state of Pulumi, and not one that a program sealed')
}

/** The ciphertexts of an earlier text by place, and what they say. */
async function keptCiphertexts(
  previous: string,
  envelope: Envelope,
): Promise<ReadonlyMap<string, { readonly json: string; readonly ciphertext: string }>> {
  const { slots } = sealedFile(previous)
  const results = await envelope.decryptAll(slots.map(({ text }) => text))
  const kept = new Map<string, { json: string; ciphertext: string }>()
  for (const [i, slot] of slots.entries()) {
    const result = results[i]
    // What another key encrypted, or what was damaged, is not kept: a fresh ciphertext stands in its place.
    if (result === undefined || !('plaintext' in result) || slot.member !== 'ciphertext') continue
    kept.set(JSON.stringify(slot.segments.slice(1)), { json: result.plaintext, ciphertext: slot.text })
  }
  return kept
}
