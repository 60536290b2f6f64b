import { isStacksealError, StacksealError } from '@stackseal/core'

import type { StateArchive } from '../backend/state-archives.ts'
import type { StateCarrier } from '../backend/state-carrier.ts'
import type { KeyWorld } from '../stack-key.ts'
import type { StackPlace } from '../stack-place.ts'
import type { FoundCarrier } from './find-carrier.ts'
import { ArchiveRekeying, type ArchiveRekeyingKeys } from './rekey-archives.ts'

/** The archives of a stack, by the key that they have after a change. */
export interface ChangedArchives {
  /** What keeps earlier ciphertexts, which the old key still opens. */
  readonly archives: readonly StateArchive[]
  /** What was brought along. */
  readonly rekeyedArchives: readonly StateArchive[]
}

/**
 * The history that is to be brought along; undefined where that was not asked for.
 * @throws ERR_BACKEND_NOT_REACHED where it is asked for and out of reach
 */
export function historyOf(
  found: FoundCarrier | undefined,
  options: KeyWorld & { readonly includeHistory?: boolean | undefined },
  place: StackPlace,
  keys: ArchiveRekeyingKeys,
): ArchiveRekeying | undefined {
  if (options.includeHistory !== true || found === undefined) return undefined
  if (found.folder === undefined) {
    throw new StacksealError('ERR_BACKEND_NOT_REACHED', 'the history of a state that pulumi carries is out of reach', {
      hint: 'leave out --include-history: the history keeps the old key, so keep that as long as you keep the history',
    })
  }
  return new ArchiveRekeying(found.folder, options, place, keys)
}

/** Whose key each archive has by now, or would have. `left` are those that kept theirs although they were to change. */
export function archivesOf(
  carrier: StateCarrier | undefined,
  history: ArchiveRekeying | undefined,
  left: readonly string[] = [],
): ChangedArchives {
  const all = carrier?.archives() ?? []
  if (history === undefined) return { archives: all, rekeyedArchives: [] }
  const isLeft = (archive: StateArchive): boolean => left.includes(history.targetOf(archive))
  return { archives: all.filter(isLeft), rekeyedArchives: all.filter((archive) => !isLeft(archive)) }
}

/** The same after the change, which was made, whatever the disk says by now. */
export function archivesAfter(
  carrier: StateCarrier | undefined,
  history: ArchiveRekeying | undefined,
  left: readonly string[],
  before: ChangedArchives,
): ChangedArchives {
  try {
    return archivesOf(carrier, history, left)
  } catch (error) {
    if (!isStacksealError(error)) throw error
    return { archives: before.archives, rekeyedArchives: before.rekeyedArchives }
  }
}
