import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** What can be seen of one name in a folder; times in nanoseconds. `ctime` moves with every touch, also of the mode. */
export interface EntryState {
  readonly mode: string
  readonly inode: bigint
  readonly mtime: bigint
  readonly ctime: bigint
  readonly content: string
}

/** Everything that a command could have left or changed in a folder, by path. Two of them are equal if it did nothing. */
export function folderState(folder: string): Readonly<Record<string, EntryState>> {
  return Object.fromEntries(namesIn(folder).map((name) => [name, stateOf(join(folder, name))]))
}

/** Every name below a folder, hidden ones too. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
}

function stateOf(path: string): EntryState {
  const { mode, ino, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true })
  return { mode: mode.toString(8), inode: ino, mtime: mtimeNs, ctime: ctimeNs, content: contentOf(path) }
}

function contentOf(path: string): string {
  const status = lstatSync(path)
  if (status.isSymbolicLink()) return readlinkSync(path)
  return status.isFile() ? readFileSync(path, 'latin1') : ''
}
