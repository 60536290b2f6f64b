import { fileURLToPath } from 'node:url'
import { defineConfig } from 'tsdown'
import { builtinImports } from './builtin-imports.ts'
import { thirdPartyNotices } from './third-party-notices.ts'

const source = (name: string): string => fileURLToPath(new URL(`../../packages/${name}/src/index.ts`, import.meta.url))

// The modules that are loaded whatever the command is.
const MAIN =
  /[\\/]cli[\\/]src[\\/](arguments|ci|command|command-line|commands|error-code|exit-number|failure|global-flags|help|interruption|printable|suggestion|terminal|topic|unchanged|usage-error|version)\.ts$/

// What only commands about states and backends need, of the library of stacks: commands about the configuration load none
// of it. (Which backend there is, is a question of every stack that nobody names.)
const BACKEND = String.raw`backend[\\/](?!find-backend|backend-url|pulumi-home)|stack-(?:init|listing|rewrap|state)\.ts|change[\\/](?!change-journal|pending-change)`
// How a provider block is written is a question of every new stack.
const STATE = String.raw`state[\\/](?!provider-block)`
// It loads node:zlib.
const COMPRESSION = String.raw`files[\\/]compression\.ts`
const STACK = String.raw`[\\/]packages[\\/]stack[\\/]src[\\/]`

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
    '@aws-sdk/credential-provider-node': fileURLToPath(new URL('no-default-credentials.ts', import.meta.url)),
    '@stackseal/core': source('core'),
    '@stackseal/provider-awskms': source('provider-awskms'),
    '@stackseal/provider-azurekv': source('provider-azurekv'),
    '@stackseal/provider-gcpkms': source('provider-gcpkms'),
    '@stackseal/provider-passphrase': source('provider-passphrase'),
    '@stackseal/provider-vault': source('provider-vault'),
    '@stackseal/stack': source('stack'),
  },
  // Everything, the vendors' SDKs with all that they need: which packages that are, the notices say.
  deps: { alwaysBundle: [/./], onlyBundle: false },
  // Some SDKs are CommonJS and look for files beside their own.
  define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
  // The SDK of AWS loads its ways to sign in only when asked for, in its ES modules alone: 10 ms of CPU a command.
  inputOptions: { resolve: { mainFields: ['module', 'main'] } },
  plugins: [builtinImports(), thirdPartyNotices()],
  outputOptions: {
    codeSplitting: {
      groups: [
        // What every command line needs is one file, whatever else shares parts of it. Of core it holds the errors alone:
        // the rest loads node:crypto.
        { name: 'command-line', test: MAIN, priority: 6 },
        { name: 'core', test: /[\\/]packages[\\/]core[\\/]src[\\/]/, priority: 5 },
        // A group takes what its modules import along, unless a group before it has that.
        { name: 'stack', test: new RegExp(`${STACK}(?!${STATE}|${BACKEND}|${COMPRESSION}|stack-proof)`), priority: 4 },
        { name: 'compression', test: new RegExp(STACK + COMPRESSION), priority: 3 },
        { name: 'state', test: new RegExp(STACK + STATE), priority: 2 },
        { name: 'backend', test: new RegExp(`${STACK}(?:${BACKEND})`), priority: 1 },
        // Small things that several chunks share would become a file each.
        { name: 'usage', test: /[\\/]src[\\/](usage-error|exit-number|error-code)\.ts$/ },
        {
          name: 'stack-options',
          test: /[\\/]cli[\\/]src[\\/](change-stack|describe-key|given-value|marked-values|missing-values|provider-calls|provider-registry|providers|save-config|stack-[a-z]+|table|text-width)\.ts$/,
        },
      ],
    },
    chunkFileNames: (chunk) => `${chunkName(chunk)}.mjs`,
  },
})

interface Chunk {
  readonly name: string
  readonly facadeModuleId?: string | null
  readonly moduleIds: readonly string[]
}

/** What is loaded on demand is called after its command or package, and not after its file (`config`, `index`). */
function chunkName({ name, facadeModuleId, moduleIds }: Chunk): string {
  const module = facadeModuleId ?? moduleIds.at(-1) ?? ''
  const [, command] = /[\\/]commands[\\/](.*)\.ts$/.exec(module) ?? []
  if (command !== undefined) return `command-${command}`
  const [, room, file] = /[\\/]cli[\\/]src[\\/]([^\\/]+)[\\/](.*)\.ts$/.exec(module) ?? []
  if (room !== undefined) return `${room}-${file}`
  const [, library] = /[\\/]packages[\\/]([^\\/]+)[\\/]src[\\/]index\./.exec(module) ?? []
  if (library !== undefined) return library
  const [, scope, dependency] = /.*[\\/]node_modules[\\/](?:@([^\\/]+)[\\/])?([^\\/]+)/.exec(module) ?? []
  if (dependency === undefined) return name
  return scope === undefined ? dependency : `${scope}-${dependency}`
}
