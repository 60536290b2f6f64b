import { type ProviderContext, StacksealError } from '@stackseal/core'
import { dirname, join } from 'node:path'

import { namedBackend } from './backend/find-backend.ts'
import { pulumiHome } from './backend/pulumi-home.ts'
import type { FileSystem } from './files/file-system.ts'
import { sha1Hex } from './files/hash.ts'
import { makeFolder } from './files/make-folder.ts'
import type { Project } from './project.ts'
import { readLinkedFile } from './files/read-file.ts'
import { replaceFile } from './files/replace-file.ts'

/** Under which name the choice is kept where no backend is known; the reference looks at its own backends only. */
const NO_BACKEND = 'stackseal:'

/**
 * The stack that was selected last, by Stackseal or by Pulumi: both keep it in the same workspace file, per project
 * and backend. Undefined where none is.
 */
export function selectedStack(fs: FileSystem, project: Project, env: ProviderContext['env']): string | undefined {
  const selected = selectedFullName(fs, project, env)
  return selected?.slice(selected.lastIndexOf('/') + 1)
}

/** Its name as it was kept: `organization/<project>/<stack>`, with the owner of a stack of Pulumi Cloud. */
export function selectedFullName(fs: FileSystem, project: Project, env: ProviderContext['env']): string | undefined {
  const { stacks } = readWorkspace(fs, workspaceFile(project, env))
  const selected = stacks[backendUrl(fs, project, env)]
  return typeof selected === 'string' ? selected : undefined
}

/** Selects a stack; fields of the workspace file that others wrote stay. */
export function selectStack(fs: FileSystem, project: Project, env: ProviderContext['env'], stack: string): void {
  const file = workspaceFile(project, env)
  const { stacks, rest, bytes } = readWorkspace(fs, file)
  const url = backendUrl(fs, project, env)
  const selected = `organization/${project.name}/${stack}`
  if (stacks[url] === selected) return
  const sorted = Object.fromEntries(
    Object.entries({ ...stacks, [url]: selected }).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
  makeFolder(fs, dirname(file), 0o700)
  replaceFile(fs, file, new TextEncoder().encode(JSON.stringify({ ...rest, stacks: sorted }, undefined, 4)), bytes)
}

function workspaceFile(project: Project, env: ProviderContext['env']): string {
  const home = pulumiHome(env)
  if (home !== undefined) return join(home, 'workspaces', `${project.name}-${sha1Hex(project.file)}-workspace.json`)
  throw new StacksealError(
    'ERR_NO_STACK',
    'the selected stack can not be looked up: neither PULUMI_HOME nor HOME is set',
    {
      hint: 'name the stack with -s or PULUMI_STACK',
    },
  )
}

function backendUrl(fs: FileSystem, project: Project, env: ProviderContext['env']): string {
  const backend = namedBackend(fs, project, env)
  return backend.kind === 'named' ? backend.url : NO_BACKEND
}

interface Workspace {
  readonly stacks: Readonly<Record<string, unknown>>
  readonly rest: Readonly<Record<string, unknown>>
  readonly bytes: Uint8Array | undefined
}

function readWorkspace(fs: FileSystem, file: string): Workspace {
  const read = readLinkedFile(fs, file)
  const rest = parseObject(read?.text)
  const stacks = rest['stacks']
  return { stacks: isObject(stacks) ? stacks : {}, rest, bytes: read?.bytes }
}

function parseObject(text: string | undefined): Record<string, unknown> {
  if (text === undefined || text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {} // not JSON: as in the reference, nothing is selected
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
