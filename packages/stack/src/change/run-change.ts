import { isStacksealError } from '@stackseal/core'
import { dirname } from 'node:path'

import { sidecarOf } from '../backend/sidecar.ts'
import type { LockStackOptions, StackLockPlaces } from '../backend/stack-lock-places.ts'
import type { FileSystem } from '../files/file-system.ts'
import { sha256Hex } from '../files/hash.ts'
import { type NextContent, stageReplacement } from '../files/replace-file.ts'
import type { CarriedChange } from './carried-change.ts'
import { removeDocument, stageDocument } from './carried-target.ts'
import { type ChangeJournal, changePath, type ChangeRecord, type ChangeTarget } from './change-journal.ts'
import { clearAway, flushFolder, interruptedChange, withStackLocks } from './finish-change.ts'
import { isSwitched, refuseOthers, type SwitchProgress, switchTargets } from './switch-targets.ts'

/** A file that is to be replaced, and what depends on it. */
export interface NextFile extends NextContent {
  readonly role: ChangeTarget['role']
}

/** What a change is about to do. */
export interface PreparedChange {
  /** What every file is to hold, in the order in which they are switched. */
  readonly files: readonly NextFile[]
  /** The state, where somebody else carries it: it comes before the files. */
  readonly carried: CarriedChange | undefined
}

/** A file of the history that is to be replaced, the note beside it included. */
export interface NextArchive {
  /** The real path. */
  readonly path: string
  /** Makes its next content; nothing where it stays as it is. */
  readonly load: () => Promise<readonly NextContent[]>
}

/** A change of several files, about to be made. The caller holds the stack file's lock. */
export interface PlannedChange {
  readonly fs: FileSystem
  readonly journal: ChangeJournal
  /** The stack's locks, taken while this runs; undefined where its state is no part of it. */
  readonly locks: StackLockPlaces | undefined
  readonly locking: LockStackOptions
  /** Without its targets, which are known only under the locks. */
  readonly record: ChangeRecord
  /** Reads under the locks. */
  readonly prepare: () => Promise<PreparedChange>
  /** Files of the history that change with the others; asked for under the locks, and made one at a time. */
  readonly archives?: (() => readonly NextArchive[]) | undefined
}

/**
 * Changes several files as one. Before each step that would leave something behind, the record says so, so that whoever
 * comes later knows what to do: as long as it says `staging` the prepared files go, from `switching` on they are renamed
 * over their targets.
 * @returns the archives that somebody wrote to meanwhile, and that keep what they hold
 * @throws what `prepare` throws; ERR_CHANGED_MEANWHILE, ERR_NOT_REPLACEABLE, ERR_LOCKED, ERR_IO
 */
export async function runChange(change: PlannedChange): Promise<readonly string[]> {
  const { fs, journal, locks, locking } = change
  let left: readonly string[] = []
  const progress = { changed: false }
  let { record } = change
  let carried: CarriedChange | undefined
  const note = (next: ChangeRecord): void => {
    // Before it is written: a write that fails may have been one all the same.
    record = next
    journal.write(next)
  }
  try {
    note(record)
    await withStackLocks(fs, locks, locking, async () => {
      const prepared = await change.prepare()
      const { files } = prepared
      carried = prepared.carried
      const archives = change.archives?.() ?? []
      note({
        ...record,
        targets: [...files.map(targetOf), ...archives.flatMap(unmadeTargets)],
        ...(carried === undefined ? {} : { carried: carried.target }),
      })
      if (carried !== undefined) stageDocument(fs, carried.target, carried.bytes)
      for (const file of files) stageReplacement(fs, changePath(file.path), file)
      const targets = files.map(targetOf)
      for (const archive of archives) {
        locking.signal?.throwIfAborted()
        for (const content of await archive.load()) {
          stageReplacement(fs, changePath(content.path), content)
          targets.push(targetOf({ role: 'archive', ...content }))
        }
      }
      // Their names too: the record must not promise what a power cut can take away.
      for (const folder of new Set(targets.map(({ path }) => dirname(path)))) flushFolder(fs, folder)
      locking.signal?.throwIfAborted()
      note({ ...record, phase: 'switching', targets })
      if (carried !== undefined) {
        // Once the state is another, the file has to follow: what stands against that is seen before.
        refuseOthers(fs, record, false)
        await carried.replace()
      }
      left = switchTargets(fs, record, false, progress).left
    })
    if (record.carried !== undefined) removeDocument(fs, record.carried.document)
    journal.remove()
    return left
  } catch (error) {
    throw await settled(fs, journal, record, carried, progress, error)
  }
}

/** The targets of an archive whose new bytes are not made yet: enough to clear away what is prepared for them. */
function unmadeTargets({ path }: NextArchive): ChangeTarget[] {
  return [sidecarOf(path), path].map((name) => ({
    role: 'archive',
    path: name,
    staged: changePath(name),
    before: null,
    after: '',
  }))
}

function targetOf({ role, path, bytes, before }: NextFile): ChangeTarget {
  return {
    role,
    path,
    staged: changePath(path),
    before: before === undefined ? null : sha256Hex(before),
    after: sha256Hex(bytes),
  }
}

/** Calls a change off that failed before anything was switched; one that had begun to switch waits to be finished. */
async function settled(
  fs: FileSystem,
  journal: ChangeJournal,
  record: ChangeRecord,
  carried: CarriedChange | undefined,
  progress: SwitchProgress,
  error: unknown,
): Promise<unknown> {
  try {
    const isBegun =
      record.phase === 'switching' && (progress.changed || isSwitched(fs, record) || (await carried?.look()) === 'new')
    if (isBegun) return interruptedChange(fs, record, progress, error)
    clearAway(fs, journal, record)
    journal.remove()
    return error
  } catch (second) {
    // What led here is the failure to report; that tidying up failed too is left for the next command to see.
    if (!isStacksealError(second)) throw second
    return record.phase === 'switching' ? interruptedChange(fs, record, progress, error) : error
  }
}
