import { join } from 'node:path'
import { mergeConfig } from 'vitest/config'

import base from '../../vitest.config.ts'

// Servers are started by the tests; tools/services/run.ts installs them first.
export default mergeConfig(base, {
  root: import.meta.dirname,
  test: {
    include: ['**/*.test.ts'],
    fileParallelism: false,
    reporters: ['default', 'json'],
    outputFile: { json: join(import.meta.dirname, '../../.reports/services.json') },
  },
})
