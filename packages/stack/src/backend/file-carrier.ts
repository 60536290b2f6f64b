import type { FileBackend, StackReference, StoredCheckpoint } from './file-backend.ts'
import { lockStack } from './stack-lock.ts'
import { stackLockPlaces } from './stack-lock-places.ts'
import type { CarriedState, StateCarrier } from './state-carrier.ts'
import { nextCheckpoint } from './write-checkpoint.ts'

/** Carries the state of a stack in a backend that is a folder. */
export function fileCarrier(backend: FileBackend, reference: StackReference): StateCarrier {
  return {
    files: {
      locks: () => stackLockPlaces(backend, reference),
      next: ({ stored }, bytes, keepsPrevious) => {
        if (stored === undefined) throw new Error('next() needs a state that read() of this carrier gave')
        return nextCheckpoint(backend, stored, bytes, keepsPrevious)
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
