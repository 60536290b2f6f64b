import { isStacksealError, StacksealError } from '@stackseal/core'
import { basename, dirname, join } from 'node:path'

import type { StackLockPlaces } from '../backend/stack-lock-places.ts'
import type { Environment } from '../environment.ts'
import type { FileSystem } from '../files/file-system.ts'
import { sha256Hex } from '../files/hash.ts'
import { errnoOf, ioError } from '../files/io-error.ts'
import { makeFolder } from '../files/make-folder.ts'
import { readTextFile } from '../files/read-file.ts'
import { replaceFile, stagedPath } from '../files/replace-file.ts'
import { stateFolder } from '../state-notes.ts'
import type { CarriedTarget } from './carried-target.ts'
import { removeIfThere } from './remove-if-there.ts'

/** A file that a change replaces. */
export interface ChangeTarget {
  /**
   * `aside`: a file that nothing depends on, such as `.bak` or the note beside a state. `archive`: a file of the history
   * that changes its key with the others, and the note beside it; they are switched last, when the others have been.
   */
  readonly role: 'state' | 'file' | 'aside' | 'archive'
  /** The real path. */
  readonly path: string
  /** Where its new content lies, in the same folder. */
  readonly staged: string
  /** SHA-256 of the old bytes; null where the file was not there. */
  readonly before: string | null
  /** SHA-256 of the new bytes; empty for an archive as long as they are not known, which is before anything is switched. */
  readonly after: string
}

/** What a change of several files is about to do, as it stands in the user's own state folder. */
export interface ChangeRecord {
  /** `staging`: nothing has happened yet, and staged files are to be removed. `switching`: there is only forward. */
  readonly phase: 'staging' | 'switching'
  readonly command: string
  /** When it began, RFC 3339, for people. */
  readonly time: string
  /** The stack's bare name. */
  readonly stack: string
  /** The stack file's real path. */
  readonly file: string
  /** The stack's own locks; absent where its state is no part of the change. */
  readonly locks?: StackLockPlaces
  /** In the order in which they are switched. */
  readonly targets: readonly ChangeTarget[]
  /** The state, where `pulumi` carries it; it comes before all targets. */
  readonly carried?: CarriedTarget
}

// Half a KiB for each file of a history: a hundred thousand of them.
const LARGEST_RECORD_BYTES = 64 * 1024 * 1024
const VERSION = 1
/** Of a record whose state is carried: whoever does not know of that must not switch the files alone. */
const CARRIED_VERSION = 2

/**
 * Where the next content of a file lies while several files are changed together. It is not the name that a writer of one
 * file uses and clears: whoever does not know of the change, as another user does not, must not remove half of it.
 */
export function changePath(target: string): string {
  return join(dirname(target), `.${basename(target)}.stackseal-change`)
}

/**
 * The record of a change of one stack, in the user's state folder, where a checkout can not bring a forged one; its name
 * is a hash of the stack file's real path. Written as a whole, flushed, and removed at the end.
 */
export class ChangeJournal {
  /** The record's own path; undefined where there is no home, and so no journal. */
  readonly path: string | undefined
  readonly #fs: FileSystem

  constructor(fs: FileSystem, env: Environment, stackFile: string) {
    const folder = journalFolder(env)
    this.#fs = fs
    this.path = folder === undefined ? undefined : join(folder, `${sha256Hex(stackFile)}.json`)
  }

  /** Where a state lies that is to be carried: beside the record, where a checkout can not bring a forged one either. */
  get documentPath(): string {
    return (this.path ?? '').replace(/\.json$/, '.state')
  }

  /**
   * The record; undefined where no change was begun.
   * @throws ERR_MALFORMED_FILE, ERR_IO
   */
  read(): ChangeRecord | undefined {
    return this.path === undefined ? undefined : readRecord(this.#fs, this.path)
  }

  /**
   * Writes the record, in place of what is there.
   * @throws ERR_IO; the record may be there all the same
   */
  write(record: ChangeRecord): void {
    const { path } = this
    if (path === undefined) {
      throw new StacksealError('ERR_IO', 'there is no folder for a journal: neither HOME nor XDG_STATE_HOME is set', {
        hint: 'name one with STACKSEAL_STATE_DIR',
        details: { changed: false },
      })
    }
    const bytes = new TextEncoder().encode(
      `${JSON.stringify({ ...record, version: record.carried === undefined ? VERSION : CARRIED_VERSION })}\n`,
    )
    try {
      makeFolder(this.#fs, dirname(path), 0o700)
      const before = readTextFile(this.#fs, path, LARGEST_RECORD_BYTES)
      replaceFile(this.#fs, path, bytes, before?.bytes, 0o600)
    } catch (error) {
      if (!isStacksealError(error)) throw error
      // Whether the record is there by now or not, none of the files that it is about was touched by this.
      throw new StacksealError(error.code, `the journal of the change could not be written: ${error.message}`, {
        hint: 'name a folder that can be written with STACKSEAL_STATE_DIR',
        details: { ...error.details, changed: false },
        cause: error.cause,
      })
    }
  }

  /** Removes the record, and what a writer of it that was killed left behind. */
  remove(): void {
    const { path } = this
    if (path === undefined) return
    try {
      const removed = [path, stagedPath(path)].filter((name) => removeIfThere(this.#fs, name))
      if (removed.length > 0) this.#fs.fsyncFolder(dirname(path))
    } catch (error) {
      throw ioError(error, path, 'could not be removed')
    }
  }

  /** Removes what a writer of the record left that was killed before it was one. */
  tidy(): void {
    if (this.path === undefined) return
    try {
      removeIfThere(this.#fs, stagedPath(this.path))
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      // Refused: it is in nobody's way.
    }
  }
}

/** Every change that was begun on this machine by this user and has not ended; those that can't be read are left out. */
export function pendingRecords(fs: FileSystem, env: Environment): readonly ChangeRecord[] {
  const folder = journalFolder(env)
  if (folder === undefined) return []
  let names: readonly string[]
  try {
    names = fs.readdir(folder)
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return []
    throw ioError(error, folder, 'could not be listed')
  }
  return names
    .filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
    .toSorted()
    .flatMap((name) => readRecord(fs, join(folder, name)) ?? [])
}

/** Whether a file is the state or the stack file, which decide what becomes of a change. */
export function isMain({ role }: ChangeTarget): boolean {
  return role === 'state' || role === 'file'
}

function journalFolder(env: Environment): string | undefined {
  const folder = stateFolder(env)
  return folder === undefined ? undefined : join(folder, 'changes')
}

function readRecord(fs: FileSystem, path: string): ChangeRecord | undefined {
  const text = readRecordText(fs, path)
  if (text === undefined) return undefined
  const record = parseRecord(text)
  if (record !== undefined) return record
  throw new StacksealError('ERR_MALFORMED_FILE', `the journal of a change can not be read: ${path}`, {
    hint: 'it may be of a newer Stackseal: run the command with that one',
    details: { file: path, changed: false },
  })
}

function parseRecord(text: string): ChangeRecord | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isChangeRecord(value) ? value : undefined
  } catch {
    return undefined // the parser's only error: this is no JSON
  }
}

function readRecordText(fs: FileSystem, path: string): string | undefined {
  try {
    return readTextFile(fs, path, LARGEST_RECORD_BYTES)?.text
  } catch (error) {
    // A folder that this user may not enter, or that is none, holds no record that this user wrote.
    const { errno } = isStacksealError(error) ? error.details : {}
    if (errno === 'EACCES' || errno === 'EPERM' || errno === 'ENOTDIR') return undefined
    throw error
  }
}

function isChangeRecord(value: unknown): value is ChangeRecord {
  if (!isRecord(value)) return false
  const { version, phase, command, time, stack, file, locks, targets, carried } = value
  if (version !== (carried === undefined ? VERSION : CARRIED_VERSION)) return false
  if (carried !== undefined && !isCarriedTarget(carried)) return false
  if (phase !== 'staging' && phase !== 'switching') return false
  if (!areTexts(command, time, stack, file) || !Array.isArray(targets) || !targets.every(isTarget)) return false
  if (locks === undefined) return true
  return isRecord(locks) && areTexts(locks['own'], locks['folder'], locks['stagingFolder'], locks['stack'])
}

function isCarriedTarget(value: unknown): value is CarriedTarget {
  if (!isRecord(value)) return false
  const { stack, folder, backend, document, before, after, keyAfter, needsPassphrase } = value
  return areTexts(stack, folder, backend, document, before, after, keyAfter) && typeof needsPassphrase === 'boolean'
}

function isTarget(value: unknown): value is ChangeTarget {
  if (!isRecord(value)) return false
  const { role, path, staged, before, after } = value
  if (role !== 'state' && role !== 'file' && role !== 'aside' && role !== 'archive') return false
  if (typeof path !== 'string' || staged !== changePath(path) || typeof after !== 'string') return false
  return before === null || typeof before === 'string'
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function areTexts(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'string')
}
