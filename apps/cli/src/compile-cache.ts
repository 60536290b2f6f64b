import { existsSync, lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { isAbsolute, join, resolve, sep } from 'node:path'

// Where everybody can write.
const SHARED_FOLDERS = [tmpdir(), '/tmp', '/var/tmp', '/dev/shm']

/**
 * Lets Node keep compiled code in `$XDG_CACHE_HOME/stackseal`, a folder that nobody else can write: whoever writes there
 * chooses what runs. Skipped without a word where that can't be had.
 */
export function useCompileCache(env: Readonly<Record<string, string | undefined>>): void {
  try {
    const base = env['XDG_CACHE_HOME']
    const parent = base !== undefined && isAbsolute(base) ? resolve(base) : join(homedir(), '.cache')
    const folder = join(parent, 'stackseal')
    // Not `recursive`, which never ends where a folder says that it is not there and can't be made (below /proc).
    if (isShared(parent)) return
    for (const each of [parent, folder]) if (!existsSync(each)) mkdirSync(each, { mode: 0o700 })
    if (isShared(realpathSync(parent))) return
    const { uid, mode } = lstatSync(folder)
    if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o170_077) !== 0o040_000)) return
    enableCompileCache(folder)
  } catch {
    // No home, a read-only disk, a file in the way: everything works without.
  }
}

function isShared(folder: string): boolean {
  return SHARED_FOLDERS.some((shared) => `${folder}${sep}`.startsWith(resolve(shared) + sep))
}
