import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { StacksealError } from '@stackseal/core'
import type { Flag, Flags, GlobalOptions, NamedModule } from './command.ts'
import { usageError } from './usage-error.ts'

const LOCK_TIMEOUT_SECONDS = 10
const TIMEOUT_SECONDS = 30

export const GLOBAL_FLAGS: readonly Flag[] = [
  { name: 'cwd', short: 'C', value: 'DIR', summary: 'Run as if started in this folder' },
  {
    name: 'stack',
    short: 's',
    value: 'NAME',
    summary: 'The stack to work on; else PULUMI_STACK, else the selected one',
  },
  { name: 'config-file', value: 'FILE', summary: "Use this file instead of the stack's own Pulumi.<stack>.yaml" },
  { name: 'json', short: 'j', summary: 'Print the answer as JSON, and an error as one line of JSON' },
  { name: 'non-interactive', summary: 'Never ask anything' },
  {
    name: 'color',
    value: 'WHEN',
    choices: ['auto', 'always', 'never'],
    summary: 'Use colors: auto, always or never; auto also minds NO_COLOR',
  },
  { name: 'quiet', short: 'q', summary: 'Print answers, warnings and errors, nothing else' },
  { name: 'debug', summary: 'Tell on standard error what is done; never a value' },
  {
    name: 'lock-timeout',
    value: 'SECONDS',
    summary: `How long to wait for another process that changes the stack (${LOCK_TIMEOUT_SECONDS})`,
  },
  {
    name: 'timeout',
    value: 'SECONDS',
    summary: `How long a key service may take to answer, all tries together (${TIMEOUT_SECONDS})`,
  },
  {
    name: 'provider',
    value: 'MODULE',
    summary: 'Also use the providers of this module, a package or a path; may be repeated; also STACKSEAL_PROVIDERS',
    repeats: true,
  },
  {
    name: 'any-key',
    summary: 'Open the data key also where another key sealed it than the one its URL names now',
  },
  { name: 'follow-links', summary: 'Follow a stack file that is a link out of the project' },
  { name: 'version', summary: 'Print the version' },
  { name: 'help', short: 'h', summary: 'Print this help' },
]

/**
 * The global flags as options, with what the environment says where a flag is absent.
 * @throws ERR_USAGE, ERR_FILE_NOT_FOUND
 */
export function globalOptions(flags: Flags, env: Readonly<Record<string, string | undefined>>): GlobalOptions {
  const cwd = resolve(flags.text('cwd') ?? '.')
  if (flags.text('cwd') !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new StacksealError('ERR_FILE_NOT_FOUND', `the folder ${cwd} that --cwd names is not there`)
  }
  const configFile = flags.text('config-file')
  return {
    cwd,
    stack: flags.text('stack') || env['PULUMI_STACK'] || undefined,
    configFile: configFile === undefined ? undefined : resolve(cwd, configFile),
    json: flags.on('json'),
    lockTimeoutMs: milliseconds(flags, 'lock-timeout', LOCK_TIMEOUT_SECONDS),
    followLinks: flags.on('follow-links'),
    timeoutMs: milliseconds(flags, 'timeout', TIMEOUT_SECONDS),
    providers: namedModules(flags, env),
  }
}

function milliseconds(flags: Flags, name: string, otherwise: number): number {
  const text = flags.text(name) ?? String(otherwise)
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) <= 86_400) return Number(text) * 1000
  throw usageError(`--${name} is not a number of seconds`, `give a number from 0 to 86400, such as --${name} 30`)
}

function namedModules(flags: Flags, env: Readonly<Record<string, string | undefined>>): readonly NamedModule[] {
  const listed = (env['STACKSEAL_PROVIDERS'] ?? '').split(',').map((module) => module.trim())
  const all: readonly NamedModule[] = [
    ...flags.texts('provider').map((module) => ({ module, from: '--provider' }) as const),
    ...listed.map((module) => ({ module, from: 'STACKSEAL_PROVIDERS' }) as const),
  ]
  return all.filter(({ module }, index) => module !== '' && all.findIndex((other) => other.module === module) === index)
}

/** The environment as the command sees it: what a flag says counts as if it stood there. */
export function commandEnv(
  flags: Flags,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return flags.on('any-key') ? { ...env, STACKSEAL_ANY_KEY: '1' } : env
}
