import type { FileSystem } from './files/file-system.ts'
import { nodeFileSystem } from './files/file-system.ts'
import { sha256Hex } from './files/hash.ts'
import { StateNotes } from './state-notes.ts'
import type { Environment } from './environment.ts'

/** A provider module that a project suggests, as it was when somebody trusted it. */
export interface TrustedModule {
  /** Real path of the project's folder. */
  readonly project: string
  /** The name of its package. */
  readonly module: string
}

/** Trusts a module for one project, as long as its package.json has this text. */
export function trustModule(
  { project, module }: TrustedModule,
  manifest: string,
  env: Environment,
  fs: FileSystem = nodeFileSystem,
): void {
  notes(env, fs).write([project, module], { project, module, manifest: sha256Hex(manifest) })
}

/** Whether a module is trusted for a project: `changed` where it was, with another text of its package.json. */
export function moduleTrust(
  { project, module }: TrustedModule,
  manifest: string,
  env: Environment,
  fs: FileSystem = nodeFileSystem,
): 'trusted' | 'changed' | 'not trusted' {
  const note = notes(env, fs).read([project, module])
  if (note === undefined) return 'not trusted'
  return note['manifest'] === sha256Hex(manifest) ? 'trusted' : 'changed'
}

/** Trusts a module no longer; gives whether it was trusted. */
export function distrustModule(
  { project, module }: TrustedModule,
  env: Environment,
  fs: FileSystem = nodeFileSystem,
): boolean {
  return notes(env, fs).remove((note) => note['project'] === project && note['module'] === module) > 0
}

/** Every module that is trusted on this machine. */
export function trustedModules(env: Environment, fs: FileSystem = nodeFileSystem): readonly TrustedModule[] {
  return notes(env, fs)
    .all()
    .map(({ project = '', module = '' }) => ({ project, module }))
}

function notes(env: Environment, fs: FileSystem): StateNotes {
  return new StateNotes(fs, env, 'trusted-modules')
}
