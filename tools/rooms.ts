/** Who may import whom: the table in CONTRIBUTING.md as data. tools/check-imports.ts holds every source file to it. */
export interface Room {
  /** A folder, or a pattern of folders: `packages/provider-*`. The first row that fits is the one that counts. */
  readonly folder: string
  /** Packages of this workspace; `lazily`: by `import()` alone, so that nothing is loaded before it is needed. */
  readonly workspace: readonly string[]
  readonly lazily?: readonly string[]
  /** Packages from elsewhere, or a word for a group of them. */
  readonly packages: readonly string[] | 'own SDK by import()' | 'no vendor SDK' | 'any'
  /** Node's modules; `once`: in one file alone, so that another runtime (or an audit) has one file to change (or to read). */
  readonly builtins: readonly string[] | 'all'
  readonly once?: readonly string[]
  /** Whether `process` may be touched; a list: what may be imported by name from `node:process`, in one file. */
  readonly process: boolean | readonly string[]
}

const CORE = '@stackseal/core'
const TESTKIT = '@stackseal/provider-testkit'

export const ROOMS: readonly Room[] = [
  { folder: 'packages/core', workspace: [], packages: [], builtins: ['crypto'], once: ['crypto'], process: false },
  {
    folder: 'packages/provider-passphrase',
    workspace: [CORE],
    packages: [],
    builtins: ['crypto', 'fs'],
    once: ['crypto'],
    process: false,
  },
  {
    // Of Node only what src/node needs to look at a module in a process of its own; the cases themselves use nothing.
    folder: 'packages/provider-testkit',
    workspace: [CORE],
    packages: [],
    builtins: ['async_hooks', 'child_process', 'http', 'module', 'url'],
    process: true,
  },
  {
    // node-vault's own way to the network follows redirects and reads the process, so it is given another.
    folder: 'packages/provider-vault',
    workspace: [CORE],
    packages: 'own SDK by import()',
    builtins: ['fs', 'http', 'https'],
    process: false,
  },
  {
    // An agent that takes its proxies from the context, and what a request does, kept apart by operation.
    folder: 'packages/provider-azurekv',
    workspace: [CORE],
    packages: 'own SDK by import()',
    builtins: ['async_hooks', 'fs', 'https'],
    process: false,
  },
  {
    // Whether this Node goes through proxies is asked of its http module.
    folder: 'packages/provider-awskms',
    workspace: [CORE],
    packages: 'own SDK by import()',
    builtins: ['fs', 'http'],
    process: false,
  },
  {
    folder: 'packages/provider-*',
    workspace: [CORE],
    packages: 'own SDK by import()',
    builtins: ['fs'],
    process: false,
  },
  {
    folder: 'packages/stack',
    workspace: [CORE],
    packages: ['yaml'],
    builtins: 'all',
    once: ['crypto', 'process'],
    // A lock names the process that holds it, and asks whether that one still lives. Never env, cwd or a stream.
    process: ['kill', 'pid'],
  },
  {
    folder: 'apps/cli',
    workspace: [CORE, '@stackseal/stack'],
    lazily: ['@stackseal/provider-*'],
    packages: 'no vendor SDK',
    builtins: 'all',
    process: true,
  },
  {
    folder: 'examples/http-service',
    workspace: [CORE, '@stackseal/provider-passphrase', '@stackseal/stack'],
    packages: [],
    builtins: 'all',
    process: true,
  },
  { folder: 'examples/*', workspace: [CORE, TESTKIT], packages: 'any', builtins: 'all', process: true },
]

// What a key service's SDK is called. A dependency of a provider package counts as one too.
export const VENDOR_SDKS: readonly string[] = ['@aws-sdk/*', '@smithy/*', '@azure/*', '@google-cloud/*', 'node-vault']

/** Whether a name fits a pattern in which `*` stands for anything but a slash. */
export function fits(pattern: string, name: string): boolean {
  const source = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '[^/]*')
  return new RegExp(`^${source}$`).test(name)
}
