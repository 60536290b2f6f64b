import { isStacksealError, StacksealError } from '@stackseal/core'
import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path'

import type { DocumentNode, MappingNode } from './document/document-node.ts'
import { type ProjectConfig, readProjectConfig } from './config/project-config.ts'
import type { FileSystem } from './files/file-system.ts'
import { formatOf } from './document/document-format.ts'
import { errnoOf, ioError } from './files/io-error.ts'
import { readLinkedFile } from './files/read-file.ts'
import { resolveScalar } from './document/yaml-scalar.ts'

/** The names that a project file can have, in the order in which a folder is searched for them. */
const PROJECT_FILES = ['Pulumi.json', 'Pulumi.yaml', 'Pulumi.yml'] as const

const STACK_NAME = /^[A-Za-z0-9_.-]{1,100}$/

/** A project: the folder with a `Pulumi.yaml`, and what that file says about its stacks. */
export interface Project {
  readonly name: string
  /** Absolute path of the project file. */
  readonly file: string
  /** Absolute path of the folder in which the stack files lie. */
  readonly stackFolder: string
  /** `.yaml`, `.yml` or `.json`: stack files have the ending that the project file has. */
  readonly extension: string
  /** `backend.url` of the project file. */
  readonly backendUrl: string | undefined
  /** `config` of the project file: what it says about its stacks' values. */
  readonly config: ProjectConfig
}

/**
 * Finds the project of a folder: in it, or in the nearest folder above.
 * @throws ERR_NO_PROJECT, ERR_MALFORMED_FILE
 */
export async function findProject(fs: FileSystem, folder: string): Promise<Project> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    for (const name of PROJECT_FILES) {
      const file = join(at, name)
      const text = readLinkedFile(fs, file)?.text
      if (text !== undefined) return readProject(file, text)
    }
    if (dirname(at) === at) break
  }
  throw new StacksealError('ERR_NO_PROJECT', `no Pulumi.yaml in ${folder} or in a folder above it`, {
    hint: 'go to the folder of your project, name it with -C, or make a project with "stackseal new"',
    details: { folder },
  })
}

async function readProject(file: string, text: string): Promise<Project> {
  const name = basename(file)
  let root: DocumentNode | undefined
  try {
    root = (await formatOf(name).find(text)).root
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw new StacksealError(error.code, `${name} can not be read: ${error.message}`, {
      hint: error.hint,
      details: { ...error.details, file: name },
    })
  }
  if (root?.kind !== 'mapping') throw malformed(name, 'it is not a mapping')
  const named = textField(root, 'name', name)
  if (named === undefined || named === '') throw malformed(name, 'it has no name')
  const folder = stackFolder(root, name)
  if (isAbsolute(folder)) throw malformed(name, 'stackConfigDir is an absolute path')
  return {
    name: named,
    file,
    stackFolder: resolve(dirname(file), folder),
    extension: extname(file),
    backendUrl: textField(mappingField(root, 'backend'), 'url', name),
    config: projectConfig(root, named, text, file),
  }
}

/** `stackConfigDir`, or its old spelling: `config` with a text instead of a mapping. */
function stackFolder(root: MappingNode, file: string): string {
  const folder = textField(root, 'stackConfigDir', file)
  const old = fieldOf(root, 'config')?.kind === 'scalar' ? textField(root, 'config', file) : undefined
  if (folder !== undefined && old !== undefined && old !== '') {
    throw malformed(
      file,
      'Should not use both config and stackConfigDir to define the stack directory. Use only stackConfigDir instead.',
    )
  }
  return folder ?? old ?? ''
}

function projectConfig(root: MappingNode, project: string, text: string, file: string): ProjectConfig {
  const node = fieldOf(root, 'config')
  if (node?.kind === 'sequence') throw malformed(basename(file), 'config is a list')
  try {
    return readProjectConfig(node, project, text, formatOf(file))
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw new StacksealError('ERR_MALFORMED_FILE', `${basename(file)} can not be used: ${error.message}`, {
      hint: error.hint,
      details: { ...error.details, file: basename(file) },
    })
  }
}

function fieldOf(mapping: MappingNode | undefined, name: string): DocumentNode | undefined {
  const value = mapping?.pairs.find((pair) => pair.key.kind === 'scalar' && pair.key.text === name)?.value
  return value?.kind === 'alias' ? value.target : value
}

function mappingField(mapping: MappingNode, name: string): MappingNode | undefined {
  const value = fieldOf(mapping, name)
  return value?.kind === 'mapping' ? value : undefined
}

function textField(mapping: MappingNode | undefined, name: string, file: string): string | undefined {
  const value = fieldOf(mapping, name)
  if (value === undefined) return undefined
  if (value.kind !== 'scalar') throw malformed(file, `${name} is not a text`)
  const scalar = resolveScalar(value)
  return scalar === null ? undefined : String(scalar)
}

function malformed(file: string, reason: string): StacksealError {
  return new StacksealError('ERR_MALFORMED_FILE', `${file} can not be used: ${reason}`, { details: { file } })
}

/**
 * The bare name of a stack: what stands behind the last `/` of `organization/project/stack`.
 * @throws ERR_INVALID_NAME
 */
export function stackName(text: string): string {
  const name = text.slice(text.lastIndexOf('/') + 1)
  if (STACK_NAME.test(name)) return name
  throw invalidName('stack', text)
}

/** @throws ERR_INVALID_NAME */
export function projectName(text: string): string {
  if (STACK_NAME.test(text)) return text
  throw invalidName('project', text)
}

function invalidName(what: string, name: string): StacksealError {
  return new StacksealError('ERR_INVALID_NAME', `${JSON.stringify(name)} can not be the name of a ${what}`, {
    hint: 'names have 1 to 100 letters, digits, hyphens, underscores and periods',
  })
}

/** The absolute path of a stack's file, whether it is there or not. */
export function stackFilePath(project: Project, stack: string): string {
  return join(project.stackFolder, `Pulumi.${stack}${project.extension}`)
}

/** The stacks of a project that have a file, sorted by name. */
export function listStacks(fs: FileSystem, project: Project): string[] {
  const ending = project.extension
  return namesIn(fs, project.stackFolder)
    .filter(
      (file) => file.startsWith('Pulumi.') && file.endsWith(ending) && file.length > 'Pulumi.'.length + ending.length,
    )
    .map((file) => file.slice('Pulumi.'.length, -ending.length))
    .filter((name) => STACK_NAME.test(name))
    .toSorted()
}

function namesIn(fs: FileSystem, folder: string): readonly string[] {
  try {
    return fs.readdir(folder)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw ioError(error, folder, 'could not be listed')
  }
}
