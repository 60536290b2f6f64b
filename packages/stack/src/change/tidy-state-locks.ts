import { isStacksealError } from '@stackseal/core'

import { FileBackend } from '../backend/file-backend.ts'
import { findBackend, type FindBackendOptions } from '../backend/find-backend.ts'
import { namesIn } from '../backend/names-in.ts'
import { isSidecar } from '../backend/sidecar.ts'
import {
  flushLockFolders,
  type LockStackOptions,
  stackLockPlaces,
  takeStackLocks,
} from '../backend/stack-lock-places.ts'
import type { FileSystem } from '../files/file-system.ts'
import type { StackPlace } from '../stack-place.ts'

/**
 * Removes what an ended process of ours left of the locks of a stack's state, in a backend that is a folder: a disk can
 * refuse that at the end of a change that was made, and Pulumi refuses the stack until somebody does. Taking the locks
 * does it; locks of anybody who may live stay.
 */
export async function tidyStateLocks(
  fs: FileSystem,
  place: StackPlace,
  options: FindBackendOptions,
  locking: LockStackOptions,
): Promise<void> {
  try {
    const found = findBackend(fs, place.project, options)
    if (found.kind !== 'file') return
    const backend = await FileBackend.open(fs, found.folder, options)
    const reference = { project: place.project.name, stack: place.name }
    const { locks, stacks } = backend.paths(reference)
    const isLeft =
      namesIn(fs, backend.resolve(locks)).some(({ name, kind }) => kind === 'file' && !isSidecar(name)) ||
      namesIn(fs, backend.resolve(stacks)).some(({ name }) => name.startsWith(`.${place.name}.json.stackseal-lock`))
    if (!isLeft) return
    const places = stackLockPlaces(backend, reference)
    const held = await takeStackLocks(fs, places, { ...locking, timeoutMs: 0 })
    held[Symbol.dispose]()
    flushLockFolders(fs, places)
  } catch (error) {
    // A lock of somebody who lives, or a backend that is not there: nothing to tidy, and nothing that recovery is about.
    if (!isStacksealError(error)) throw error
  }
}
