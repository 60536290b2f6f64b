import { type Envelope, StacksealError } from '@stackseal/core'

import type { CarriedState, CarrierLock, StateCarrier } from '../backend/state-carrier.ts'
import { StateFile } from '../state/state-file.ts'
import { BATCH_VALUES, openAll } from '../state/state-secrets.ts'
import { type CarriedCondition, carriedCondition, type CarriedTarget } from './carried-target.ts'

/** The part of a change that somebody else carries. */
export interface CarriedChange {
  readonly target: CarriedTarget
  /** What is to be carried: ciphertexts only. */
  readonly bytes: Uint8Array
  /** Has it carried, and proves what came of it. */
  replace(): Promise<void>
  /** What the state is now, asked also after an interruption. */
  look(): Promise<CarriedCondition>
}

export interface CarriedChangeParts {
  readonly target: CarriedTarget
  /** Whose `read` gave the state that the document was made of. */
  readonly lock: CarrierLock
  /** A carrier that no signal stops. */
  readonly observer: StateCarrier
  readonly document: StateFile
  readonly envelope: Envelope
}

export function carriedChange({ target, lock, observer, document, envelope }: CarriedChangeParts): CarriedChange {
  return {
    target,
    bytes: document.bytes,
    replace: async () => {
      const after = await lock.replace(document.bytes)
      await proveCarried(document, after, target, envelope)
    },
    look: async () => carriedCondition(target, await observer.read()),
  }
}

/**
 * Sees that what is there now is what was sent: under the same key, with the same secrets in the same places, and that
 * each opens to the same value. The bytes are others, since Pulumi encrypts anew.
 */
async function proveCarried(
  sent: StateFile,
  after: CarriedState,
  target: CarriedTarget,
  envelope: Envelope,
): Promise<void> {
  if (carriedCondition(target, after) !== 'new') {
    throw other(target, 'it does not name the new key')
  }
  const { slots } = StateFile.parse(after.bytes)
  if (slots.length !== sent.slots.length) {
    throw other(target, `it holds ${slots.length} secrets, and ${sent.slots.length} were sent`)
  }
  for (let start = 0; start < slots.length; start += BATCH_VALUES) {
    const end = start + BATCH_VALUES
    const [ours, theirs] = [sent.slots.slice(start, end), slots.slice(start, end)]
    const [expected, found] = [await openAll(ours, envelope), await openAll(theirs, envelope)]
    for (const [i, { slot, plaintext }] of found.entries()) {
      const wanted = expected[i]
      const isSame = wanted?.plaintext === plaintext && wanted.slot.urn === slot.urn && wanted.slot.path === slot.path
      if (!isSame)
        throw other(target, `${slot.path}${slot.urn === undefined ? '' : ` of ${slot.urn}`} is another secret`)
    }
  }
}

function other({ stack }: CarriedTarget, reason: string): StacksealError {
  return new StacksealError(
    'ERR_CHANGED_MEANWHILE',
    `the state of stack ${stack} that was read back is not the one that was carried: ${reason}`,
    {
      hint: 'if somebody deployed meanwhile, "stackseal stack recover" finishes the change; else look at the state first',
    },
  )
}
