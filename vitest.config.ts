import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { SkipReasons } from './tools/skip-reasons.ts'

const root = import.meta.dirname
const packages = readdirSync(join(root, 'packages'))
// Set by `npm run test:runtimes`: what packages take of each other is then what was built.
const entry = process.env['STACKSEAL_TEST_BUILT'] === '1' ? 'dist/index.mjs' : 'src/index.ts'

// Unit tests run the sources; only tests that start the command line as a process run what was built.
export default defineConfig({
  resolve: {
    alias: Object.fromEntries(packages.map((name) => [`@stackseal/${name}`, join(root, 'packages', name, entry)])),
  },
  cacheDir: join(root, 'node_modules/.vite'),
  test: {
    include: ['**/*.test.ts'],
    isolate: false,
    setupFiles: [join(root, 'tools/property-seed.ts')],
    // Tests that run side by side in one file are processes.
    maxConcurrency: availableParallelism(),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One report a runner, named after the folder it runs in: what `npm test` and .ci/run add up.
    reporters: ['default', 'json', new SkipReasons()],
    outputFile: { json: join(root, '.reports', `${basename(process.cwd())}.json`) },
  },
})
