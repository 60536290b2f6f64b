// Mutation testing: each change to the code must make a test fail. In packages/core (or provider-passphrase, stack):
//   npx stryker run ../../tools/mutation/stryker.config.mjs
// It changes the sources in place, and puts them back: edit nothing meanwhile. A run after it looks only at what changed.
import { basename, join } from 'node:path'
import { cwd } from 'node:process'

const MUTATED = {
  // What is written as a file of a document, of the code that decides about bytes.
  stack: ['src/document/*.ts'],
}

const name = basename(cwd())

export default {
  mutate: MUTATED[name] ?? ['src/*.ts', '!src/index.ts'],
  testRunner: 'vitest',
  vitest: { configFile: '../../tools/mutation/vitest.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner', join(import.meta.dirname, 'error-words.mjs')],
  ignorers: ['error-words'],
  coverageAnalysis: 'perTest',
  // The compiler has no interface that Stryker's reading of tsconfig could use, and no sandbox sees ../../tsconfig.base.json.
  tsconfigFile: 'none.json',
  inPlace: true,
  ignoreStatic: true,
  disableTypeChecks: false,
  concurrency: 2,
  timeoutMS: 4000,
  timeoutFactor: 1.25,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { logTests: false, reportTests: false },
  jsonReporter: { fileName: `../../.reports/mutation-${name}.json` },
  incremental: true,
  incrementalFile: `../../.reports/mutation-${name}-incremental.json`,
  allowEmpty: false,
}
