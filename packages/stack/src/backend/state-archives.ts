import { basename, join } from 'node:path'

import type { FileSystem } from '../files/file-system.ts'
import type { StackPaths } from './backend-layout.ts'
import { checkpointFiles } from './checkpoint-names.ts'
import { namesIn } from './names-in.ts'
import { isSidecar } from './sidecar.ts'

/**
 * What an archive keeps: `previous`, the state before the last write (`.bak`); `retained`, a copy of a state with the
 * time in its name; `backup`, the state before an update; `history`, an update with the configuration it had;
 * `checkpoint`, the state after an update.
 */
export type ArchiveKind = 'previous' | 'retained' | 'backup' | 'history' | 'checkpoint'

/** A file that keeps an earlier state or configuration. Nothing that changes a key changes it. */
export interface StateArchive {
  readonly kind: ArchiveKind
  /** Absolute, as the backend names it. */
  readonly file: string
}

/** Every archive of a stack: those beside the state first, then backups, then history, each by name. */
export function stateArchives(
  fs: FileSystem,
  paths: StackPaths,
  stack: string,
  resolve: (path: string) => string,
): readonly StateArchive[] {
  const filesIn = (folder: string): readonly string[] =>
    namesIn(fs, resolve(folder))
      .filter(({ name, kind }) => kind !== 'folder' && !isSidecar(name))
      .map(({ name }) => join(folder, name))
  const found = (folder: string, kindOf: (name: string) => ArchiveKind | undefined): StateArchive[] =>
    filesIn(folder).flatMap((file) => {
      const kind = kindOf(basename(file))
      return kind === undefined ? [] : [{ kind, file }]
    })
  return [
    ...found(paths.stacks, (name) => besideState(name, stack)),
    ...found(paths.backups, (name) => (isPacked(name, '') ? 'backup' : undefined)),
    ...found(paths.history, (name) => {
      if (isPacked(name, '.history')) return 'history'
      return isPacked(name, '.checkpoint') ? 'checkpoint' : undefined
    }),
  ]
}

function besideState(name: string, stack: string): ArchiveKind | undefined {
  for (const file of checkpointFiles(stack)) {
    if (!name.startsWith(`${file}.`)) continue
    const ending = name.slice(file.length)
    if (ending === '.bak') return 'previous'
    if (/^\.[0-9]+$/.test(ending)) return 'retained'
  }
  return undefined
}

function isPacked(name: string, ending: string): boolean {
  return ['.json', '.json.gz', '.json.zst'].some((packed) => name.endsWith(ending + packed))
}
