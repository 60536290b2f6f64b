import { isStacksealError, type SealedKey, StacksealError } from '@stackseal/core'

import type { FileSystem } from './files/file-system.ts'
import type { NextContent } from './files/replace-file.ts'
import { StateNotes } from './state-notes.ts'
import type { Environment } from './environment.ts'

/**
 * Notes on this machine that a stack's sealed key was made here. A stack file may come from somebody else's hands; a
 * key that nothing proves is not used for new secrets. The note is that it is there.
 */
export function noteSealedKey(fs: FileSystem, env: Environment, stackFile: string, sealedKey: SealedKey): void {
  const notes = new StateNotes(fs, env, 'sealed-keys')
  if (!notes.canKeep) return
  try {
    notes.write(aboutKey(stackFile, sealedKey), { file: stackFile, url: sealedKey.url.text })
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw new StacksealError(error.code, `it could not be noted that this key was made here: ${error.message}`, {
      hint: error.hint,
      details: { ...error.details, changed: false },
      cause: error.cause,
    })
  }
}

/** What {@link noteSealedKey} writes, for whoever replaces it together with the stack file; undefined without a home. */
export function nextKeyNote(
  fs: FileSystem,
  env: Environment,
  stackFile: string,
  sealedKey: SealedKey,
): NextContent | undefined {
  const notes = new StateNotes(fs, env, 'sealed-keys')
  if (!notes.canKeep) return undefined
  return notes.next(aboutKey(stackFile, sealedKey), { file: stackFile, url: sealedKey.url.text })
}

/** Whether {@link noteSealedKey} was called for exactly this file, key URL and sealed text. */
export function isNotedSealedKey(fs: FileSystem, env: Environment, stackFile: string, sealedKey: SealedKey): boolean {
  return new StateNotes(fs, env, 'sealed-keys').read(aboutKey(stackFile, sealedKey)) !== undefined
}

/** What a note about a sealed key is about: the file (its real path), the key URL and the sealed text, all as they are. */
export function aboutKey(stackFile: string, { url, sealed }: SealedKey): readonly string[] {
  return [stackFile, url.text, sealed]
}
