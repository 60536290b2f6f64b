import { dirname } from 'node:path'
import type { FileSystem } from './file-system.ts'
import { errnoOf, ioError } from './io-error.ts'

/**
 * Makes a folder and the folders above it, and makes their names survive a power cut. One that is there stays as it is.
 *
 * @param mode of each folder that is made, before the system takes the umask off
 * @throws ERR_IO
 */
export function makeFolder(fs: FileSystem, folder: string, mode: number): void {
  try {
    make(fs, folder, mode)
  } catch (error) {
    throw ioError(error, folder, 'could not be made')
  }
}

function make(fs: FileSystem, folder: string, mode: number): void {
  if (isFolder(fs, folder)) return
  const parent = dirname(folder)
  if (parent !== folder) make(fs, parent, mode)
  try {
    fs.mkdir(folder, mode)
  } catch (error) {
    // Somebody else made it between the look and the call.
    if (errnoOf(error) === 'EEXIST' && isFolder(fs, folder)) return
    throw error
  }
  fs.fsyncFolder(parent)
}

function isFolder(fs: FileSystem, path: string): boolean {
  try {
    return fs.stat(path).kind === 'folder'
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}
