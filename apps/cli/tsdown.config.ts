import { fileURLToPath } from 'node:url'
import { defineConfig } from 'tsdown'
import { builtinImports } from './builtin-imports.ts'
import { thirdPartyNotices } from './third-party-notices.ts'

const source = (name: string): string => fileURLToPath(new URL(`../../packages/${name}/src/index.ts`, import.meta.url))

// The modules that are loaded whatever the command is.
const MAIN =
  /[\\/]cli[\\/]src[\\/](arguments|ci|command|command-line|commands|error-code|exit-number|failure|global-flags|help|interruption|printable|suggestion|terminal|topic|unchanged|usage-error|version)\.ts$/

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
        // What every command line needs is one file, whatever else shares parts of it. Of core it holds the errors alone:
        // the rest loads node:crypto.
        { name: 'command-line', test: MAIN, priority: 6 },
        { name: 'core', test: /[\\/]packages[\\/]core[\\/]src[\\/]/, priority: 4 },
        { name: 'stack', test: /[\\/]packages[\\/]stack[\\/]src[\\/]/, priority: 3 },
        // Small things that several chunks share would become a file each.
        {
          name: 'stack-options',
          test: /[\\/]src[\\/](change-stack|copied-keys|given-value|marked-values|save-config|providers|stack-[a-z]+)\.ts$/,
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
  const [, room, file] = /[\\/]cli[\\/]src[\\/]([^\\/]+)[\\/](.*)\.ts$/.exec(module ?? '') ?? []
  if (room !== undefined) return `${room}-${file}`
  const [, library] =
    /[\\/](?:packages|node_modules)[\\/]([^\\/]+)[\\/](?:src|dist)[\\/]index\./.exec(module ?? '') ?? []
  return library ?? name
}
