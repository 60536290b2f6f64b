import { join } from 'node:path'

import type { FileKind, FileSystem } from '../files/file-system.ts'
import { errnoOf, ioError } from '../files/io-error.ts'

/** What lies in a folder, sorted by name; nothing where the folder is missing. A link is a link. */
export function namesIn(fs: FileSystem, folder: string): readonly { readonly name: string; readonly kind: FileKind }[] {
  try {
    return fs
      .readdir(folder)
      .toSorted()
      .flatMap((name) => {
        const kind = kindOf(fs, join(folder, name))
        return kind === undefined ? [] : [{ name, kind }]
      })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw ioError(error, folder, 'could not be listed')
  }
}

/** Undefined for what has gone since the folder was listed. */
function kindOf(fs: FileSystem, path: string): FileKind | undefined {
  try {
    return fs.lstat(path).kind
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
