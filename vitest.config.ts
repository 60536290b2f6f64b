import { defineConfig } from 'vitest/config'

const source = (name: string): string => new URL(`./packages/${name}/src/index.ts`, import.meta.url).pathname

// Unit tests run the sources; tests of the built packages live in tests/ and apps/cli.
export default defineConfig({
  resolve: {
    alias: {
      '@stackseal/core': source('core'),
      '@stackseal/provider-passphrase': source('provider-passphrase'),
      '@stackseal/provider-testkit': source('provider-testkit'),
      '@stackseal/provider-vault': source('provider-vault'),
      '@stackseal/stack': source('stack'),
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
