import { type SealedKey, StacksealError } from '@stackseal/core'

import type { FileSystem } from '../files/file-system.ts'
import type { Project } from '../project.ts'
import { FileBackend, type StackReference } from './file-backend.ts'
import { findBackend, type FindBackendOptions, type FoundBackend } from './find-backend.ts'
import { initialState } from './initial-state.ts'
import { lockStack } from './stack-lock.ts'
import { type LockStackOptions } from './stack-lock-places.ts'

/** Where a stack that is being made gets its state, and what is there by now. */
export interface NewStackState {
  readonly found: FoundBackend
  /** Whether the backend is reached and holds no state of that name. */
  readonly isMissing: boolean
  /**
   * Refuses a stack that has a state and no key in its file.
   * @throws ERR_ALREADY_EXISTS
   */
  refuseExisting(label: string): void
  /**
   * Locks the stack, so that nobody makes it at the same time; undefined where the backend is not reached.
   * @throws ERR_LOCKED, ERR_IO
   */
  lock(options: LockStackOptions): Promise<NewStateLock | undefined>
}

export interface NewStateLock extends Disposable {
  /**
   * Writes the first state, with the key of the stack's file; gives the path.
   * @throws ERR_ALREADY_EXISTS, ERR_IO
   */
  create(sealedKey: SealedKey): string
}

/** @throws ERR_FILE_NOT_FOUND where the backend's folder is missing; ERR_BACKEND_LAYOUT; ERR_INVALID_BACKEND_URL */
export async function openNewStackState(
  fs: FileSystem,
  project: Pick<Project, 'name' | 'backendUrl'>,
  stack: string,
  options: FindBackendOptions,
): Promise<NewStackState> {
  const found = findBackend(fs, project, options)
  if (found.kind !== 'file') {
    return { found, isMissing: false, refuseExisting: () => undefined, lock: () => Promise.resolve(undefined) }
  }
  const backend = await FileBackend.open(fs, found.folder, options)
  const reference: StackReference = { project: project.name, stack }
  const existing = backend.find(reference)
  return {
    found,
    isMissing: existing === undefined,
    refuseExisting(label) {
      if (existing === undefined) return
      throw new StacksealError('ERR_ALREADY_EXISTS', `stack ${stack} has a state already, and ${label} has no key`, {
        hint: `bring ${label} back from where it was kept: the state in ${existing} names the key that it had`,
        details: { stack, file: label, state: existing, changed: false },
      })
    },
    async lock(lockOptions) {
      const lock = await lockStack(backend, reference, lockOptions)
      return {
        create(sealedKey) {
          const { document, previous } = initialState(backend.paths(reference).qualifiedName, sealedKey, new Date())
          return lock.create(document, previous).file
        },
        [Symbol.dispose]: () => lock.release(),
      }
    },
  }
}
