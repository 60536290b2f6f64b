import { isStacksealError } from '@stackseal/core'

import type { Environment } from '../environment.ts'
import type { FileSystem } from '../files/file-system.ts'
import { ChangeJournal } from './change-journal.ts'

/** A change of a stack's key that was begun and has not ended, or is under way right now. */
export interface PendingChange {
  /** What began it, for people. */
  readonly command: string
  /** When, RFC 3339, for people. */
  readonly time: string
  /** False while nothing was changed yet: it will be cleared away, and not finished. */
  readonly isSwitching: boolean
}

/** Whether a change of a stack waits to be finished: for readers, who finish nothing. */
export function pendingChangeOf(fs: FileSystem, env: Environment, stackFile: string): PendingChange | undefined {
  try {
    const record = new ChangeJournal(fs, env, stackFile).read()
    if (record === undefined) return undefined
    return { command: record.command, time: record.time, isSwitching: record.phase === 'switching' }
  } catch (error) {
    // A journal that can't be read is the business of whoever writes; a reader shows what the files hold.
    if (isStacksealError(error)) return undefined
    throw error
  }
}
