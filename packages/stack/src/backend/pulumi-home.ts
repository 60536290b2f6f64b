import { join } from 'node:path'

import type { FileSystem } from '../files/file-system.ts'
import { readLinkedFile } from '../files/read-file.ts'
import type { Environment } from '../environment.ts'

/** The folder in which Pulumi keeps what belongs to the user: `$PULUMI_HOME`, else `~/.pulumi`; undefined without a home. */
export function pulumiHome(env: Environment): string | undefined {
  const { PULUMI_HOME: named, HOME: home, USERPROFILE: profile } = env
  if (named !== undefined && named !== '') return named
  const user = home === undefined || home === '' ? profile : home
  return user === undefined || user === '' ? undefined : join(user, '.pulumi')
}

/** What Pulumi's login says. */
export type PulumiLogin =
  | { readonly kind: 'backend'; readonly url: string }
  /** Nobody is logged in. */
  | { readonly kind: 'none' }
  /** The login lies encrypted in a store that only Pulumi opens. */
  | { readonly kind: 'encrypted' }
  /** The file of the login is no JSON object. */
  | { readonly kind: 'malformed' }

// A field of the file under which the reference keeps an encrypted login; it carries its version.
const ENCRYPTED_MARK = '$pulumiSecureStore'

/**
 * The backend that `pulumi login` chose last. Reads `credentials.json` in `$PULUMI_CREDENTIALS_PATH`, else in
 * Pulumi's own folder; of its content only the URL.
 * @throws ERR_IO
 */
export function readPulumiLogin(fs: FileSystem, env: Environment): PulumiLogin {
  const named = env['PULUMI_CREDENTIALS_PATH']
  const folder = named === undefined || named === '' ? pulumiHome(env) : named
  if (folder === undefined) return { kind: 'none' }
  const text = readLinkedFile(fs, join(folder, 'credentials.json'))?.text
  // As in the reference, an empty file is none.
  if (text === undefined || text === '') return { kind: 'none' }
  const login = parse(text)
  if (login === undefined) return { kind: 'malformed' }
  if (Object.hasOwn(login, ENCRYPTED_MARK)) return { kind: 'encrypted' }
  const url = login['current']
  return typeof url === 'string' && url !== '' ? { kind: 'backend', url } : { kind: 'none' }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined // the parser's only error: this is no JSON
  }
}
