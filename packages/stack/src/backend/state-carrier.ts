import type { NextContent } from '../files/replace-file.ts'
import type { FileBackend, StackReference, StoredCheckpoint } from './file-backend.ts'
import { lockStack } from './stack-lock.ts'
import { type LockStackOptions, type StackLockPlaces, stackLockPlaces } from './stack-lock-places.ts'
import type { StateArchive } from './state-archives.ts'
import { nextCheckpoint } from './write-checkpoint.ts'

/** A state as somebody carried it here. */
export interface CarriedState {
  /** The document, unpacked. */
  readonly bytes: Uint8Array
  /** `checkpoint`: as it lies in a backend's folder. `export`: as `pulumi stack export` prints it. */
  readonly form: 'checkpoint' | 'export'
  /** Where it came from, for messages: a file's path, or `pulumi stack export`. */
  readonly source: string
  /** How it lies in its folder; undefined where it lies in none. */
  readonly stored?: StoredCheckpoint | undefined
}

/** A stack whose state nobody else writes, as far as its carrier can make sure of that. */
export interface CarrierLock extends Disposable {
  /** Reads the state under the lock. */
  read(): Promise<CarriedState | undefined>
  /**
   * Puts a document of the same form in the place of what {@link read} of this lock gave.
   * @returns the state as it is there now, which a carrier may have written in its own way
   * @throws ERR_CHANGED_MEANWHILE if the state was another by then
   */
  replace(bytes: Uint8Array): Promise<CarriedState>
}

/** A state that lies in files, so that a change of several files can prepare it beside them and switch it by renames. */
export interface StateFiles {
  /** Where the stack's locks lie. Makes their folders. */
  locks(): StackLockPlaces
  /** What the files of a state are to hold, in the order in which they are switched: the state itself is the last. */
  next(state: CarriedState, bytes: Uint8Array): readonly NextContent[]
}

/** Brings a stack's state here and takes it back. What stands in the documents is not its business. */
export interface StateCarrier {
  /** Undefined where somebody else carries the state: it is replaced by {@link CarrierLock.replace} alone. */
  readonly files: StateFiles | undefined
  /** The state, for a reader: no lock is taken. Undefined where the stack has none. */
  read(): Promise<CarriedState | undefined>
  /** @throws ERR_LOCKED */
  lock(options: LockStackOptions): Promise<CarrierLock>
  /** What is known to keep earlier states of the stack, and with them earlier ciphertexts. */
  archives(): readonly StateArchive[]
}

/** Carries the state of a stack in a backend that is a folder. */
export function fileCarrier(backend: FileBackend, reference: StackReference): StateCarrier {
  return {
    files: {
      locks: () => stackLockPlaces(backend, reference),
      next: ({ stored }, bytes) => {
        if (stored === undefined) throw new Error('next() needs a state that read() of this carrier gave')
        return nextCheckpoint(backend, stored, bytes)
      },
    },
    read: async () => carried(backend.read(reference)),
    lock: async (options) => {
      const lock = await lockStack(backend, reference, options)
      let current: StoredCheckpoint | undefined
      return {
        read: async () => carried((current = backend.read(reference))),
        replace: async (bytes) => {
          if (current === undefined) throw new Error('replace() needs the state that read() of this lock gave')
          current = lock.replace(current, bytes)
          return carried(current)
        },
        [Symbol.dispose]: () => lock.release(),
      }
    },
    archives: () => backend.archives(reference),
  }
}

function carried(stored: StoredCheckpoint): CarriedState
function carried(stored: StoredCheckpoint | undefined): CarriedState | undefined
function carried(stored: StoredCheckpoint | undefined): CarriedState | undefined {
  return stored === undefined ? undefined : { bytes: stored.bytes, form: 'checkpoint', source: stored.file, stored }
}
