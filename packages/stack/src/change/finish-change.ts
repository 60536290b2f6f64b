import { isStacksealError, StacksealError } from '@stackseal/core'
import { basename, dirname } from 'node:path'

import { MAX_STATE_BYTES } from '../backend/file-backend.ts'
import {
  flushLockFolders,
  type LockStackOptions,
  type StackLockPlaces,
  takeStackLocks,
} from '../backend/stack-lock-places.ts'
import type { Environment } from '../environment.ts'
import { acquireLock } from '../files/file-lock.ts'
import type { FileSystem } from '../files/file-system.ts'
import { sha256Hex } from '../files/hash.ts'
import { ioError } from '../files/io-error.ts'
import { readBytes } from '../files/read-file.ts'
import { ChangeJournal, type ChangeRecord, isMain, pendingRecords, removeIfThere } from './change-journal.ts'
import { isSwitched, type SwitchProgress, switchTargets } from './switch-targets.ts'

/** What becomes of a file that holds neither its old nor its new bytes: nothing, the new ones take its place, it stays. */
export type Resolution = 'refuse' | 'force' | 'abandon'

export interface FinishOptions extends LockStackOptions {
  readonly env: Environment
  readonly tell?: ((text: string) => void) | undefined
}

/** What became of a change that was interrupted. */
export interface FinishedChange {
  readonly record: ChangeRecord
  /** `finished`: every file has its new content. `undone`: none had, and what was prepared is gone. `abandoned`: as asked. */
  readonly outcome: 'finished' | 'undone' | 'abandoned'
  /** Files that were replaced although they held something else, and where that is kept. */
  readonly kept: readonly { readonly path: string; readonly keptAs: string }[]
  /** Files of the history that somebody else wrote to, and that keep what they hold. */
  readonly left: readonly string[]
}

/**
 * Finishes the change of a stack that was interrupted, if there is one. It takes renames alone: no key is opened and no
 * service called. Only one process does it; whoever comes later finds nothing to do.
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
  const finished = await withStackLocks(fs, record.locks, options, () => resolve(fs, journal, record, resolution))
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

function resolve(fs: FileSystem, journal: ChangeJournal, record: ChangeRecord, resolution: Resolution): FinishedChange {
  if (record.phase === 'staging' || (resolution !== 'force' && hasNotBegun(fs, record))) {
    clearAway(fs, journal, record)
    return { record, outcome: 'undone', kept: [], left: [] }
  }
  if (resolution === 'abandon') {
    clearAway(fs, journal, record)
    return { record, outcome: 'abandoned', kept: [], left: [] }
  }
  const progress = { changed: false }
  try {
    return { record, outcome: 'finished', ...switchTargets(fs, record, resolution === 'force', progress) }
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
  const changed = progress.changed || isSeenSwitched(fs, record)
  const label = basename(record.file)
  const hint =
    error.code === 'ERR_CHANGED_MEANWHILE'
      ? error.hint
      : 'run "stackseal stack recover" when the cause is gone: it finishes the change, without a key'
  return new StacksealError(error.code, `the change of stack ${record.stack} is not finished: ${error.message}`, {
    hint,
    details: { ...error.details, file: label, changed, pending: true },
    cause: error.cause,
  })
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
