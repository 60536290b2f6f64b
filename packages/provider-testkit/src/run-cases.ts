import { isStacksealError } from '@stackseal/core'

import { CASES } from './cases.ts'
import type { CaseContext, ConformanceCase } from './conformance-case.ts'
import type { Subject } from './subject.ts'

export interface CaseResult {
  readonly name: string
  readonly title: string
  readonly outcome: 'passed' | 'failed' | 'not run'
  /** Why it failed or was not run. */
  readonly reason?: string
  readonly milliseconds: number
}

export interface RunOptions extends Partial<CaseContext> {
  readonly cases?: readonly ConformanceCase[]
}

const PATIENCE_MS = 10_000

/** Runs the cases one after the other, each whatever became of the others. */
export async function runCases(subject: Subject, options: RunOptions = {}): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  for (const item of options.cases ?? CASES) {
    const { name, title } = item
    const start = performance.now()
    const verdict = await item.run(subject, contextOf(options)).then(
      (answer): Pick<CaseResult, 'outcome' | 'reason'> =>
        answer === undefined ? { outcome: 'passed' } : { outcome: 'not run', reason: answer.notRun },
      (error: unknown): Pick<CaseResult, 'outcome' | 'reason'> => ({ outcome: 'failed', reason: reasonOf(error) }),
    )
    results.push({ name, title, ...verdict, milliseconds: Math.round(performance.now() - start) })
  }
  return results
}

/** What this needs of `test` of vitest or of node:test. */
export type TestFunction = (name: string, run: (t: { skip: (reason?: string) => void }) => Promise<void>) => unknown

/** Makes one test of each case with the runner's own `test`. A case that is not run is skipped with its reason. */
export function registerCases(test: TestFunction, subject: Subject, options: RunOptions = {}): void {
  for (const item of options.cases ?? CASES) {
    const { name, title } = item
    test(`${subject.name} ${title} (${name})`, async (t) => {
      const answer = await item.run(subject, contextOf(options))
      if (answer !== undefined) t.skip(answer.notRun)
    })
  }
}

function contextOf({ patienceMs = PATIENCE_MS, world }: RunOptions): CaseContext {
  return { patienceMs, world }
}

/** A provider's own error is told by its code: the message of a provider under test is not to be trusted. */
function reasonOf(error: unknown): string {
  if (!isStacksealError(error)) return 'it failed with an error that is not a StacksealError'
  return error.code === 'ERR_CHECK_FAILED' ? error.message : `it failed with ${error.code}`
}
