import { isStacksealError } from '@stackseal/core'

import { nodeFileSystem } from '../files/file-system.ts'
import { findStack } from '../stack-place.ts'
import type { OpenStackOptions } from '../stack.ts'
import { finishChange, tidyStack } from './finish-change.ts'
import type { FinishedChange, Resolution } from './finished-change.ts'
import { tidyStateLocks } from './tidy-state-locks.ts'

export interface RecoverOptions extends Omit<OpenStackOptions, 'openEarly' | 'registry'> {
  /** What becomes of a file that somebody else wrote meanwhile; refused if not given. */
  readonly resolution?: Resolution | undefined
}

/**
 * Finishes a change of a stack's key that was interrupted; undefined where there is none. No key and no network
 * are needed, unless `pulumi` carries the state: it reaches the backend, and where the state is still the old one it needs
 * what opens the new key (of a passphrase STACKSEAL_NEW_PASSPHRASE, its file, or an answer to `ask`).
 * @throws ERR_CHANGED_MEANWHILE where a file holds neither its old nor its new content: both are left as they are
 * @throws ERR_LOCKED, ERR_IO; ERR_BACKEND_NOT_REACHED, ERR_PULUMI_FAILED of a state that `pulumi` carries
 */
export async function recoverStack(options: RecoverOptions): Promise<FinishedChange | undefined> {
  const fs = options.fileSystem ?? nodeFileSystem
  const place = await findStack(fs, options)
  const { command = 'stackseal stack recover', lockTimeout: timeoutMs, signal, processes, env } = options
  try {
    const finishing = { command, timeoutMs, signal, processes, env, ask: options.ask, cwd: options.cwd }
    const finished = await finishChange(fs, place.target, finishing, options.resolution)
    await tidyStack(fs, place.target, finishing)
    await tidyStateLocks(fs, place, options, finishing)
    return finished
  } catch (error) {
    throw isStacksealError(error) ? error.with({ details: { file: place.label } }) : error
  }
}
