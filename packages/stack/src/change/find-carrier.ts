import { StacksealError } from '@stackseal/core'
import { dirname } from 'node:path'

import { FileBackend, type StackReference } from '../backend/file-backend.ts'
import { backendNotReached, findBackend, type FindBackendOptions } from '../backend/find-backend.ts'
import { pulumiCarrier } from '../backend/pulumi-carrier.ts'
import { fileCarrier } from '../backend/file-carrier.ts'
import type { StateCarrier } from '../backend/state-carrier.ts'
import type { Environment } from '../environment.ts'
import type { FileSystem } from '../files/file-system.ts'
import { sha256Hex } from '../files/hash.ts'
import type { StackPlace } from '../stack-place.ts'
import { selectedFullName } from '../workspace-file.ts'
import type { CarriedTarget } from './carried-target.ts'

export interface FindCarrierOptions extends FindBackendOptions {
  /** The stack as it was named on the command line, with its owner where it has one. */
  readonly stack?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** What to do instead where nobody carries the state. */
  readonly otherwise: string
  /** What an import needs to open the new key; see `pulumiCarrier`. */
  readonly passphrase?: (() => Promise<Environment>) | undefined
}

/** A folder of states, and the stack's name in it. */
export interface StateFolder {
  readonly backend: FileBackend
  readonly reference: StackReference
}

/** Who carries the state of a stack. */
export interface FoundCarrier {
  readonly carrier: StateCarrier
  /** Where the state lies, if that is a folder. */
  readonly folder?: StateFolder
  /** Where it is `pulumi`: what the record of a change keeps of it, and the same carrier, which no signal stops. */
  readonly pulumi?: {
    readonly place: Pick<CarriedTarget, 'stack' | 'folder' | 'backend'>
    readonly observer: StateCarrier
  }
}

/**
 * Finds who carries the state of a stack: Stackseal itself in a folder, else the installed `pulumi`.
 * @throws ERR_BACKEND_NOT_REACHED where no backend is known at all
 */
export async function findCarrier(
  fs: FileSystem,
  place: StackPlace,
  options: FindCarrierOptions,
): Promise<FoundCarrier> {
  const { env, signal, otherwise, passphrase } = options
  const { project, name } = place
  const found = findBackend(fs, project, options)
  if (found.kind === 'file') {
    const backend = await FileBackend.open(fs, found.folder, options)
    const reference = { project: project.name, stack: name }
    return { carrier: fileCarrier(backend, reference), folder: { backend, reference } }
  }
  // A login that lies encrypted is known to Pulumi all the same.
  if (found.kind === 'none' && found.login !== 'encrypted') throw backendNotReached(found, otherwise)
  const stack = fullName(fs, place, options)
  const folder = dirname(project.file)
  const hint = `install Pulumi and put it on the PATH; or, without it, ${otherwise}`
  const carrier = { fs, env, stack, folder, hint, passphrase }
  return {
    carrier: pulumiCarrier({ ...carrier, signal }),
    pulumi: {
      place: { stack, folder, backend: sha256Hex(found.kind === 'unreached' ? found.url : '') },
      observer: pulumiCarrier(carrier),
    },
  }
}

/** As it was named, since a bare name is not enough for a stack of somebody else. */
function fullName(fs: FileSystem, { project, name }: StackPlace, { stack, env }: FindCarrierOptions): string {
  const named = stack ?? (env['PULUMI_STACK'] || undefined) ?? selectedFullName(fs, project, env)
  return named !== undefined && named.slice(named.lastIndexOf('/') + 1) === name ? named : name
}

/** An import drops what an interrupted update left undone; the folder's carrier would keep it. */
export function refusePendingOperations(bytes: Uint8Array): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!text.includes('"pending_operations"')) return
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is looked at is checked
  const { deployment } = JSON.parse(text.toString('utf8')) as { deployment?: { pending_operations?: unknown } | null }
  const pending = deployment?.pending_operations
  if (!Array.isArray(pending) || pending.length === 0) return
  throw new StacksealError(
    'ERR_UNSUPPORTED_STATE',
    `the state has ${pending.length} pending ${pending.length === 1 ? 'operation' : 'operations'} of an interrupted update, which an import by Pulumi would drop`,
    { hint: 'run "pulumi refresh" first, which settles them', details: { pending: pending.length, changed: false } },
  )
}
