import { findProject, nodeFileSystem, stackFilePath } from '@stackseal/stack'
import { isStacksealError, StacksealError } from '@stackseal/core'
import type { Project } from '@stackseal/stack'
import { existsSync, readdir, realpathSync, statSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

const STACK_FILE = /^Pulumi\..+\.(?:yaml|yml|json)$/
const SPECIAL = /[*?[\]{}]/
// What is installed, and what git keeps, holds stacks of others at most. (Names that begin with a dot are left out anyway.)
const LEFT_OUT = ['**/node_modules/**', '**/.git/**']

/** Whether a name is that of a stack file: `Pulumi.<stack>.yaml`, `.yml` or `.json`. */
function isStackFileName(path: string): boolean {
  return STACK_FILE.test(basename(path))
}

/**
 * Whether an argument means files: it is a path, a pattern, has the name of a stack file, or is a folder here. What is the
 * name of a stack of the project means that stack.
 */
export async function meansFiles(argument: string, cwd: string): Promise<boolean> {
  if (SPECIAL.test(argument) || isStackFileName(argument)) return true
  if (!existsSync(resolve(cwd, argument))) return false
  if (/[\\/]/.test(argument) || argument === '.' || argument === '..') return true
  const project = await projectAround(cwd)
  return project === undefined || !existsSync(stackFilePath(project, argument))
}

/**
 * The stack files that arguments name: a file is itself; a folder means the stack files of every project below it; a
 * pattern (`*`, `**`, `?`, `[…]`, `{…}`) the stack files and folders that match. Each file comes once, in the order of
 * the arguments, and as a path like the argument's.
 * @throws ERR_FILE_NOT_FOUND for a folder or pattern that finds none
 */
export async function stackFiles(args: readonly string[], cwd: string): Promise<readonly string[]> {
  const files = new Map<string, string>()
  for (const argument of args) {
    for (const file of await filesOf(argument, cwd)) {
      const id = realPath(resolve(cwd, file))
      if (!files.has(id)) files.set(id, file)
    }
  }
  return [...files.values()]
}

async function filesOf(argument: string, cwd: string): Promise<readonly string[]> {
  const status = statSync(resolve(cwd, argument), { throwIfNoEntry: false })
  if (status === undefined && !SPECIAL.test(argument)) return [argument]
  if (status !== undefined && !status.isDirectory()) return [argument]
  const files = status === undefined ? await matches(argument, cwd) : await below(argument, cwd)
  if (files.length > 0) return files
  throw new StacksealError(
    'ERR_FILE_NOT_FOUND',
    status === undefined ? `no stack file matches ${argument}` : `there is no stack file below ${argument}`,
    {
      hint: 'stack files are named Pulumi.<stack>.yaml; what lies in node_modules or .git is left out',
      details: { file: argument, changed: false },
    },
  )
}

async function matches(pattern: string, cwd: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const path of await globbed(pattern, cwd)) {
    if (path.endsWith('/')) found.push(...(await below(path.slice(0, -1), cwd)))
    else if (STACK_FILE.test(basename(path))) found.push(path)
  }
  return found
}

/** The stack files below a folder; a file that only looks like one of a project around it is none. */
async function below(folder: string, cwd: string): Promise<readonly string[]> {
  const at = resolve(cwd, folder)
  const names = await globbed('**/Pulumi.*.{yaml,yml,json}', at)
  const projects = new Map<string, Project | undefined>()
  const found: string[] = []
  for (const name of names) {
    if (name.endsWith('/')) continue
    const home = dirname(join(at, name))
    if (!projects.has(home)) projects.set(home, await projectAround(home))
    const project = projects.get(home)
    const isStack = project === undefined || (project.stackFolder === home && name.endsWith(project.extension))
    if (isStack) found.push(join(folder, name))
  }
  return found
}

/** Sorted; folders end with a slash. Links to folders are not followed: they may lead anywhere, and in circles. */
async function globbed(pattern: string, cwd: string): Promise<readonly string[]> {
  // Node's own prints a warning on the oldest Node that is supported.
  const { glob } = await import('tinyglobby')
  const found = await glob(pattern, {
    cwd,
    ignore: LEFT_OUT,
    onlyFiles: false,
    expandDirectories: false,
    followSymbolicLinks: false,
    fs: { readdir: readFolder as typeof readdir },
  })
  return found.toSorted()
}

/** The project of a folder; undefined where there is none, or none that can be read: its stacks will say so. */
async function projectAround(folder: string): Promise<Project | undefined> {
  try {
    return await findProject(nodeFileSystem, folder)
  } catch (error) {
    if (isStacksealError(error)) return undefined
    throw error
  }
}

/** `readdir` for whoever leaves links out: a link to a file counts as a file. */
function readFolder(
  folder: string,
  options: { readonly withFileTypes: true },
  done: (error: Error | null, entries?: readonly Dirent[]) => void,
): void {
  readdir(folder, options, (error, entries) => {
    if (error !== null) done(error)
    else done(null, entries.map(withoutLink))
  })
}

function withoutLink(entry: Dirent): Dirent {
  if (!entry.isSymbolicLink()) return entry
  const isFile = leadsToFile(join(entry.parentPath, entry.name))
  return Object.assign(Object.create(entry) as Dirent, { isFile: () => isFile, isSymbolicLink: () => !isFile })
}

function leadsToFile(link: string): boolean {
  try {
    return statSync(link).isFile()
  } catch {
    return false // it leads nowhere, in a circle, or where we may not look
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path // it is not there, or not for us: opening it says so
  }
}
