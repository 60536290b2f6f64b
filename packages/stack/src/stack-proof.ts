import type { Envelope, SealedKey } from '@stackseal/core'
import { FileBackend } from './backend/file-backend.ts'
import { findBackend, type FindBackendOptions } from './backend/find-backend.ts'
import type { FileSystem } from './files/file-system.ts'
import { errnoOf } from './files/io-error.ts'
import type { Project } from './project.ts'
import { decompressState } from './state/state-compression.ts'
import { transformState } from './state/state-stream.ts'

/**
 * Whether a secret of a stack's state opens with an envelope, where the state names the same sealed key. Only a state in a
 * folder counts that the user named, by the environment or Pulumi's login: one that the project names could have come with
 * what was checked out, as the stack file did.
 * @throws what finding and reading the state throws
 */
export async function opensSecretOfState(
  fs: FileSystem,
  { project, name }: { readonly project: Project; readonly name: string },
  { sealedKey, envelope }: { readonly sealedKey: SealedKey; readonly envelope: Envelope },
  options: FindBackendOptions,
): Promise<boolean> {
  const found = findBackend(fs, project, options)
  if (found.kind !== 'file' || found.source === 'project' || !isFolder(fs, found.folder.folder)) return false
  const backend = await FileBackend.open(fs, found.folder, options)
  const stored = backend.readPieces({ project: project.name, stack: name })
  if (stored === undefined) return false
  let opens = false
  const passed = transformState(decompressState(stored.pieces), {
    async begin(provider) {
      const named = provider !== undefined && 'sealedKey' in provider ? provider.sealedKey : undefined
      if (!isSame(named, sealedKey)) throw new Unproven()
      return undefined
    },
    async change(slots) {
      const ciphertexts = slots.filter(({ member }) => member === 'ciphertext').map(({ text }) => text)
      opens ||= (await envelope.decryptAll(ciphertexts)).some((result) => 'plaintext' in result)
      return []
    },
  })
  try {
    for await (const _ of passed) if (opens) break
  } catch (error) {
    if (!(error instanceof Unproven)) throw error
  }
  return opens
}

function isFolder(fs: FileSystem, path: string): boolean {
  try {
    return fs.stat(path).kind === 'folder'
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return false // there is no state, whatever the reason
  }
}

/** Ends the reading of a state of another key. */
class Unproven extends Error {}

function isSame(a: SealedKey | undefined, b: SealedKey): boolean {
  return a !== undefined && a.url.text === b.url.text && a.sealed === b.sealed
}
