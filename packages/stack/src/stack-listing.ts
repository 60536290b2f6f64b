import { FileBackend } from './backend/file-backend.ts'
import { findBackend, type FindBackendOptions, type FoundBackend } from './backend/find-backend.ts'
import { type FileSystem, nodeFileSystem } from './files/file-system.ts'
import { findProject, listStacks, type Project } from './project.ts'
import { selectedStack } from './workspace-file.ts'

/** One stack and which of its halves are there. */
export interface ListedStack {
  readonly name: string
  /** Whether it has a stack file. */
  readonly hasFile: boolean
  /** Whether it has a state; undefined where the backend is not reached. */
  readonly hasState: boolean | undefined
  /** Whether it is the selected one. */
  readonly current: boolean
}

export interface StackListing {
  readonly project: Project
  readonly backend: FoundBackend
  /** By name. */
  readonly stacks: readonly ListedStack[]
}

export interface ListStacksOptions extends FindBackendOptions {
  readonly fileSystem?: FileSystem | undefined
}

/**
 * Lists the stacks of a project, from its stack files and from its backend where that is a folder. Writes nothing.
 * @throws ERR_NO_PROJECT, ERR_FILE_NOT_FOUND where the backend's folder is missing, ERR_BACKEND_LAYOUT, ERR_IO
 */
export async function listProjectStacks(options: ListStacksOptions): Promise<StackListing> {
  const fs = options.fileSystem ?? nodeFileSystem
  const project = await findProject(fs, options.cwd)
  const backend = findBackend(fs, project, options)
  const files = new Set(listStacks(fs, project))
  const states =
    backend.kind === 'file'
      ? new Set((await FileBackend.open(fs, backend.folder, options)).stacks(project.name))
      : undefined
  const selected = selectedStack(fs, project, options.env)
  const stacks = [...new Set([...files, ...(states ?? [])])].toSorted().map((name) => ({
    name,
    hasFile: files.has(name),
    hasState: states?.has(name),
    current: name === selected,
  }))
  return { project, backend, stacks }
}
