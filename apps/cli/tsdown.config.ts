import { basename, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'tsdown'
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
  deps: { alwaysBundle: [/^yaml($|\/)/, /^@stackseal\//], onlyBundle: ['yaml'] },
  plugins: [thirdPartyNotices()],
  outputOptions: {
    chunkFileNames: (chunk) => `${chunkName(chunk.name, chunk.facadeModuleId)}.mjs`,
  },
})

/** Commands keep their file's name behind `command-`, since `config.mjs` alone says too little. */
function chunkName(name: string, module: string | undefined | null): string {
  if (module === undefined || module === null) return name
  return /[\\/]commands[\\/]/.test(module) ? `command-${basename(module, extname(module))}` : name
}
