import { StacksealError } from '@stackseal/core'

import type { FileSystem } from '../files/file-system.ts'
import type { SystemUser } from '../files/system-user.ts'
import type { Project } from '../project.ts'
import { type BackendFolder, isFileUrl, parseFileUrl } from './backend-url.ts'
import { type PulumiLogin, readPulumiLogin } from './pulumi-home.ts'

/** What named a backend. */
export type BackendSource = 'environment' | 'project' | 'login'

/** Where the states of a project's stacks lie. */
export type FoundBackend =
  | { readonly kind: 'file'; readonly url: string; readonly source: BackendSource; readonly folder: BackendFolder }
  /** A backend that only Pulumi reaches: Pulumi Cloud, a bucket, a database. */
  | { readonly kind: 'unreached'; readonly url: string; readonly source: BackendSource }
  /** Nothing names one that can be read here: Pulumi's login is missing, encrypted for Pulumi alone, or damaged. */
  | { readonly kind: 'none'; readonly login: MissingLogin }

export type MissingLogin = Exclude<PulumiLogin['kind'], 'backend'>

export interface FindBackendOptions {
  /** The working folder: where a relative `file://` URL begins. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly user?: (() => SystemUser | undefined) | undefined
}

/**
 * Finds out where the states lie, in the reference's order: `PULUMI_BACKEND_URL`, the project's `backend.url`, Pulumi's
 * login. Touches no backend.
 * @throws ERR_INVALID_BACKEND_URL for a `file:` URL of a wrong form
 */
export function findBackend(
  fs: FileSystem,
  project: Pick<Project, 'backendUrl'> | undefined,
  options: FindBackendOptions,
): FoundBackend {
  const named = namedBackend(fs, project, options.env)
  if (named.kind === 'none') return named
  const { url, source } = named
  if (!isFileUrl(url)) return { kind: 'unreached', url, source }
  return { kind: 'file', url, source, folder: parseFileUrl(url, options) }
}

type NamedBackend =
  | { readonly kind: 'named'; readonly url: string; readonly source: BackendSource }
  | { readonly kind: 'none'; readonly login: MissingLogin }

/** The URL as it was written, which is the name under which the reference keeps the selected stack. */
export function namedBackend(
  fs: FileSystem,
  project: Pick<Project, 'backendUrl'> | undefined,
  env: Readonly<Record<string, string | undefined>>,
): NamedBackend {
  const variable = env['PULUMI_BACKEND_URL']
  if (variable !== undefined && variable !== '') return { kind: 'named', url: variable, source: 'environment' }
  const own = project?.backendUrl
  if (own !== undefined && own !== '') return { kind: 'named', url: own, source: 'project' }
  const login = readPulumiLogin(fs, env)
  if (login.kind === 'backend') return { kind: 'named', url: login.url, source: 'login' }
  return { kind: 'none', login: login.kind }
}

/** What to say to a command that needs the state and does not reach it. */
export function backendNotReached(found: Exclude<FoundBackend, { kind: 'file' }>, pipe: string): StacksealError {
  if (found.kind === 'unreached') {
    return new StacksealError('ERR_BACKEND_NOT_REACHED', `Stackseal does not reach the backend ${found.url}`, {
      hint: `let Pulumi carry the state: ${pipe}`,
      details: { url: found.url, source: found.source },
    })
  }
  return new StacksealError('ERR_BACKEND_NOT_REACHED', WHY_NONE[found.login], {
    hint: `name a file:// backend with PULUMI_BACKEND_URL, or let Pulumi carry the state: ${pipe}`,
  })
}

const WHY_NONE: Readonly<Record<MissingLogin, string>> = {
  none: 'no backend is named, and nobody is logged in to one',
  encrypted: "Pulumi's login is encrypted, so its backend is not known here",
  malformed: "Pulumi's login can not be read: its credentials.json is not a JSON object",
}
