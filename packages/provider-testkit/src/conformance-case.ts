import { isStacksealError, StacksealError } from '@stackseal/core'

import type { Stage, Subject, Unstaged } from './subject.ts'
import type { World } from './world.ts'

/** One thing that a provider must do, as data for any runner. */
export interface ConformanceCase {
  /** `group/what`: stable, for lists and reports. */
  readonly name: string
  /** What holds when it passes, as a sentence about the provider. */
  readonly title: string
  /** Resolves when the case passes, or with the reason why it was not run. @throws ERR_CHECK_FAILED in plain words */
  run(subject: Subject, context: CaseContext): Promise<NotRun | void>
}

export interface NotRun {
  readonly notRun: string
}

export interface CaseContext {
  /** Milliseconds after which something that should be over counts as hanging. */
  readonly patienceMs: number
  /** Processes and servers; cases that need them are not run without. */
  readonly world?: World | undefined
}

/** The failure of a case: for a person, without a byte of a key or a credential. */
export function failed(message: string): StacksealError {
  return new StacksealError('ERR_CHECK_FAILED', message)
}

/** Whether something is not staged. */
export function isUnstaged<T>(stage: Stage<T> | undefined): stage is Unstaged | undefined {
  return stage === undefined || (typeof stage === 'object' && stage !== null && 'cannot' in stage)
}

export function notRun(stage: Unstaged | undefined, what: string): NotRun {
  return { notRun: stage?.cannot ?? `nobody said how to stage ${what}` }
}

/** Waits for a result, but not for ever. */
export async function within<T>(milliseconds: number, what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failed(`${what} was not over after ${milliseconds} ms`)), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The error with which work is refused. What is no StacksealError says nothing to a caller, and fails the case. */
export async function refusalOf(what: string, work: Promise<unknown>): Promise<StacksealError> {
  let error: unknown
  try {
    await work
  } catch (thrown) {
    error = thrown
  }
  if (error === undefined) throw failed(`${what} was not refused`)
  if (!isStacksealError(error)) throw failed(`${what} was refused with an error that is not a StacksealError`)
  if (error.code === 'ERR_CHECK_FAILED') throw error // of `within`
  return error
}

export function hasCode(error: StacksealError, codes: readonly string[], what: string): void {
  if (!codes.includes(error.code)) {
    throw failed(`${what} was refused with ${error.code}, and not with ${codes.join(' or ')}`)
  }
}
