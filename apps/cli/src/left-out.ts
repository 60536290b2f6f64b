import { StacksealError } from '@stackseal/core'
import { findCommand, flagsOf } from './arguments.ts'
import type { Command, Flag } from './command.ts'

/** A use that Pulumi has and Stackseal leaves out. */
interface LeftOut {
  /** `config refresh`; for a flag the command that it belongs to, nothing for the global ones. */
  readonly words: string
  /** Other spellings of the last word. */
  readonly aliases?: readonly string[]
  /** Why, or what stands in its place; and the way to go. */
  readonly answer: string
}

const DEPLOYS = 'Stackseal deploys nothing'
const RUNS = 'Stackseal runs no program and no plugin'
const CLOUD = 'Stackseal has no account at Pulumi Cloud'
const ENVIRONMENTS = 'environments are a service of Pulumi Cloud'
const RESOURCES = 'Stackseal changes no resources in a state'
const LOGGING = 'use --debug, which never tells a value'
const QUESTIONS = 'nothing is asked that could be answered with yes'

/** Commands, most of which are Pulumi's to run. */
export const LEFT_OUT_COMMANDS: readonly LeftOut[] = [
  ...['up', 'preview', 'refresh', 'destroy', 'import', 'cancel', 'watch', 'logs'].map((words) => ({
    words,
    aliases: { up: ['update'], preview: ['pre'], destroy: ['down', 'dn'] }[words] ?? [],
    answer: `${DEPLOYS}; use "pulumi ${words}"`,
  })),
  ...['install', 'plugin', 'package', 'schema', 'convert', 'template', 'policy', 'do'].map((words) => ({
    words,
    answer: `${RUNS}; use "pulumi ${words}"`,
  })),
  ...['login', 'logout'].map((words) => ({
    words,
    answer: `Stackseal logs in nowhere: key services take their credentials from the environment; use "pulumi ${words}" for a backend`,
  })),
  ...['whoami', 'org', 'project', 'deployment', 'api', 'insights', 'console', 'neo'].map((words) => ({
    words,
    answer: `${CLOUD}; use "pulumi ${words}"`,
  })),
  { words: 'env', aliases: ['esc'], answer: `${ENVIRONMENTS}; use "pulumi env"` },
  { words: 'config env', answer: `${ENVIRONMENTS}; use "pulumi config env"` },
  {
    words: 'config refresh',
    answer:
      'a stack file is never replaced by what the last update used, whose key may be another one; use your version control, or "pulumi config refresh"',
  },
  { words: 'version', answer: 'use "stackseal --version"' },
  { words: 'about', answer: 'use "stackseal doctor"' },
  { words: 'gen-completion', answer: 'use "stackseal completion SHELL"' },
  { words: 'stack graph', answer: `${RUNS}; use "pulumi stack graph"` },
  { words: 'stack get', answer: `${CLOUD}; use "stackseal inspect", or "pulumi stack get"` },
  {
    words: 'stack history',
    aliases: ['hist'],
    answer: `${DEPLOYS}, so it has no history; use "pulumi stack history", or the log of your version control`,
  },
  {
    words: 'stack remove',
    aliases: ['rm', 'delete'],
    answer: `${DEPLOYS}, so it does not know what a stack still runs; use "pulumi stack rm"`,
  },
  { words: 'stack rename', answer: `${RESOURCES}; use "pulumi stack rename"` },
  { words: 'stack migrate', answer: 'use "pulumi stack migrate", then "stackseal verify"' },
  { words: 'stack unselect', answer: 'use "stackseal stack select NAME", or "pulumi stack unselect"' },
  ...['tag', 'drift', 'schedule', 'webhook'].map((word) => ({
    words: `stack ${word}`,
    answer: `${CLOUD}; use "pulumi stack ${word}"`,
  })),
  ...['get', 'move', 'protect', 'unprotect', 'remove', 'rename', 'repair', 'taint', 'untaint', 'upgrade'].map(
    (word) => ({ words: `state ${word}`, answer: `${RESOURCES}; use "pulumi state ${word}"` }),
  ),
]

/** Flags of commands that are here. The last word is the flag's name. */
export const LEFT_OUT_FLAGS: readonly LeftOut[] = [
  { words: 'config open', answer: `${ENVIRONMENTS}, and are not opened; use "pulumi config --open"` },
  { words: 'stack init teams', answer: `${CLOUD}; use "pulumi stack init --teams"` },
  { words: 'stack select create', aliases: ['c'], answer: 'use "stackseal stack init NAME", which selects it too' },
  { words: 'stack select secrets-provider', answer: 'use "stackseal stack init NAME --secrets-provider URL"' },
  {
    words: 'stack ls all',
    aliases: ['a'],
    answer: 'the stacks are those of this project; go to another one with -C, or use "pulumi stack ls --all"',
  },
  ...['organization', 'project', 'tag'].map((name) => ({
    words: `stack ls ${name}`,
    aliases: [name.charAt(0)],
    answer: `${CLOUD}; use "pulumi stack ls --${name}"`,
  })),
  { words: 'stack ls output', answer: 'use --json' },
  ...['force', 'generate-only', 'list-templates', 'offline', 'runtime-options', 'config-path'].map((name) => ({
    words: `new ${name}`,
    aliases: { force: ['f'], 'generate-only': ['g'], 'list-templates': ['l'], offline: ['o'] }[name] ?? [],
    answer: `templates are not offered; use "pulumi new", then "stackseal stack init NAME"`,
  })),
  { words: 'yes', aliases: ['y'], answer: `${QUESTIONS}; leave it out` },
  { words: 'emoji', aliases: ['e'], answer: 'leave it out' },
  { words: 'fully-qualify-stack-names', aliases: ['Q'], answer: 'stacks are named by their bare names; leave it out' },
  { words: 'verbose', aliases: ['v'], answer: LOGGING },
  ...['logtostderr', 'logflow', 'tracing', 'profiling', 'memprofilerate', 'otel-traces'].map((words) => ({
    words,
    answer: LOGGING,
  })),
  { words: 'disable-integrity-checking', answer: 'what does not hold is never passed over; leave it out' },
]

/** The error for a command line that asks for something left out on purpose; undefined where it does not. */
export function leftOut(
  argv: readonly string[],
  commands: readonly Command[],
  globalFlags: readonly Flag[],
): StacksealError | undefined {
  const { command, tokens, depth } = findCommand(argv, commands, globalFlags)
  const words = command?.words ?? []
  // The words that name no command come first: a flag beside them belongs to what is not here.
  const asked = [...words, ...tokens.positionals.slice(depth)].slice(0, 2)
  for (const length of [2, 1]) {
    const row =
      asked.length >= length && length > words.length ? find(LEFT_OUT_COMMANDS, asked.slice(0, length)) : undefined
    if (row !== undefined) return refusal(`there is no ${row.words} here: ${row.answer}`)
  }
  const known = flagsOf(command, globalFlags)
  for (const { name, spelling } of tokens.flags) {
    if (known.some((flag) => flag.name === name)) continue
    const row = find(LEFT_OUT_FLAGS, [...words, name]) ?? find(LEFT_OUT_FLAGS, [name])
    if (row !== undefined) return refusal(`there is no ${spelling} here: ${row.answer}`)
  }
  return undefined
}

function find(rows: readonly LeftOut[], asked: readonly string[]): LeftOut | undefined {
  const before = asked.slice(0, -1).join(' ')
  const last = asked.at(-1) ?? ''
  return rows.find(({ words, aliases = [] }) => {
    const own = words.split(' ')
    return own.slice(0, -1).join(' ') === before && [own.at(-1), ...aliases].includes(last)
  })
}

function refusal(message: string): StacksealError {
  return new StacksealError('ERR_USAGE', message)
}
