import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inProcess } from './in-process.ts'
import { vector } from './project.ts'
import { cleanEnv, folder, type Ran } from './stackseal.ts'

/** A project with the stack dev in a `file://` backend, and a home of its own. */
export interface StateProject {
  readonly folder: string
  /** The state as it lies in the backend. */
  readonly stateFile: string
  readonly state: () => string
  readonly env: Readonly<Record<string, string>>
  /** Runs a command line in this process. */
  readonly run: (...args: readonly string[]) => Promise<Ran>
  /** Writes a file beside the project; gives its path. */
  readonly write: (name: string, content: string | Uint8Array) => string
}

export interface StateProjectOptions {
  /** The stack file; without it the stack has none. */
  readonly stackFile?: string
  /** The file of the backend; without it the stack has no state. */
  readonly state?: string | Uint8Array
  readonly project?: string
  readonly passphrase?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Makes a project with these files. */
export function stateProject({
  stackFile,
  state,
  project = 'vec',
  passphrase = 'correct horse',
  env = {},
}: StateProjectOptions): StateProject {
  const made = folder('state')
  const backend = folder('backend')
  const stacks = join(backend, '.pulumi/stacks', project)
  mkdirSync(stacks, { recursive: true })
  writeFileSync(join(backend, '.pulumi/meta.yaml'), 'version: 1\n')
  const stateFile = join(stacks, 'dev.json')
  writeFileSync(join(made, 'Pulumi.yaml'), `name: ${project}\nruntime: yaml\n`)
  if (stackFile !== undefined) writeFileSync(join(made, 'Pulumi.dev.yaml'), stackFile)
  if (state !== undefined) writeFileSync(stateFile, state)
  const all = cleanEnv({
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_STACK: 'dev',
    PULUMI_HOME: folder('pulumi-home'),
    STACKSEAL_STATE_DIR: folder('notes'),
    ...env,
  })
  return {
    folder: made,
    stateFile,
    state: () => readFileSync(stateFile, 'utf8'),
    env: all,
    run: (...args) => inProcess(args, { cwd: made, env: all }),
    write(name, content) {
      const file = join(made, name)
      writeFileSync(file, content)
      return file
    },
  }
}

/** The stack of the vector whose outputs are of every kind, as its file backend held it. */
export function outputsProject(options: Omit<StateProjectOptions, 'stackFile' | 'state'> = {}): StateProject {
  return stateProject({
    stackFile: outputsVector('Pulumi.dev.yaml'),
    state: outputsVector('backend-file.json'),
    ...options,
  })
}

/** A file of that vector. */
export function outputsVector(name: string): string {
  return readFileSync(vector('s01-yaml-outputs', name), 'utf8')
}
