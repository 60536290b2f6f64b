import { isStacksealError, StacksealError } from '@stackseal/core'
import { join } from 'node:path'

import { acquireLock } from '../files/file-lock.ts'
import { nodeProcesses, type ProcessTable } from '../files/process-table.ts'
import { BOOKKEEPING } from './backend-layout.ts'
import { checkpointFile } from './checkpoint-names.ts'
import type { FileBackend, StackReference, StoredCheckpoint } from './file-backend.ts'
import { takePulumiLock } from './pulumi-lock.ts'
import { createCheckpoint, replaceCheckpoint } from './write-checkpoint.ts'

export interface LockStackOptions {
  /** What the holder does, for whoever finds the lock: `stack import`. It stands in a file: no value, no secret. */
  readonly command: string
  /** How long to wait for another Stackseal, in milliseconds; 10,000 unless given. Pulumi is not waited for. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly processes?: ProcessTable | undefined
}

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
  { processes = nodeProcesses, ...options }: LockStackOptions,
): Promise<StackLock> {
  const paths = backend.paths(reference)
  backend.prepareFolder(paths.stacks)
  // One lock however the state is packed: the packing may change.
  const own = join(backend.resolve(paths.stacks), checkpointFile(reference.stack, 'none'))
  const ours = await acquireLock(backend.fs, own, { ...options, processes })
  try {
    backend.prepareFolder(paths.locks)
    const theirs = takePulumiLock({
      fs: backend.fs,
      folder: backend.resolve(paths.locks),
      stagingFolder: backend.resolve(join(backend.folder, BOOKKEEPING, 'locks')),
      stack: reference.stack,
      command: options.command,
      processes,
    })
    const release = (): void => {
      theirs.release()
      ours.release()
    }
    return {
      replace: (expected, document) => replaceCheckpoint(backend, expected, document),
      create: (document, previous) => createCheckpoint(backend, reference, document, previous),
      release,
      [Symbol.dispose]: release,
    }
  } catch (error) {
    ours.release()
    throw error
  }
}
