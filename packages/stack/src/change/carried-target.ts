import { isStacksealError, type SealedKey } from '@stackseal/core'
import { dirname } from 'node:path'

import type { CarriedState } from '../backend/state-carrier.ts'
import type { FileSystem } from '../files/file-system.ts'
import { sha256Hex } from '../files/hash.ts'
import { ioError } from '../files/io-error.ts'
import { replaceFile, stagedPath } from '../files/replace-file.ts'
import { StateFile } from '../state/state-file.ts'
import { removeIfThere } from './remove-if-there.ts'

/** A state that `pulumi` carries, as the record of a change keeps it. */
export interface CarriedTarget {
  /** The stack's name as Pulumi takes it. */
  readonly stack: string
  /** The folder of the project. */
  readonly folder: string
  /** SHA-256 of the backend's URL, which may hold a password. */
  readonly backend: string
  /** Where the document lies that is to be imported: ciphertexts only, in the user's own state folder. */
  readonly document: string
  /** SHA-256 of the document that was exported. */
  readonly before: string
  /** SHA-256 of the document that is to be imported. */
  readonly after: string
  /** SHA-256 of the new sealed key: an import encrypts anew, so this tells that it was done. */
  readonly keyAfter: string
  /** Whether the import needs the new passphrase. */
  readonly needsPassphrase: boolean
}

/** `new`: under the new key, whatever else happened since. `old`: to the byte what was exported. */
export type CarriedCondition = 'old' | 'new' | 'other'

export function carriedCondition(
  { before, keyAfter }: CarriedTarget,
  state: CarriedState | undefined,
): CarriedCondition {
  if (state === undefined) return 'other'
  if (keyIn(state) === keyAfter) return 'new'
  return sha256Hex(state.bytes) === before ? 'old' : 'other'
}

/** Tells two sealed keys apart. */
export function keyHash({ url, sealed }: SealedKey): string {
  return sha256Hex(`${url.text}\n${sealed}`)
}

function keyIn({ bytes }: CarriedState): string | undefined {
  try {
    const { provider } = StateFile.parse(bytes)
    return provider !== undefined && 'sealedKey' in provider ? keyHash(provider.sealedKey) : undefined
  } catch (error) {
    if (isStacksealError(error)) return undefined // it is not what this change made
    throw error
  }
}

const DOCUMENT_MODE = 0o600

/** Lays the document down, flushed and read back. */
export function stageDocument(fs: FileSystem, { document }: CarriedTarget, bytes: Uint8Array): void {
  removeDocument(fs, document)
  replaceFile(fs, document, bytes, undefined, DOCUMENT_MODE)
}

export function removeDocument(fs: FileSystem, document: string): void {
  try {
    // Also what a writer of it left that was killed.
    const removed = [document, stagedPath(document)].filter((name) => removeIfThere(fs, name))
    if (removed.length > 0) fs.fsyncFolder(dirname(document))
  } catch (error) {
    throw ioError(error, document, 'could not be removed')
  }
}
