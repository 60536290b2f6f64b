import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Outcome {
  readonly name: string
  readonly problem: string | undefined
}

/** Checks that are no vitest tests, reported in vitest's shape, so that .ci/run adds all of them up in one way. */
export class Checks {
  readonly #outcomes: Outcome[] = []

  /** Notes and prints the outcome of one check: `problem` is undefined where all is well. */
  add(name: string, problem: string | undefined): void {
    this.#outcomes.push({ name, problem })
    console.log(
      problem === undefined ? `ok      ${name}` : `FAILED  ${name}\n${problem.trimEnd().replaceAll(/^/gm, '        ')}`,
    )
  }

  /** Writes `.reports/<name>.json` under `root`, and sets this process's exit code. */
  finish(root: string, name: string): void {
    const failed = this.#outcomes.filter(({ problem }) => problem !== undefined).length
    const assertionResults = this.#outcomes.map((outcome) => ({
      fullName: outcome.name,
      status: outcome.problem === undefined ? 'passed' : 'failed',
    }))
    mkdirSync(join(root, '.reports'), { recursive: true })
    const report = {
      numPassedTests: this.#outcomes.length - failed,
      numFailedTests: failed,
      testResults: [{ assertionResults }],
    }
    writeFileSync(join(root, '.reports', `${name}.json`), JSON.stringify(report))
    console.log(`${name}: ${this.#outcomes.length - failed} ok, ${failed} failed`)
    process.exitCode = failed === 0 ? 0 : 1
  }
}
