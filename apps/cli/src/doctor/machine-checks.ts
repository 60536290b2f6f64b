import { accessSync, constants, lstatSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Invocation } from '../command.ts'
import { errorCode } from '../error-code.ts'
import { VERSION } from '../version.ts'
import { ok, warning } from './check.ts'
import type { Check } from './check.ts'

const OLDEST_NODE = [22, 15] as const
const OTHERS = 0o077

/** Versions, and the folder in which notes are kept. */
export function machineChecks({ env }: Invocation): Check[] {
  const notes = notesCheck(env)
  return [nodeCheck(), pulumiCheck(env), ...(notes === undefined ? [] : [notes])]
}

function nodeCheck(): Check {
  const message = `stackseal ${VERSION} on Node ${process.version}`
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [oldest, oldestMinor] = OLDEST_NODE
  if (major > oldest || (major === oldest && minor >= oldestMinor)) return ok('versions', message)
  return warning('versions', `${message}; it is made for Node ${oldest}.${oldestMinor} or newer`, 'node --version')
}

/** Only looked up, never run. */
function pulumiCheck(env: Invocation['env']): Check {
  const names = process.platform === 'win32' ? ['pulumi.exe', 'pulumi.cmd'] : ['pulumi']
  const found = (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isProgram)
  return ok('pulumi', found === undefined ? 'not on PATH; it is not needed here' : `${found} (not run)`)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false // not there, or not for this user: the same here
  }
}

/** Whoever can write there can vouch for keys. */
function notesCheck(env: Invocation['env']): Check | undefined {
  const folder = stateFolder(env)
  if (folder === undefined) {
    return warning(
      'notes',
      'there is no home folder, so keys that are made here can not be noted as such',
      'echo "$HOME"',
    )
  }
  try {
    const { mode, uid } = lstatSync(folder)
    const own = process.getuid === undefined || uid === process.getuid()
    if (own && (process.platform === 'win32' || (mode & OTHERS) === 0)) return ok('notes', folder)
    return warning('notes', `${folder} can be reached by other users`, `chmod 700 ${quoted(folder)}`)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined // nothing was noted yet
    return warning(
      'notes',
      `${folder} can not be looked at: ${errorCode(error) ?? 'unknown'}`,
      `ls -ld ${quoted(folder)}`,
    )
  }
}

function stateFolder(env: Invocation['env']): string | undefined {
  if (env['STACKSEAL_STATE_DIR']) return env['STACKSEAL_STATE_DIR']
  if (env['XDG_STATE_HOME']) return join(env['XDG_STATE_HOME'], 'stackseal')
  return env['HOME'] ? join(env['HOME'], '.local/state/stackseal') : undefined
}

/** A word for a shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
