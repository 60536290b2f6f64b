import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { StacksealError } from '@stackseal/core'
import type { FileSystem } from './files/file-system.ts'
import { errnoOf, ioError } from './files/io-error.ts'

export interface LinkOptions {
  /** Absolute. */
  readonly projectFolder: string
  /** Follow links wherever they lead. */
  readonly followLinks?: boolean | undefined
  /** What `projectFolder` is called in an error; the project if not given. */
  readonly owner?: 'project' | 'backend' | undefined
}

/**
 * The real path of a stack file, for reading and replacing it, so that a link to it stays a link. Links, in the last
 * place or among the folders, are followed inside the project: somebody may have put one into what was checked out. A
 * path that lies outside the project was named by the user; there, links are followed inside the file's own folder.
 * Where nothing is there, at the end of a link or without one, the path is where the file would be made.
 *
 * @param path absolute
 * @throws ERR_LINK_NOT_FOLLOWED if a link leads out and `followLinks` is not set
 * @throws ERR_IO
 */
export function resolveStackFile(fs: FileSystem, path: string, options: LinkOptions): string {
  try {
    const target = realPath(fs, path)
    if (options.followLinks === true) return target
    const project = realPath(fs, options.projectFolder)
    const folder = realPath(fs, dirname(path))
    const ofProject = isInside(options.projectFolder, path) || isInside(project, folder)
    if (isInside(ofProject ? project : folder, target)) return target
    throw linkLeaves(path, target, options.owner ?? 'project')
  } catch (error) {
    throw ioError(error, path, 'could not be found')
  }
}

// As many as Linux follows; a circle is found by the system before.
const MAX_LINKS = 40

/** The path without links; of what is not there, the links that lead there are followed too. */
function realPath(fs: FileSystem, path: string, followed = 0): string {
  try {
    return fs.realpath(path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path || followed === MAX_LINKS) throw error
  }
  const place = join(realPath(fs, dirname(path), followed), basename(path))
  if (!isLink(fs, place)) return place
  return realPath(fs, resolve(dirname(place), fs.readlink(place)), followed + 1)
}

function isLink(fs: FileSystem, path: string): boolean {
  try {
    return fs.lstat(path).kind === 'link'
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function linkLeaves(path: string, target: string, owner: 'project' | 'backend'): StacksealError {
  return new StacksealError(
    'ERR_LINK_NOT_FOLLOWED',
    `${basename(path)} is reached by a symbolic link that leaves the ${owner}, to ${target}; ${basename(path)} was not changed`,
    {
      hint:
        owner === 'project'
          ? 'with --follow-links it is followed'
          : 'put the file itself into the folder of the backend',
      details: { file: path, target, changed: false },
    },
  )
}
