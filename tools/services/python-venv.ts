import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const CACHE = join(import.meta.dirname, '../../.cache/services')
const PYTHONS = ['python3', 'python']
const OLDEST_PYTHON = [3, 10] as const

export interface VenvOptions {
  /** Names the folder. Servers pin what others pin otherwise, so each has a folder of its own. */
  readonly name: string
  /** For pip, with exact versions. */
  readonly requirements: readonly string[]
  readonly pipArguments?: readonly string[]
}

/** The folder of a virtual environment that holds exactly these packages; made when it is not there. */
export async function pythonVenv({ name, requirements, pipArguments = [] }: VenvOptions): Promise<string> {
  const folder = join(CACHE, name, 'venv')
  const stamp = join(CACHE, name, 'installed.txt')
  const wanted = [...requirements, ...pipArguments].join('\n')
  const installed = await readFile(stamp, 'utf8').catch(() => undefined) // not there: the first run
  if (installed === wanted) return folder
  await rm(join(CACHE, name), { recursive: true, force: true })
  await mkdir(join(CACHE, name), { recursive: true })
  await run(await findPython(), ['-m', 'venv', folder])
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input']
  await run(venvPython(folder), [...pip, ...pipArguments, ...requirements])
  // Written last, so that an install that was cut off is made again.
  await writeFile(stamp, wanted)
  return folder
}

/** The Python of a virtual environment. */
export function venvPython(folder: string): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python')
}

async function findPython(): Promise<string> {
  for (const python of PYTHONS) {
    const answer = await run(python, ['-c', 'import sys; print(*sys.version_info[:2])']).catch(() => undefined)
    const [major = 0, minor = 0] = answer?.stdout.trim().split(' ').map(Number) ?? []
    if (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]) return python
  }
  throw new Error(`Python ${OLDEST_PYTHON.join('.')} or newer is not on PATH, and the servers are installed with it`)
}
