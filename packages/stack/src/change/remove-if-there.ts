import type { FileSystem } from '../files/file-system.ts'
import { errnoOf } from '../files/io-error.ts'

/** Removes a name; gives whether it was there. */
export function removeIfThere(fs: FileSystem, path: string): boolean {
  try {
    fs.unlink(path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}
