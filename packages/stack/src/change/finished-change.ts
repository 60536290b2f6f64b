import type { ProviderContext } from '@stackseal/core'

import type { LockStackOptions } from '../backend/stack-lock-places.ts'
import type { Environment } from '../environment.ts'
import type { ChangeRecord } from './change-journal.ts'

/** What becomes of a file that holds neither its old nor its new bytes: nothing, the new ones take its place, it stays. */
export type Resolution = 'refuse' | 'force' | 'abandon'

export interface FinishOptions extends LockStackOptions {
  /** Where relative paths in `env` begin. */
  readonly cwd?: string | undefined
  readonly env: Environment
  readonly tell?: ((text: string) => void) | undefined
  /** Asks for the new passphrase, where a state still has to be carried under it and no variable gives it. */
  readonly ask?: ProviderContext['ask'] | undefined
}

/** What became of a change that was interrupted. */
export interface FinishedChange {
  readonly record: ChangeRecord
  /** `finished`: every file has its new content. `undone`: none had, and what was prepared is gone. `abandoned`: as asked. */
  readonly outcome: 'finished' | 'undone' | 'abandoned'
  /** Files that were replaced although they held something else, and where that is kept; of a carried state `state of dev`. */
  readonly kept: readonly { readonly path: string; readonly keptAs: string }[]
  /** Files of the history that somebody else wrote to, and that keep what they hold. */
  readonly left: readonly string[]
}
