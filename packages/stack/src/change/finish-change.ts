import { isStacksealError, StacksealError } from '@stackseal/core'
import { basename, dirname } from 'node:path'

import { MAX_STATE_BYTES } from '../backend/file-backend.ts'
import {
  flushLockFolders,
  type LockStackOptions,
  type StackLockPlaces,
  takeStackLocks,
} from '../backend/stack-lock-places.ts'
import { acquireLock } from '../files/file-lock.ts'
import type { FileSystem } from '../files/file-system.ts'
import { sha256Hex } from '../files/hash.ts'
import { ioError } from '../files/io-error.ts'
import { readBytes } from '../files/read-file.ts'
import { removeDocument } from './carried-target.ts'
import { ChangeJournal, type ChangeRecord, isMain, pendingRecords } from './change-journal.ts'
import type { FinishedChange, FinishOptions, Resolution } from './finished-change.ts'
import { removeIfThere } from './remove-if-there.ts'
import { isSwitched, refuseOthers, type SwitchProgress, switchTargets } from './switch-targets.ts'

/**
 * Finishes the change of a stack that was interrupted, if there is one. It takes renames alone: no key is opened and no
 * service called, unless `pulumi` has to carry the state. Only one process does it; whoever comes later finds nothing to do.
 * @throws ERR_CHANGED_MEANWHILE where a file holds neither its old nor its new bytes; nothing is touched then
 * @throws ERR_LOCKED, ERR_IO
 */
export async function finishChange(
  fs: FileSystem,
  stackFile: string,
  options: FinishOptions,
  resolution: Resolution = 'refuse',
): Promise<FinishedChange | undefined> {
  const journal = new ChangeJournal(fs, options.env, stackFile)
  if (journal.read() === undefined) return undefined
  using _lock = await acquireLock(fs, stackFile, options)
  // A process that was still at it may have ended it while the lock was waited for.
  const record = journal.read()
  if (record === undefined) return undefined
  const finished = await withStackLocks(fs, record.locks, options, () =>
    resolve(fs, journal, record, resolution, options),
  )
  // Last of all, so that until then whoever comes finds what is left.
  journal.remove()
  options.tell?.(told(finished))
  return finished
}

/** Removes what dead processes left of a stack's own lock and journal, where no change of it is pending. */
export async function tidyStack(fs: FileSystem, stackFile: string, options: FinishOptions): Promise<void> {
  using _lock = await acquireLock(fs, stackFile, options)
  const journal = new ChangeJournal(fs, options.env, stackFile)
  if (journal.read() === undefined) journal.tidy()
}

/** Finishes the interrupted change that a state belongs to, if there is one: for whoever is about to write that state. */
export async function finishChangeOfState(fs: FileSystem, ownLock: string, options: FinishOptions): Promise<void> {
  for (const record of pendingRecords(fs, options.env)) {
    if (record.locks?.own === ownLock) await finishChange(fs, record.file, options)
  }
}

/** What is said of a change that was found. */
function told({ record, outcome }: FinishedChange): string {
  const what = `the interrupted "${record.command}" of stack ${record.stack} (begun ${record.time})`
  if (outcome === 'finished') return `finished ${what}`
  if (outcome === 'abandoned') return `abandoned ${what}: its files stay as they are`
  return `cleared away ${what}: it had changed nothing yet`
}

async function resolve(
  fs: FileSystem,
  journal: ChangeJournal,
  record: ChangeRecord,
  resolution: Resolution,
  options: FinishOptions,
): Promise<FinishedChange> {
  const isForced = resolution === 'force'
  if (record.phase === 'staging' || (!isForced && record.carried === undefined && hasNotBegun(fs, record))) {
    clearAway(fs, journal, record)
    return { record, outcome: 'undone', kept: [], left: [] }
  }
  if (resolution === 'abandon') {
    clearAway(fs, journal, record)
    return { record, outcome: 'abandoned', kept: [], left: [] }
  }
  const progress = { changed: false }
  try {
    let keptState: FinishedChange['kept'] = []
    if (record.carried !== undefined) {
      refuseOthers(fs, record, isForced)
      const { finishCarried } = await import('./finish-carried.ts')
      keptState = await finishCarried(fs, record.carried, options, isForced)
    }
    const { kept, left } = switchTargets(fs, record, isForced, progress)
    if (record.carried !== undefined) removeDocument(fs, record.carried.document)
    return { record, outcome: 'finished', kept: [...keptState, ...kept], left }
  } catch (error) {
    throw interruptedChange(fs, record, progress, error)
  }
}

/**
 * Nothing was switched, and what was prepared is gone: a power cut undid the end of a change that had been called off.
 */
function hasNotBegun(fs: FileSystem, { targets }: ChangeRecord): boolean {
  const main = targets.filter(isMain)
  return (
    main.every(({ path, before }) => hashOf(fs, path) === before) &&
    main.some(({ staged, after }) => hashOf(fs, staged) !== after)
  )
}

/** Runs work under a stack's locks, and makes it last that they were given back. */
export async function withStackLocks<T>(
  fs: FileSystem,
  places: StackLockPlaces | undefined,
  options: LockStackOptions,
  work: () => T | Promise<T>,
): Promise<T> {
  if (places === undefined) return work()
  let result: T
  {
    using _locks = await takeStackLocks(fs, places, options)
    result = await work()
  }
  flushLockFolders(fs, places)
  return result
}

/** Removes what a change prepared. The record goes last, by its owner: one that is left finds nothing to do. */
export function clearAway(fs: FileSystem, journal: ChangeJournal, record: ChangeRecord): void {
  // From here on there is no way forward any more, so the record must not promise one.
  if (record.phase === 'switching') journal.write({ ...record, phase: 'staging' })
  if (record.carried !== undefined) removeDocument(fs, record.carried.document)
  const folders = new Set<string>()
  for (const { staged } of record.targets) {
    try {
      if (removeIfThere(fs, staged)) folders.add(dirname(staged))
    } catch (error) {
      throw ioError(error, staged, 'could not be removed')
    }
  }
  for (const folder of folders) flushFolder(fs, folder)
}

/** Makes the names in a folder last. */
export function flushFolder(fs: FileSystem, folder: string): void {
  try {
    fs.fsyncFolder(folder)
  } catch (error) {
    throw ioError(error, folder, 'could not be flushed')
  }
}

function hashOf(fs: FileSystem, path: string): string | null {
  const bytes = readBytes(fs, path, MAX_STATE_BYTES)
  return bytes === undefined ? null : sha256Hex(bytes)
}

/**
 * The error for a change that failed while its record stands there: what became of it, and what finishes it.
 */
export function interruptedChange(
  fs: FileSystem,
  record: ChangeRecord,
  progress: SwitchProgress,
  error: unknown,
): unknown {
  if (!isStacksealError(error)) return error
  // Of a carried state nobody knows without asking for it: it may be the new one.
  const changed = record.carried !== undefined || progress.changed || isSeenSwitched(fs, record)
  const label = basename(record.file)
  const hint = error.code === 'ERR_CHANGED_MEANWHILE' ? error.hint : finishHint(record)
  return new StacksealError(error.code, `the change of stack ${record.stack} is not finished: ${error.message}`, {
    hint,
    details: { ...error.details, file: label, changed, pending: true },
    cause: error.cause,
  })
}

function finishHint({ carried }: ChangeRecord): string {
  const recover = 'run "stackseal stack recover" when the cause is gone: it finishes the change'
  if (carried === undefined) return `${recover}, without a key`
  return carried.needsPassphrase
    ? `${recover}; where pulumi still has to carry the state, STACKSEAL_NEW_PASSPHRASE gives the new passphrase`
    : recover
}

/** As `isSwitched`; false where the disk can not be asked: then this process has switched nothing itself. */
function isSeenSwitched(fs: FileSystem, record: ChangeRecord): boolean {
  try {
    return isSwitched(fs, record)
  } catch (error) {
    if (isStacksealError(error)) return false
    throw error
  }
}
