import { StacksealError } from '@stackseal/core'
import { basename, dirname } from 'node:path'

import { MAX_STATE_BYTES } from '../backend/file-backend.ts'
import { isSidecar } from '../backend/sidecar.ts'
import type { FileSystem } from '../files/file-system.ts'
import { sha256Hex } from '../files/hash.ts'
import { errnoOf, ioError } from '../files/io-error.ts'
import { readBytes } from '../files/read-file.ts'
import { type ChangeRecord, type ChangeTarget, isMain } from './change-journal.ts'
import { removeIfThere } from './remove-if-there.ts'

/** Something else that stood in a file's place, and the name that it has now. */
export interface KeptFile {
  readonly path: string
  readonly keptAs: string
}

/** What a process knows of its own switching, also where the disk can not be asked any more. */
export interface SwitchProgress {
  /** The state or the stack file has its new content. */
  changed: boolean
}

/** What became of a change's targets. */
export interface SwitchedTargets {
  readonly kept: readonly KeptFile[]
  /** Archives that hold neither their old nor their new bytes, or whose new ones are gone. They stay as they are. */
  readonly left: readonly string[]
}

/**
 * Renames what a change prepared over its targets, in their order, and flushes each folder. A target that has its new
 * bytes is done; where the state or the stack file has neither its old nor its new ones, nothing at all is touched.
 * @param force what stands there instead is kept under another name, and gives way
 * @throws ERR_CHANGED_MEANWHILE, ERR_NOT_REPLACEABLE, ERR_IO
 */
export function switchTargets(
  fs: FileSystem,
  record: ChangeRecord,
  force: boolean,
  progress: SwitchProgress,
): SwitchedTargets {
  refuseOthers(fs, record, force)
  const kept: KeptFile[] = []
  for (const target of record.targets.filter(({ role }) => role !== 'archive')) {
    const keptAs = switchOne(fs, record, target, force, progress)
    if (keptAs !== undefined) kept.push({ path: target.path, keptAs })
  }
  return { kept, left: switchArchives(fs, record) }
}

/** A history can have thousands of files in one folder, so that is flushed once. */
function switchArchives(fs: FileSystem, { targets }: ChangeRecord): readonly string[] {
  const left: string[] = []
  const archives = targets.filter(({ role }) => role === 'archive')
  for (const target of archives) {
    if (!switchArchive(fs, target) && !isSidecar(target.path)) left.push(target.path)
  }
  for (const folder of new Set(archives.map(({ path }) => dirname(path)))) {
    try {
      fs.fsyncFolder(folder)
    } catch (error) {
      throw ioError(error, folder, 'could not be flushed')
    }
  }
  return left
}

/** Gives whether an archive is done, or gone. */
function switchArchive(fs: FileSystem, target: ChangeTarget): boolean {
  const { path, staged, after } = target
  const hash = hashOf(fs, path)
  try {
    if (hash === target.before && hashOf(fs, staged) === after) {
      rename(fs, target)
      return true
    }
    removeIfThere(fs, staged)
    return hash === after || hash === null
  } catch (error) {
    throw ioError(error, path, 'could not be replaced')
  }
}

/** Whether at least one of the files that count has its new content. */
export function isSwitched(fs: FileSystem, { targets }: ChangeRecord): boolean {
  return targets.some((target) => isMain(target) && conditionOf(fs, target) === 'new')
}

type Condition = 'old' | 'new' | 'other'

function conditionOf(fs: FileSystem, { path, before, after }: ChangeTarget): Condition {
  const hash = hashOf(fs, path)
  if (hash === after) return 'new'
  return hash === before ? 'old' : 'other'
}

function hashOf(fs: FileSystem, path: string): string | null {
  const bytes = readBytes(fs, path, MAX_STATE_BYTES)
  return bytes === undefined ? null : sha256Hex(bytes)
}

/** Sees that {@link switchTargets} could do its work. */
export function refuseOthers(fs: FileSystem, { targets, stack }: ChangeRecord, force: boolean): void {
  for (const target of targets) {
    if (!isMain(target)) continue
    const condition = conditionOf(fs, target)
    if (condition === 'new') continue
    const isReady = hashOf(fs, target.staged) === target.after
    if (isReady && (condition === 'old' || force)) continue
    throw isReady ? otherWrote(target, stack) : preparedGone(target, stack)
  }
}

function otherWrote({ path, staged }: ChangeTarget, stack: string): StacksealError {
  return new StacksealError(
    'ERR_CHANGED_MEANWHILE',
    `another program wrote to ${basename(path)} while stack ${stack} was being changed`,
    {
      hint: `look at ${path} and at ${staged}: "stackseal stack recover --force" takes the prepared one and keeps the other beside it, "--abandon" leaves the files as they are`,
      details: { file: path, staged },
    },
  )
}

function preparedGone({ path, staged }: ChangeTarget, stack: string): StacksealError {
  return new StacksealError(
    'ERR_CHANGED_MEANWHILE',
    `what was prepared for ${basename(path)} is gone, so the change of stack ${stack} can not be finished`,
    {
      hint: '"stackseal stack recover --abandon" leaves the files as they are; each opens with the key that it names',
      details: { file: path, staged },
    },
  )
}

/** Gives the name under which something else that stood there is kept. */
function switchOne(
  fs: FileSystem,
  { stack }: ChangeRecord,
  target: ChangeTarget,
  force: boolean,
  progress: SwitchProgress,
): string | undefined {
  const { path, staged, role } = target
  const condition = conditionOf(fs, target)
  if (condition === 'new' && isMain(target)) progress.changed = true
  // Whoever takes no lock may have written since all of them were looked at.
  if (condition === 'other' && isMain(target) && !force) throw otherWrote(target, stack)
  try {
    if (condition === 'new' || (condition === 'other' && role === 'aside')) {
      if (removeIfThere(fs, staged)) fs.fsyncFolder(dirname(staged))
      return undefined
    }
    const keptAs = condition === 'other' ? keep(fs, path) : undefined
    // What nothing depends on is not worth a change that stays half done.
    if (role === 'aside' && hashOf(fs, staged) !== target.after) return undefined
    rename(fs, target)
    if (isMain(target)) progress.changed = true
    fs.fsyncFolder(dirname(path))
    return keptAs
  } catch (error) {
    throw ioError(error, path, 'could not be replaced')
  }
}

function rename(fs: FileSystem, target: ChangeTarget): void {
  const { path, staged } = target
  try {
    fs.rename(staged, path)
  } catch (error) {
    // A network file system can answer a repeated request with the failure of what it has done already: look.
    if (errnoOf(error) === undefined || conditionOf(fs, target) !== 'new') throw error
  }
}

/** A second name for what stands in a file's place; none where nothing does. */
function keep(fs: FileSystem, path: string): string | undefined {
  const bytes = readBytes(fs, path, MAX_STATE_BYTES)
  if (bytes === undefined) return undefined
  for (let number = 1; ; number++) {
    const keptAs = `${path}.stackseal-kept-${number}`
    try {
      fs.link(path, keptAs)
      return keptAs
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
  }
}
