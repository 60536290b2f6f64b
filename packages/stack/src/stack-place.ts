import { type ErrorDetails, isStacksealError, StacksealError } from '@stackseal/core'
import { basename, dirname, join, resolve } from 'node:path'

import type { FileSystem } from './files/file-system.ts'
import { findProject, listStacks, type Project, stackFilePath, stackName } from './project.ts'
import { ioError } from './files/io-error.ts'
import { resolveStackFile } from './stack-link.ts'
import { selectedStack } from './workspace-file.ts'

export interface FindStackOptions {
  /** The folder to look for the project in; the project may lie above it. */
  readonly cwd: string
  /** The stack; else PULUMI_STACK, else the one that was selected last. */
  readonly stack?: string | undefined
  /** A stack file other than `Pulumi.<stack>.yaml`; a relative path starts at `cwd`. */
  readonly configFile?: string | undefined
  /**
   * The stack of this very file, wherever it lies, of the project around it: a path that starts at `cwd`. What `stack` and
   * `configFile` say does not count then.
   */
  readonly stackFile?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Follows a stack file that is a link out of the project. */
  readonly followLinks?: boolean | undefined
}

/** Which stack is meant, and where its file lies. */
export interface StackPlace {
  readonly project: Project
  readonly name: string
  /** The stack file as it was named, absolute. */
  readonly file: string
  /** The file behind any link: what is read and replaced. */
  readonly target: string
  /** The file's name for messages. */
  readonly label: string
}

/**
 * Finds out which stack is meant; whether its file is there is the caller's question.
 * @throws ERR_NO_PROJECT, ERR_NO_STACK, ERR_INVALID_NAME, ERR_LINK_NOT_FOLLOWED
 */
export async function findStack(fs: FileSystem, options: FindStackOptions): Promise<StackPlace> {
  if (options.stackFile !== undefined) {
    const path = resolve(options.cwd, options.stackFile)
    const place = placeIn(fs, await findProject(fs, dirname(path)), path, options.stackFile, options)
    refuseOtherFile(fs, place)
    return place
  }
  const project = await findProject(fs, options.cwd)
  const named = options.stack ?? (options.env['PULUMI_STACK'] || undefined)
  const selected = named === undefined ? selectedStack(fs, project, options.env) : stackName(named)
  if (selected === undefined && options.configFile === undefined) {
    const stacks = listStacks(fs, project)
    throw new StacksealError('ERR_NO_STACK', `no stack of project ${project.name} is selected`, {
      hint:
        stacks.length === 0
          ? 'make one with "stackseal stack init NAME"'
          : `name one with -s or select it with "stackseal stack select NAME" (there: ${stacks.join(', ')})`,
      details: { project: project.name },
    })
  }
  const name = selected ?? nameInFile(options.configFile as string)
  const file =
    options.configFile === undefined ? stackFilePath(project, name) : resolve(options.cwd, options.configFile)
  const target = resolveStackFile(fs, file, { projectFolder: dirname(project.file), followLinks: options.followLinks })
  return { project, name, file, target, label: basename(file) }
}

/** `dev` of `Pulumi.dev.yaml`; for any other file its whole name. */
function nameInFile(file: string): string {
  return /^Pulumi\.(.+)\.(?:yaml|yml|json)$/.exec(basename(file))?.[1] ?? basename(file)
}

/** What to say where a stack's file is not there. */
export function noSuchStack(fs: FileSystem, place: StackPlace): StacksealError {
  const stacks = listStacks(fs, place.project)
  const details: ErrorDetails = { stack: place.name, file: place.label }
  return new StacksealError(
    'ERR_STACK_NOT_FOUND',
    `project ${place.project.name} has no stack ${place.name}: ${place.label} is not there`,
    {
      hint:
        stacks.length === 0
          ? `make it with "stackseal stack init ${place.name}"`
          : `there are: ${stacks.join(', ')}; a new one is made by "stackseal stack init ${place.name}"`,
      details,
    },
  )
}

/**
 * The place of a stack file that is named as such, wherever it lies. Without a project around it, keys without a
 * namespace have the empty one.
 */
export async function placeOfFile(fs: FileSystem, file: string, options: FindStackOptions): Promise<StackPlace> {
  const path = resolve(options.cwd, file)
  return placeIn(fs, await projectAround(fs, dirname(path)), path, file, options)
}

function placeIn(
  fs: FileSystem,
  project: Project,
  path: string,
  label: string,
  { followLinks }: FindStackOptions,
): StackPlace {
  const target = resolveStackFile(fs, path, { projectFolder: dirname(project.file), followLinks })
  return { project, name: nameInFile(path), file: path, target, label }
}

/** A copy of a stack file beside its project's is no file of a stack: the state that it would be changed with is another's. */
function refuseOtherFile(fs: FileSystem, { project, name, file, label }: StackPlace): void {
  const own = stackFilePath(project, name)
  if (own === file || resolveFolder(fs, own) === resolveFolder(fs, file)) return
  throw new StacksealError(
    'ERR_STACK_NOT_FOUND',
    `${label} is not the file of a stack of project ${project.name}: that of stack ${name} would be ${own}`,
    {
      hint: 'name that one; for another file of a stack, name the stack with -s and the file with --config-file',
      details: { file: label, stack: name, changed: false },
    },
  )
}

/** The path with the links among its folders followed. */
function resolveFolder(fs: FileSystem, path: string): string {
  try {
    return join(fs.realpath(dirname(path)), basename(path))
  } catch (error) {
    throw ioError(error, path, 'could not be found')
  }
}

async function projectAround(fs: FileSystem, folder: string): Promise<Project> {
  try {
    return await findProject(fs, folder)
  } catch (error) {
    if (!isStacksealError(error) || error.code !== 'ERR_NO_PROJECT') throw error
    return {
      name: '',
      file: resolve(folder, 'Pulumi.yaml'),
      stackFolder: folder,
      extension: '.yaml',
      backendUrl: undefined,
      config: [],
    }
  }
}
