import { isStacksealError, type SealedKey, StacksealError } from '@stackseal/core'
import { join } from 'node:path'

import type { FileSystem } from './files/file-system.ts'
import { sha256Hex } from './files/hash.ts'
import { makeFolder } from './files/make-folder.ts'
import { readTextFile } from './files/read-file.ts'
import { replaceFile } from './files/replace-file.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Notes on this machine that a stack's sealed key was made here. A stack file may come from somebody else's hands; a
 * key that nothing proves is not used for new secrets. One file a key: the note is that it is there.
 */
export function noteSealedKey(fs: FileSystem, env: Environment, stackFile: string, sealedKey: SealedKey): void {
  const folder = notesFolder(env)
  if (folder === undefined) return
  const note = join(folder, noteName(stackFile, sealedKey))
  const text = `${JSON.stringify({ file: stackFile, url: sealedKey.url.text })}\n`
  try {
    makeFolder(fs, folder, 0o700)
    replaceFile(fs, note, new TextEncoder().encode(text), readTextFile(fs, note)?.bytes)
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw new StacksealError(error.code, `it could not be noted that this key was made here: ${error.message}`, {
      hint: error.hint ?? 'name a folder that can be written with STACKSEAL_STATE_DIR',
      details: { ...error.details, changed: false },
      cause: error.cause,
    })
  }
}

/** Whether {@link noteSealedKey} was called for exactly this file, key URL and sealed text. */
export function isNotedSealedKey(fs: FileSystem, env: Environment, stackFile: string, sealedKey: SealedKey): boolean {
  const folder = notesFolder(env)
  return folder !== undefined && readTextFile(fs, join(folder, noteName(stackFile, sealedKey))) !== undefined
}

function noteName(stackFile: string, { url, sealed }: SealedKey): string {
  return sha256Hex([stackFile, url.text, sealed].join('\0'))
}

/** In the user's own state folder, where a checkout can not bring forged notes; undefined where there is no home. */
function notesFolder(env: Environment): string | undefined {
  const folder = stateFolder(env)
  return folder === undefined ? undefined : join(folder, 'sealed-keys')
}

function stateFolder(env: Environment): string | undefined {
  const { STACKSEAL_STATE_DIR: own, XDG_STATE_HOME: shared, HOME: home } = env
  if (own !== undefined && own !== '') return own
  if (shared !== undefined && shared !== '') return join(shared, 'stackseal')
  return home === undefined || home === '' ? undefined : join(home, '.local/state/stackseal')
}
