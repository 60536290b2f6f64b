import { dirname, join } from 'node:path'

import { acquireLock, type FileLock } from '../files/file-lock.ts'
import type { FileSystem } from '../files/file-system.ts'
import { ioError } from '../files/io-error.ts'
import { nodeProcesses, type ProcessTable } from '../files/process-table.ts'
import { BOOKKEEPING } from './backend-layout.ts'
import { checkpointFile } from './checkpoint-names.ts'
import type { FileBackend, StackReference } from './file-backend.ts'
import { takePulumiLock } from './pulumi-lock.ts'

export interface LockStackOptions {
  /** What the holder does, for whoever finds the lock: `stack import`. It stands in a file: no value, no secret. */
  readonly command: string
  /** How long to wait for another Stackseal, in milliseconds; 10,000 unless given. Pulumi is not waited for. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly processes?: ProcessTable | undefined
}

/** Where the locks of a stack lie: real paths, so that whoever finishes a change of it needs no backend. */
export interface StackLockPlaces {
  /** The file whose lock is Stackseal's own for this stack. */
  readonly own: string
  /** The folder of Pulumi's locks of this stack. */
  readonly folder: string
  /** A folder on the same disk in which nobody looks for locks. */
  readonly stagingFolder: string
  readonly stack: string
}

/** Finds out where a stack's locks lie, and makes the folders. */
export function stackLockPlaces(backend: FileBackend, reference: StackReference): StackLockPlaces {
  const paths = backend.paths(reference)
  backend.prepareFolder(paths.stacks)
  backend.prepareFolder(paths.locks)
  return {
    // One lock however the state is packed: the packing may change.
    own: join(backend.resolve(paths.stacks), checkpointFile(reference.stack, 'none')),
    folder: backend.resolve(paths.locks),
    stagingFolder: backend.resolve(join(backend.folder, BOOKKEEPING, 'locks')),
    stack: reference.stack,
  }
}

/** Makes it last that both locks were given back: a power cut may otherwise bring them back, and Pulumi waits for one. */
export function flushLockFolders(fs: FileSystem, { own, folder }: StackLockPlaces): void {
  for (const path of [folder, dirname(own)]) {
    try {
      fs.fsyncFolder(path)
    } catch (error) {
      throw ioError(error, path, 'could not be flushed')
    }
  }
}

/**
 * Takes a stack's two locks in the places that {@link stackLockPlaces} gave.
 * @throws ERR_LOCKED, ERR_INTERRUPTED, ERR_IO
 */
export async function takeStackLocks(
  fs: FileSystem,
  { own, folder, stagingFolder, stack }: StackLockPlaces,
  { processes = nodeProcesses, ...options }: LockStackOptions,
): Promise<FileLock> {
  const ours = await acquireLock(fs, own, { ...options, processes })
  try {
    const theirs = takePulumiLock({ fs, folder, stagingFolder, stack, command: options.command, processes })
    const release = (): void => {
      theirs.release()
      ours.release()
    }
    return { release, [Symbol.dispose]: release }
  } catch (error) {
    ours.release()
    throw error
  }
}
