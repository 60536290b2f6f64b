import type { Envelope } from '@stackseal/core'

import { parseConfigKey } from './config/config-key.ts'
import { getValue } from './config/config-map.ts'
import type { ConfigPlace } from './config/config-place.ts'
import { type CoveredValue, coverMarked } from './config/secret-marks.ts'
import { mapSecrets, secretsOf } from './config/value-shape.ts'
import { type ConfigValue, SecretText } from './values/config-value.ts'
import type { NewValue } from './config/new-value.ts'
import { type KnowsKey, plaintextOf, proveKey } from './key-proof.ts'
import type { StackFile } from './stack-file.ts'

/** A change that waits to be saved. It is applied to the file as it is at that moment, so that others' changes stay. */
export type PendingEdit =
  | { readonly kind: 'set'; readonly place: ConfigPlace; readonly value: NewValue }
  /** A value with secrets, whose plaintexts are known. */
  | ({ readonly kind: 'set-sealed'; readonly place: ConfigPlace } & CoveredValue)
  | { readonly kind: 'remove'; readonly place: ConfigPlace }
  | { readonly kind: 'set-environment'; readonly value: ConfigValue }
  /** Encrypts whatever is marked `!secret`. */
  | { readonly kind: 'encrypt-marked' }

/** Whether the data key is needed to apply an edit. */
export function needsKey(edit: PendingEdit): boolean {
  return edit.kind === 'set-sealed' || edit.kind === 'encrypt-marked'
}

/** What became of a list of edits. */
export interface AppliedEdits {
  readonly file: StackFile
  /** Secrets that did not open and were replaced. */
  readonly replacedDamaged: readonly ConfigPlace[]
}

/**
 * Applies edits to a stack file, in order. A new secret is only encrypted under a key that is proven to be the file's;
 * a secret that has its new value already keeps its ciphertext.
 * @throws ERR_KEY_NOT_PROVEN, ERR_CANNOT_EDIT, and what setting a value can throw
 */
export async function applyEdits(
  file: StackFile,
  edits: readonly PendingEdit[],
  open: (file: StackFile) => Promise<Envelope>,
  isKnown: KnowsKey,
): Promise<AppliedEdits> {
  let edited = file
  const replacedDamaged: ConfigPlace[] = []
  for (const edit of edits) {
    if (edit.kind === 'remove') edited = await edited.remove(edit.place)
    else if (edit.kind === 'set-environment') edited = await edited.withEnvironment(edit.value)
    else if (edit.kind === 'set') edited = await edited.set(edit.place, edit.value)
    else {
      const envelope = await open(edited)
      const sealing = new Sealing(edited, envelope, isKnown)
      const sets = edit.kind === 'set-sealed' ? [edit] : markedValues(edited)
      for (const { place, ...value } of sets) edited = await edited.set(place, await sealing.seal(place, value))
      replacedDamaged.push(...sealing.replacedDamaged)
    }
  }
  return { file: edited, replacedDamaged }
}

/** Every value that is marked `!secret`, with its own text as the plaintext. */
function markedValues(file: StackFile): readonly ({ readonly place: ConfigPlace } & CoveredValue)[] {
  return file.marks.map(({ key: printed, path }) => {
    const key = parseConfigKey(printed)
    const place = { key, path }
    const { value, plaintexts } = coverMarked(getValue(file.config, key, path) ?? '', place, [{ key: printed, path }])
    return { place, value, plaintexts }
  })
}

/** Encrypts the secrets of new values for one file. */
class Sealing {
  readonly replacedDamaged: ConfigPlace[] = []
  readonly #file: StackFile
  readonly #envelope: Envelope
  readonly #isKnown: KnowsKey
  #isProven = false

  constructor(file: StackFile, envelope: Envelope, isKnown: KnowsKey) {
    this.#file = file
    this.#envelope = envelope
    this.#isKnown = isKnown
  }

  /** The value with ciphertexts: those that are there where they open to the same plaintext, else new ones. */
  async seal(place: ConfigPlace, { value, plaintexts }: CoveredValue): Promise<ConfigValue> {
    const ciphertexts = new Map<SecretText, SecretText>()
    for (const { path, secret } of secretsOf(value)) {
      const inner = { key: place.key, path: [...place.path, ...path] }
      ciphertexts.set(secret, await this.#sealOne(inner, plaintexts.get(secret) as string))
    }
    return mapSecrets(value, (secret) => ciphertexts.get(secret) as SecretText)
  }

  async #sealOne(place: ConfigPlace, plaintext: string): Promise<SecretText> {
    const old = getValue(this.#file.config, place.key, place.path)
    const oldText = old instanceof SecretText ? await plaintextOf(this.#envelope, old) : undefined
    if (old instanceof SecretText && oldText === plaintext) return old
    // The secret that gives way proves the key as well as any other, if it opens.
    if (oldText === undefined && !this.#isProven) await proveKey(this.#file, this.#envelope, this.#isKnown, old)
    this.#isProven = true
    if (old instanceof SecretText && oldText === undefined) this.replacedDamaged.push(place)
    return new SecretText(await this.#envelope.encrypt(plaintext))
  }
}
