import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { StacksealError } from '@stackseal/core'
import type { Flag, Flags, GlobalOptions } from './command.ts'
import { usageError } from './usage-error.ts'

const LOCK_TIMEOUT_SECONDS = 10

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
    lockTimeoutMs: seconds(flags.text('lock-timeout') ?? String(LOCK_TIMEOUT_SECONDS)) * 1000,
    followLinks: flags.on('follow-links'),
  }
}

function seconds(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) <= 86_400) return Number(text)
  throw usageError(
    '--lock-timeout is not a number of seconds',
    'give a number from 0 to 86400, such as --lock-timeout 30',
  )
}
