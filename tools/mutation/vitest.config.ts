import { basename, join } from 'node:path'
import { type ViteUserConfig, mergeConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import base from '../../vitest.config.ts'

const here = import.meta.dirname
const name = basename(process.cwd())
const { reporters: _, outputFile: __, include: ___, ...test } = base.test ?? {}
const quiet: ViteUserConfig = { ...base, test: { ...test, reporters: [] } }

/** The tests that concern documents. Those of locks, crashes, processes and states would run for nothing. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  stack: [
    'config-map',
    'config-reader',
    'document-edit',
    'find-document',
    'finders.property',
    'json-edit',
    'json-finder',
    'json-stack-file',
    'line-scanner',
    'reference-edits',
    'replace-scalars',
    'stack-file',
    'stack-file-edits',
    'yaml-emit',
    'yaml-parser',
    'yaml-scalar',
  ].map((file) => `test/${file}.test.ts`),
}

/** Files that found the mutant before first, as Vitest has it, then the quick ones, where Vitest begins with the slow ones. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- a sequencer's own method, which gives a list of its own
    const sorted = await super.sort(files)
    const failed = (file: TestSpecification): boolean => this.#known(file)?.failed === true
    const duration = (file: TestSpecification): number => this.#known(file)?.duration ?? 0
    return sorted.toSorted((a, b) => Number(failed(b)) - Number(failed(a)) || duration(a) - duration(b))
  }

  #known(file: TestSpecification): { failed: boolean; duration: number } | undefined {
    return this.ctx.cache.getFileTestResults(
      `${file.project.name}:${file.moduleId.slice(this.ctx.config.root.length + 1)}`,
    )
  }
}

export default mergeConfig(quiet, {
  test: {
    include: [...(TESTS[name] ?? ['**/*.test.ts'])],
    runner: join(here, 'test-runner.ts'),
    setupFiles: name === 'provider-passphrase' ? [join(here, 'kept-derivations.ts')] : [],
    sequence: { sequencer: QuickFirst },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    bail: 1,
    // A mutant that random cases find is found in few of them.
    env: { FINDERS_RUNS: '80', EDIT_RUNS: '60' },
  },
})
