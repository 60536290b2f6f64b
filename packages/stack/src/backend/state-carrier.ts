import type { NextContent } from '../files/replace-file.ts'
import type { StoredCheckpoint } from './file-backend.ts'
import type { LockStackOptions, StackLockPlaces } from './stack-lock-places.ts'
import type { StateArchive } from './state-archives.ts'

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
  /**
   * What the files of a state are to hold, in the order in which they are switched: the state itself is the last.
   * @param keepsPrevious whether the state that was becomes the `.bak`; false for whoever sees to that file himself
   */
  next(state: CarriedState, bytes: Uint8Array, keepsPrevious?: boolean): readonly NextContent[]
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
