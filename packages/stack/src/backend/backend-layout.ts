import { StacksealError } from '@stackseal/core'
import { join } from 'node:path'

import { findDocument } from '../document/find-document.ts'
import { resolveScalar } from '../document/yaml-scalar.ts'
import { readTextFile } from '../files/read-file.ts'
import type { FileSystem } from '../files/file-system.ts'
import type { BackendSettings } from './backend-settings.ts'
import { checkpointName } from './checkpoint-names.ts'
import { namesIn } from './names-in.ts'

/** The folder inside a backend's folder in which the reference keeps all it has. */
export const BOOKKEEPING = '.pulumi'
export const META_TEXT = 'version: 1\n'

/** 1: stacks lie in a folder for their project. 0: the old one, where stacks have no project. */
export type LayoutVersion = 0 | 1

export interface BackendLayout {
  readonly version: LayoutVersion
  /** Whether `meta.yaml` says so; where it is missing it is written before the first stack. */
  readonly noted: boolean
}

/** Of one stack: where each kind of its files lies, below the folder `.pulumi`. */
export interface StackPaths {
  /** What the reference calls the stack, in the state and in messages: `organization/<project>/<stack>`. */
  readonly qualifiedName: string
  /** The folder of the state file. */
  readonly stacks: string
  readonly locks: string
  readonly history: string
  readonly backups: string
}

/** @throws ERR_INVALID_NAME for a name that leads elsewhere */
export function stackPaths(version: LayoutVersion, project: string, stack: string): StackPaths {
  const parts = version === 0 ? [stack] : [project, stack]
  for (const part of parts) checkName(part)
  const ofStack = join(...parts)
  return {
    qualifiedName: version === 0 ? stack : `organization/${project}/${stack}`,
    stacks: version === 0 ? 'stacks' : join('stacks', project),
    locks: version === 0 ? join('locks', stack) : join('locks', 'organization', project, stack),
    history: join('history', ofStack),
    backups: join('backups', ofStack),
  }
}

/** The reference takes `.` and `..` for names; as folders they are others. */
function checkName(name: string): void {
  if (/^[A-Za-z0-9_.-]{1,100}$/.test(name) && name !== '.' && name !== '..') return
  throw new StacksealError('ERR_INVALID_NAME', `${JSON.stringify(name)} can not be a name in a backend`, {
    hint: 'names have 1 to 100 letters, digits, hyphens, underscores and periods, and are not "." or ".."',
  })
}

/**
 * Which layout a backend has, by its `meta.yaml`; without one, by whether stacks lie in the old place.
 *
 * @param folder the real path of the backend's folder
 * @throws ERR_BACKEND_LAYOUT for the old layout, unless it is accepted, and for one that is newer than these two
 * @throws ERR_MALFORMED_FILE
 */
export async function readLayout(fs: FileSystem, folder: string, settings: BackendSettings): Promise<BackendLayout> {
  const file = join(folder, BOOKKEEPING, 'meta.yaml')
  const text = readTextFile(fs, file)?.text
  const noted = text === undefined ? undefined : await readVersion(text, file)
  const version = noted ?? guessVersion(fs, folder, settings)
  if (version === 1 || (version === 0 && settings.acceptLegacyLayout)) return { version, noted: noted !== undefined }
  if (version === 0) {
    throw new StacksealError('ERR_BACKEND_LAYOUT', `the backend in ${folder} has the old layout, without projects`, {
      hint: 'bring it to the new one with "pulumi state upgrade", or set PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR=1',
      details: { file, version },
    })
  }
  throw new StacksealError('ERR_BACKEND_LAYOUT', `the layout of the backend in ${folder}, ${version}, is not known`, {
    hint: 'a newer Stackseal may know it',
    details: { file, version },
  })
}

function guessVersion(fs: FileSystem, folder: string, settings: BackendSettings): LayoutVersion {
  const legacy = namesIn(fs, join(folder, BOOKKEEPING, 'stacks')).some(
    ({ name, kind }) => kind !== 'folder' && checkpointName(name) !== undefined,
  )
  return legacy || settings.legacyLayout ? 0 : 1
}

async function readVersion(text: string, file: string): Promise<number> {
  const { root } = await findDocument(text)
  const pair =
    root?.kind === 'mapping' ? root.pairs.find(({ key }) => key.kind === 'scalar' && key.text === 'version') : undefined
  const value = pair?.value.kind === 'alias' ? pair.value.target : pair?.value
  const version = value?.kind === 'scalar' ? resolveScalar(value) : undefined
  if (typeof version === 'bigint' || (typeof version === 'number' && Number.isInteger(version))) return Number(version)
  throw new StacksealError('ERR_MALFORMED_FILE', `${file} does not tell the version of the backend's layout`, {
    hint: 'in a backend of this layout it holds the line "version: 1"',
    details: { file },
  })
}
