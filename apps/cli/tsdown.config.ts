import { fileURLToPath } from 'node:url'
import { defineConfig } from 'tsdown'
import { builtinImports } from './builtin-imports.ts'
import { thirdPartyNotices } from './third-party-notices.ts'

const source = (name: string): string => fileURLToPath(new URL(`../../packages/${name}/src/index.ts`, import.meta.url))

// One package without runtime dependencies: an entry that loads next to nothing, a chunk for each command, and chunks
// for what only some commands need. Names are stable and can be read in a stack trace.
export default defineConfig({
  entry: { stackseal: 'src/stackseal.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node22.15',
  dts: false,
  sourcemap: false,
  hash: false,
  tsconfig: '../../tsconfig.json',
  // The sources, not the built libraries: unused parts fall away, and chunks follow the files.
  alias: {
    '@stackseal/core': source('core'),
    '@stackseal/provider-passphrase': source('provider-passphrase'),
    '@stackseal/stack': source('stack'),
  },
  deps: { alwaysBundle: [/^yaml($|\/)/, /^@stackseal\//], onlyBundle: ['yaml', 'zxcvbn'] },
  plugins: [builtinImports(), thirdPartyNotices()],
  outputOptions: {
    codeSplitting: {
      groups: [
        // What help and errors need of core stays apart: the rest of it loads node:crypto.
        { name: 'errors', test: /[\\/]packages[\\/]core[\\/]src[\\/]errors\.ts$/, priority: 5 },
        { name: 'core', test: /[\\/]packages[\\/]core[\\/]src[\\/]/, priority: 4 },
        { name: 'stack', test: /[\\/]packages[\\/]stack[\\/]src[\\/]/, priority: 3 },
        { name: 'help-topics', test: /[\\/]src[\\/]topics[\\/]/ },
        // Small things that several chunks share would become a file each.
        { name: 'usage', test: /[\\/]src[\\/](usage-error|exit-number)\.ts$/ },
        {
          name: 'stack-options',
          test: /[\\/]src[\\/](change-stack|given-value|marked-values|save-config|providers|stack-[a-z]+)\.ts$/,
        },
      ],
    },
    chunkFileNames: (chunk) => `${chunkName(chunk.name, chunk.facadeModuleId)}.mjs`,
  },
})

/** What is loaded on demand is called after its command or package, and not after its file (`config`, `index`). */
function chunkName(name: string, module: string | undefined | null): string {
  const [, command] = /[\\/]commands[\\/](.*)\.ts$/.exec(module ?? '') ?? []
  if (command !== undefined) return `command-${command}`
  const [, library] =
    /[\\/](?:packages|node_modules)[\\/]([^\\/]+)[\\/](?:src|dist)[\\/]index\./.exec(module ?? '') ?? []
  return library ?? name
}
