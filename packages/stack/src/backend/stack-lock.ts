import { isStacksealError, StacksealError } from '@stackseal/core'

import { finishChangeOfState } from '../change/finish-change.ts'
import type { FileBackend, StackReference, StoredCheckpoint } from './file-backend.ts'
import { type LockStackOptions, stackLockPlaces, takeStackLocks } from './stack-lock-places.ts'
import { createCheckpoint, replaceCheckpoint } from './write-checkpoint.ts'

/** A stack whose state nobody else writes. Whoever has it gives it back on every way out, `using` does that. */
export interface StackLock extends Disposable {
  /**
   * Replaces the state that was read under this lock, packed as it was, and keeps what it was as `.bak`.
   * @throws ERR_CHANGED_MEANWHILE if the file holds something else by now; ERR_NOT_REPLACEABLE, ERR_IO
   */
  replace(expected: StoredCheckpoint, document: Uint8Array): StoredCheckpoint
  /**
   * Writes the first state of a stack that has none.
   * @param previous what is kept as `.bak`: the reference's own first write
   * @throws ERR_ALREADY_EXISTS
   */
  create(document: Uint8Array, previous: Uint8Array): StoredCheckpoint
  release(): void
}

/**
 * Takes the locks of a stack: Stackseal's own, which is waited for, and then Pulumi's, so that `pulumi up` and whatever
 * else writes a state refuses until this is released.
 * @throws ERR_LOCKED, ERR_INTERRUPTED, ERR_IO
 */
export async function lockStack(
  backend: FileBackend,
  reference: StackReference,
  options: LockStackOptions,
): Promise<StackLock> {
  try {
    return await takeLocks(backend, reference, options)
  } catch (error) {
    if (!isStacksealError(error)) throw error
    // Folders and notes may have been made by then; the stack was not touched.
    throw new StacksealError(error.code, error.message, {
      hint: error.hint,
      details: { ...error.details, stack: reference.stack, changed: false },
      cause: error.cause,
    })
  }
}

async function takeLocks(
  backend: FileBackend,
  reference: StackReference,
  options: LockStackOptions,
): Promise<StackLock> {
  const { fs, env } = backend
  const places = stackLockPlaces(backend, reference)
  // A change of the key that somebody began and did not end comes first; while the locks are held nobody begins one.
  await finishChangeOfState(fs, places.own, { ...options, env })
  const lock = await takeStackLocks(fs, places, options)
  const release = (): void => lock.release()
  return {
    replace: (expected, document) => replaceCheckpoint(backend, expected, document),
    create: (document, previous) => createCheckpoint(backend, reference, document, previous),
    release,
    [Symbol.dispose]: release,
  }
}
