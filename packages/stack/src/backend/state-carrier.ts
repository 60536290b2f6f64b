import type { FileBackend, StackReference, StoredCheckpoint } from './file-backend.ts'
import { lockStack } from './stack-lock.ts'
import { type LockStackOptions } from './stack-lock-places.ts'

/** A state as somebody carried it here. */
export interface CarriedState {
  /** The document, unpacked. */
  readonly bytes: Uint8Array
  /** `checkpoint`: as it lies in a backend's folder. `export`: as `pulumi stack export` prints it. */
  readonly form: 'checkpoint' | 'export'
  /** Where it came from, for messages: a file's path, or `pulumi stack export`. */
  readonly source: string
}

/** A stack whose state nobody else writes, as far as its carrier can make sure of that. */
export interface CarrierLock extends Disposable {
  /** Reads the state under the lock. */
  read(): Promise<CarriedState | undefined>
  /**
   * Puts a document of the same form in the place of what {@link read} of this lock gave.
   * @throws ERR_CHANGED_MEANWHILE if the state is another by now
   */
  replace(bytes: Uint8Array): Promise<CarriedState>
}

/**
 * Brings a stack's state here and takes it back. What stands in the documents is not its business.
 *
 * A carrier that runs `pulumi` (for a backend that is not reached) fits behind it: `read` runs `stack export`; `lock`
 * takes nothing, since `stack import` locks by itself; `replace` exports once more, compares, and runs `stack import`.
 */
export interface StateCarrier {
  /** The state, for a reader: no lock is taken. Undefined where the stack has none. */
  read(): Promise<CarriedState | undefined>
  /** @throws ERR_LOCKED */
  lock(options: LockStackOptions): Promise<CarrierLock>
}

/** Carries the state of a stack in a backend that is a folder. */
export function fileCarrier(backend: FileBackend, reference: StackReference): StateCarrier {
  return {
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
  }
}

function carried(stored: StoredCheckpoint): CarriedState
function carried(stored: StoredCheckpoint | undefined): CarriedState | undefined
function carried(stored: StoredCheckpoint | undefined): CarriedState | undefined {
  return stored === undefined ? undefined : { bytes: stored.bytes, form: 'checkpoint', source: stored.file }
}
