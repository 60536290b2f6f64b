import { StacksealError } from '@stackseal/core'

import type { Environment } from '../environment.ts'
import type { FileSystem } from '../files/file-system.ts'
import { MAX_STATE_BYTES } from './file-backend.ts'
import { findPulumi, type PulumiRan, runPulumi } from './pulumi-child.ts'
import { pulumiEnvironment, withoutSecrets } from './pulumi-environment.ts'
import type { CarriedState, CarrierLock, StateCarrier } from './state-carrier.ts'

/** A stack as the installed `pulumi` is told of it. */
export interface PulumiStack {
  /** Its name as Pulumi takes it: `dev`, `organization/proj/dev`. */
  readonly stack: string
  /** The folder of the project. */
  readonly folder: string
}

export interface PulumiCarrierOptions extends PulumiStack {
  readonly fs: FileSystem
  readonly env: Environment
  readonly signal?: AbortSignal | undefined
  /**
   * What an import needs to open the document's own key, and nobody else: PULUMI_CONFIG_PASSPHRASE, or the file's variable.
   * Asked for right before an import.
   */
  readonly passphrase?: (() => Promise<Environment>) | undefined
  /** What to do where there is no `pulumi`. */
  readonly hint: string
}

// An import that is ended in the middle leaves the backend's lock behind. Less than what the command line waits in all.
const IMPORT_PATIENCE_MS = 2000
const SOURCE = 'pulumi stack export'
const NO_SUCH_STACK = /no stack named .* found/
const LOCKED = /currently locked|conflict: Another update/i

/**
 * Carries the state of a stack in any backend by the installed `pulumi`: `stack export` and `stack import`, the documents
 * through pipes. An import locks by itself, so a lock of this carrier holds nothing; what is read back is Pulumi's own
 * document: its import opens every secret with the key that the document names, and encrypts it anew under that key.
 * @throws ERR_BACKEND_NOT_REACHED where there is no `pulumi`; ERR_PULUMI_FAILED, ERR_LOCKED, ERR_INTERRUPTED
 */
export function pulumiCarrier(options: PulumiCarrierOptions): StateCarrier {
  const read = async (): Promise<CarriedState | undefined> => {
    const ran = await run(options, 'export', undefined, {})
    if (ran.exit === 0) return { bytes: ran.stdout, form: 'export', source: SOURCE }
    if (NO_SUCH_STACK.test(ran.stderr)) return undefined
    throw failed(options, 'export', ran)
  }
  return {
    files: undefined,
    read,
    lock: async () => lockOf(options, read),
    // They lie where Stackseal does not look.
    archives: () => [],
  }
}

function lockOf(options: PulumiCarrierOptions, read: StateCarrier['read']): CarrierLock {
  let current: CarriedState | undefined
  return {
    read: async () => (current = await read()),
    replace: async (bytes) => {
      if (current === undefined) throw new Error('replace() needs the state that read() of this lock gave')
      const before = await read()
      if (before === undefined || Buffer.compare(before.bytes, current.bytes) !== 0) throw changedMeanwhile(options)
      const passphrase = (await options.passphrase?.()) ?? {}
      const ran = await run(options, 'import', bytes, passphrase)
      if (ran.exit !== 0) throw failed({ ...options, env: { ...options.env, ...passphrase } }, 'import', ran)
      const after = await read()
      if (after === undefined) throw changedMeanwhile(options)
      return (current = after)
    },
    [Symbol.dispose]: () => undefined,
  }
}

function run(
  { fs, env, folder, stack, signal, hint }: PulumiCarrierOptions,
  command: 'export' | 'import',
  input: Uint8Array | undefined,
  passphrase: Environment,
): Promise<PulumiRan> {
  const program = findPulumi(fs, env)
  if (program === undefined) {
    throw new StacksealError('ERR_BACKEND_NOT_REACHED', 'the state is carried by pulumi, which is not on the PATH', {
      hint,
      details: { program: 'pulumi' },
    })
  }
  const given = Object.fromEntries(Object.entries(passphrase).filter(([, value]) => value !== undefined))
  return runPulumi({
    program,
    arguments: ['stack', command, `--stack=${stack}`, '--non-interactive', '--color=never'],
    cwd: folder,
    env: { ...pulumiEnvironment(env), ...(given as Record<string, string>) },
    input,
    maxBytes: MAX_STATE_BYTES,
    signal,
    patienceMs: command === 'import' ? IMPORT_PATIENCE_MS : 0,
  })
}

function failed({ stack, env }: PulumiCarrierOptions, command: string, { exit, stderr }: PulumiRan): StacksealError {
  const said = withoutSecrets(stderr, env).trim().split('\n').slice(-SHOWN_LINES).join(' ').slice(0, SHOWN_TEXT)
  const what = `pulumi stack ${command} of stack ${stack} failed (${exit === null ? 'ended by a signal' : `exit ${exit}`})`
  const isLocked = LOCKED.test(stderr)
  return new StacksealError(isLocked ? 'ERR_LOCKED' : 'ERR_PULUMI_FAILED', said === '' ? what : `${what}: ${said}`, {
    hint: isLocked
      ? 'wait for the update that holds the lock; "pulumi cancel" removes a lock that was left'
      : `see that "pulumi stack ${command}" works here`,
    details: { command: `pulumi stack ${command}`, ...(exit === null ? {} : { exit }) },
  })
}

const SHOWN_LINES = 3
const SHOWN_TEXT = 600

function changedMeanwhile({ stack }: PulumiStack): StacksealError {
  return new StacksealError('ERR_CHANGED_MEANWHILE', `somebody else changed the state of stack ${stack} meanwhile`, {
    hint: 'run the command again',
  })
}
