import {
  type ErrorCode,
  isStacksealError,
  type Provider,
  type ProviderContext,
  type ProviderV1,
  StacksealError,
} from '@stackseal/core'

import type { MemoCloud } from '../memo-cloud.ts'
import { completeMemo } from '../memo-provider.ts'

/** A provider with one fault, and exactly the cases that must notice it. */
export interface Mutant {
  readonly name: string
  readonly make?: (cloud: MemoCloud) => Provider
  /** Where the fault is in a module: its path, from the folder above this one. */
  readonly module?: string
  readonly fails: readonly string[]
}

/** The good provider with one method in another form. */
export function changed(change: (good: Required<ProviderV1>) => Partial<ProviderV1>): (cloud: MemoCloud) => Provider {
  return (cloud) => {
    const good = completeMemo(cloud)
    return { ...good, ...change(good) }
  }
}

/** The good provider with another error in place of one of its own. */
export function recoded(
  from: ErrorCode,
  to: ErrorCode,
  when: (error: StacksealError) => boolean = () => true,
): (cloud: MemoCloud) => Provider {
  return changed((good) => ({
    openKey: (...call) =>
      good.openKey(...call).catch((error: unknown) => {
        if (!isStacksealError(error) || error.code !== from || !when(error)) throw error
        throw new StacksealError(to, error.message, { hint: error.hint })
      }),
  }))
}

/** The context without its signal. */
export function without(context: ProviderContext): ProviderContext {
  const { signal: _, ...rest } = context
  return rest
}

/** The cases of the faults that a provider is told of by an error of its service. */
export const ALL_FAULTS: readonly string[] = [
  'errors/no-credentials',
  'errors/invalid-credentials',
  'errors/denied',
  'errors/no-such-key',
  'errors/disabled-key',
  'errors/server-down',
  'errors/throttled',
]
