import { StacksealError } from '@stackseal/core'
import { join, resolve } from 'node:path'

import { type SystemUser, systemUser } from '../files/system-user.ts'

/** A folder of stacks, as a `file:` URL of the reference names it. */
export interface BackendFolder {
  /** Absolute; whether it is there is another question. */
  readonly folder: string
  /** Whether the reference notes content type and MD5 of each file in a `.attrs` file beside it. */
  readonly sidecars: boolean
  /** Whether the folder is made where it is missing. */
  readonly create: boolean
  /** The mode of folders that are made, before the system takes the umask off. */
  readonly folderMode: number
}

export interface FileUrlOptions {
  /** Where relative paths begin: the working folder, as in the reference, also for a URL in a project file. */
  readonly cwd: string
  readonly user?: (() => SystemUser | undefined) | undefined
}

const PREFIX = 'file://'
const FOLDER_MODE = 0o777
// In a host, escapes stand for bytes that are not ASCII alone; a colon comes before a port.
const HOST = /^(?:[\w.~!$&'()*+,;=<>"@-]|[^\0-\x7f]|%25|%[89A-Fa-f][0-9A-Fa-f])*(?::[0-9]*)?$/
const PARAMETERS: ReadonlySet<string> = new Set([
  'create_dir',
  'dir_file_mode',
  'metadata',
  'no_tmp_dir',
  'base_url',
  'secret_key_path',
])

/** Whether a backend URL names a folder, in whatever spelling. */
export function isFileUrl(url: string): boolean {
  return /^file:/i.test(url)
}

/**
 * Reads a backend URL as the reference does: `file://` and then a path, absolute or relative, or `~` for the user's home
 * as the system knows it; `%` escapes; the parameters of its storage library. It has no host: `file://state` is the folder
 * `state`, and so is `file://localhost/x` a relative path.
 * @throws ERR_INVALID_BACKEND_URL
 */
export function parseFileUrl(url: string, options: FileUrlOptions): BackendFolder {
  if (!url.startsWith(PREFIX)) throw invalid(url, 'it has to begin with file://')
  if (/\p{Cc}/u.test(url)) throw invalid(url, 'it holds a control character')
  const rest = url.slice(PREFIX.length)
  const [, path = '', query = ''] = /^([^?#]*)(?:\?([^#]*))?/s.exec(rest) ?? []
  // Whatever its meaning, Go's net/url takes the part before the first slash for a host.
  if (!HOST.test(path.split('/', 1)[0] ?? '')) {
    throw invalid(url, 'what stands before the first slash can not stand there: write ./ or an absolute path before it')
  }
  const parameters = parseQuery(query)
  for (const name of parameters.keys()) {
    if (!PARAMETERS.has(name)) throw invalid(url, `it has the parameter ${JSON.stringify(name)}, which is unknown`)
  }
  const metadata = parameters.get('metadata') ?? ''
  if (metadata !== '' && metadata !== 'skip') throw invalid(url, 'the parameter metadata can only be "skip"')
  if (((parameters.get('base_url') ?? '') === '') !== ((parameters.get('secret_key_path') ?? '') === '')) {
    throw invalid(url, 'base_url and secret_key_path have to be given together')
  }
  return {
    folder: resolve(options.cwd, expandHome(url, decode(url, path), options)),
    sidecars: metadata !== 'skip',
    create: (parameters.get('create_dir') ?? '') !== '',
    folderMode: folderMode(url, parameters.get('dir_file_mode') ?? ''),
  }
}

function expandHome(url: string, path: string, { user = systemUser }: FileUrlOptions): string {
  if (!path.startsWith('~')) return path
  const home = user()?.home
  if (home === undefined) throw invalid(url, 'the home folder of this user is not known')
  // The reference cuts off two characters, whatever the second is.
  return path === '~' ? home : join(home, path.slice(2))
}

function decode(url: string, path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw invalid(url, 'a % in it does not begin an escape of UTF-8 text')
  }
}

/** The first value of each parameter; pairs that are malformed count as absent, as in Go's net/url. */
function parseQuery(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const equals = pair.indexOf('=')
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    const decoded = [name, value].map(decodeQueryText)
    if (decoded[0] === undefined || decoded[1] === undefined || parameters.has(decoded[0])) continue
    parameters.set(decoded[0], decoded[1])
  }
  return parameters
}

function decodeQueryText(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined // its only error: a malformed escape
  }
}

/** A number as Go reads it with base 0: `0777` and `0o777` are octal, `0x1ff` hexadecimal, `511` decimal. */
function folderMode(url: string, text: string): number {
  if (text === '') return FOLDER_MODE
  const digits = /^0[0-7]+$/.test(text) ? `0o${text.slice(1)}` : text
  const mode = /^(?:0o[0-7]+|0x[0-9a-f]+|0b[01]+|0|[1-9][0-9]*)$/i.test(digits) ? Number(digits) : Number.NaN
  if (!(mode <= 0o7777)) throw invalid(url, 'the parameter dir_file_mode is not a file mode')
  return mode
}

function invalid(url: string, reason: string): StacksealError {
  return new StacksealError('ERR_INVALID_BACKEND_URL', `the backend ${url} can not be used: ${reason}`, {
    hint: 'it is named by PULUMI_BACKEND_URL, by backend.url in Pulumi.yaml, or by "pulumi login"',
    details: { url },
  })
}
