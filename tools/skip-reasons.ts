import type { Reporter, TestCase } from 'vitest/node'

/** Says after a run which tests did not run, and why: vitest's own reporter drops the reason given to `skip()`. */
export class SkipReasons implements Reporter {
  readonly #lines: string[] = []

  onTestCaseResult(test: TestCase): void {
    const result = test.result()
    if (result.state === 'skipped') this.#lines.push(`not run: ${test.fullName}: ${result.note ?? 'no reason given'}`)
  }

  onTestRunEnd(): void {
    for (const line of this.#lines.splice(0)) console.log(line)
  }
}
