import { parseArgs } from 'node:util'
import { Flags } from './command.ts'
import type { Command, Flag } from './command.ts'
import { suggestion } from './suggestion.ts'
import { unchanged } from './unchanged.ts'
import { usageError } from './usage-error.ts'

/** What a command line asks for. */
export interface CommandLine {
  /** The deepest command or group that its words name; undefined for the program itself. */
  readonly command: Command | undefined
  readonly wants: 'run' | 'help' | 'version'
  /** The topic of which help is wanted. */
  readonly topic: string | undefined
  readonly arguments: readonly string[]
  readonly flags: Flags
}

interface Tokens {
  readonly positionals: readonly string[]
  readonly flags: readonly {
    readonly name: string
    readonly spelling: string
    readonly value: string | undefined
    readonly inline: boolean
  }[]
}

/** The flags that a command takes: its own, and the global ones of which it has none by the same name. */
export function flagsOf(command: Command | undefined, globalFlags: readonly Flag[]): readonly Flag[] {
  const own = command?.flags ?? []
  return [...globalFlags.filter(({ name }) => !own.some((flag) => flag.name === name)), ...own]
}

/** Children of a command or group; of the program itself for undefined. */
export function childrenOf(command: Command | undefined, commands: readonly Command[]): readonly Command[] {
  const words = command?.words ?? []
  return commands.filter(
    (child) => child.words.length === words.length + 1 && words.every((word, index) => child.words[index] === word),
  )
}

/** The child that a word names. */
function findChild(word: string, command: Command | undefined, commands: readonly Command[]): Command | undefined {
  return childrenOf(command, commands).find((child) => child.words.at(-1) === word || child.aliases?.includes(word))
}

interface Found {
  readonly command: Command | undefined
  readonly tokens: Tokens
  /** How many of the positional words name the command. */
  readonly depth: number
  readonly helpAsked: boolean
}

/** The command that a command line means, whatever else is wrong with the line. */
export function findCommand(
  argv: readonly string[],
  commands: readonly Command[],
  globalFlags: readonly Flag[],
): Found {
  let command: Command | undefined
  let tokens = tokenize(argv, globalFlags)
  let depth = 0
  const helpAsked = tokens.positionals[0] === 'help'
  if (helpAsked) depth = 1
  // One word at a time: each command's flags decide which of the words that follow are values.
  for (;;) {
    const word = tokens.positionals[depth]
    if (word === undefined) break
    const child = findChild(word, command, commands)
    if (child === undefined) break
    command = child
    depth += 1
    tokens = tokenize(argv, flagsOf(command, globalFlags))
  }
  return { command, tokens, depth, helpAsked }
}

/**
 * Reads a command line by the habits of the reference's command line (cobra): global flags stand anywhere, a command's
 * flags anywhere after it, `--` ends flags. Other than there, a number such as `-5` is an argument and not a flag.
 * @throws ERR_USAGE
 */
export function parseCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
  globalFlags: readonly Flag[],
  topics: readonly string[] = [],
): CommandLine {
  const { command, tokens, depth, helpAsked } = findCommand(argv, commands, globalFlags)
  const rest = tokens.positionals.slice(depth)
  const known = flagsOf(command, globalFlags)
  const isSet = (name: string): boolean => tokens.flags.some((flag) => flag.name === name && flag.value !== 'false')
  const [word] = rest
  const topic = helpAsked && command === undefined ? topics.find((name) => name === word) : undefined
  const line = (wants: CommandLine['wants'], flags: Flags): CommandLine => ({
    command,
    wants,
    topic,
    arguments: rest,
    flags,
  })

  const takesWords = command?.load !== undefined && !helpAsked && !isGroupOnly(command, commands)
  if (word !== undefined && !takesWords && topic === undefined) {
    // A mistyped flag makes its value look like the command: then the flag is what is wrong.
    const mistyped = tokens.flags.find(({ name }) => command === undefined && !known.some((flag) => flag.name === name))
    throw mistyped === undefined
      ? unknownCommand(word, command, commands, helpAsked ? topics : [])
      : unknownFlag(mistyped.spelling, known, command)
  }
  // Who asks for help gets it, whatever else is wrong with the line.
  const unchecked = new Flags(new Map(tokens.flags.map(({ name, value }) => [name, [value ?? 'true']])))
  if (helpAsked || isSet('help')) return line('help', unchecked)
  if (isSet('version')) return line('version', unchecked)
  try {
    const flags = checkFlags(tokens.flags, known, command)
    if (command?.load === undefined) return line('help', flags)
    checkCount(rest, command)
    return line('run', flags)
  } catch (error) {
    throw unchanged(error, command)
  }
}

// A leading NUL can't come from outside (an argument ends there), so it marks numbers while they pass parseArgs.
const MARK = '\0'

function tokenize(argv: readonly string[], flags: readonly Flag[]): Tokens {
  const options = Object.fromEntries(
    flags.map((flag) => [
      flag.name,
      {
        type: flag.value === undefined ? ('boolean' as const) : ('string' as const),
        ...(flag.short === undefined ? {} : { short: flag.short }),
      },
    ]),
  )
  const marked = argv.map((argument) => (/^-\.?\d/.test(argument) ? MARK + argument : argument))
  const { tokens } = parseArgs({ args: marked, options, strict: false, allowPositionals: true, tokens: true })
  return {
    positionals: tokens.filter((token) => token.kind === 'positional').map((token) => unmark(token.value)),
    flags: tokens
      .filter((token) => token.kind === 'option')
      .map((token) => ({
        name: token.name,
        spelling: token.rawName,
        value: token.value === undefined ? undefined : unmark(token.value),
        inline: token.inlineValue ?? false,
      })),
  }
}

function unmark(text: string): string {
  return text.startsWith(MARK) ? text.slice(MARK.length) : text
}

function checkFlags(given: Tokens['flags'], known: readonly Flag[], command: Command | undefined): Flags {
  const values = new Map<string, string[]>()
  for (const { name, spelling, value, inline } of given) {
    const flag = known.find((candidate) => candidate.name === name)
    if (flag === undefined) throw unknownFlag(spelling, known, command)
    if (flag.value === undefined) {
      // The value is not repeated: somebody may have meant it to be the secret.
      if (inline && value !== 'true' && value !== 'false')
        throw usageError(`--${name} takes no value`, helpHint(command))
      values.set(name, [value ?? 'true'])
      continue
    }
    if (value === undefined) throw usageError(`--${name} needs a value: --${name} <${flag.value}>`, helpHint(command))
    if (flag.choices !== undefined && !flag.choices.includes(value)) {
      throw usageError(`--${name} is one of ${flag.choices.join(', ')}`, helpHint(command))
    }
    values.set(name, flag.repeats === true ? [...(values.get(name) ?? []), value] : [value])
  }
  return new Flags(values)
}

function checkCount(given: readonly string[], command: Command): void {
  const expected = command.arguments ?? []
  const missing = expected.filter((argument, index) => argument.required === true && index >= given.length)
  const name = command.words.join(' ')
  if (missing.length > 0) {
    throw usageError(
      `${name} needs ${missing.map((argument) => `<${argument.name}>`).join(' ')}`,
      `usage: ${usageLine(command)}`,
    )
  }
  const takesRest = expected.some((argument) => argument.rest === true)
  if (!takesRest && given.length > expected.length) {
    const most = ['no arguments', '1 argument'][expected.length] ?? `${expected.length} arguments`
    const quote = expected.length > 1 ? '; quote a value that holds spaces' : ''
    throw usageError(`${name} takes ${most}, ${given.length} were given`, `usage: ${usageLine(command)}${quote}`)
  }
}

/** How a command is called, in one line. */
export function usageLine(command: Command): string {
  const parts = (command.arguments ?? []).map((argument) => {
    const name = argument.rest === true ? `${argument.name}...` : argument.name
    return argument.required === true ? `<${name}>` : `[${name}]`
  })
  return ['stackseal', ...command.words, ...parts, '[flags]'].join(' ')
}

/** Whether the words after a command can only be further commands. */
function isGroupOnly(command: Command, commands: readonly Command[]): boolean {
  return (command.arguments ?? []).length === 0 && childrenOf(command, commands).length > 0
}

function unknownCommand(
  word: string,
  command: Command | undefined,
  commands: readonly Command[],
  topics: readonly string[],
): Error {
  const names = childrenOf(command, commands)
    .filter(({ hidden }) => hidden !== true)
    .flatMap((child) => [child.words.at(-1) ?? '', ...(child.aliases ?? [])])
  const meant = suggestion(word, [...names, ...topics])
  const before = command === undefined ? '' : `${command.words.join(' ')} `
  return usageError(
    `there is no command ${before}${word}`,
    meant === undefined ? helpHint(command) : `did you mean ${before}${meant}?`,
  )
}

function unknownFlag(spelling: string, known: readonly Flag[], command: Command | undefined): Error {
  const where = command === undefined ? 'stackseal' : command.words.join(' ')
  // A value that begins with a dash lands here; what can't be a flag's name is not repeated.
  if (!/^--?[a-zA-Z][a-zA-Z-]*$/.test(spelling)) {
    return usageError(
      `${where} was given an argument that begins with a dash and is no flag`,
      'put -- before a value that begins with a dash',
    )
  }
  const meant = spelling.startsWith('--')
    ? suggestion(
        spelling.slice(2),
        known.map((flag) => flag.name),
      )
    : undefined
  return usageError(
    `${where} has no flag ${spelling}`,
    meant === undefined ? helpHint(command) : `did you mean --${meant}?`,
  )
}

function helpHint(command: Command | undefined): string {
  return `see ${['stackseal', ...(command?.words ?? []), '--help'].join(' ')}`
}
