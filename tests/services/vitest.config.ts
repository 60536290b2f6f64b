import { join } from 'node:path'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

import base from '../../vitest.config.ts'

const { test, ...rest }: ViteUserConfig = base

// Servers are started by the tests; tools/services/run.ts installs them first.
export default defineConfig({
  ...rest,
  root: import.meta.dirname,
  test: {
    reporters: ['default', 'json'],
    ...test,
    setupFiles: [...[test?.setupFiles ?? []].flat(), join(import.meta.dirname, 'leaks/note-keys.mjs')],
    include: ['**/*.test.ts'],
    fileParallelism: false,
    outputFile: { json: join(import.meta.dirname, '../../.reports/services.json') },
  },
})
