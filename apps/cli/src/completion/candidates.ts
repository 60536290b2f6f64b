import { childrenOf, findCommand, flagsOf } from '../arguments.ts'
import type { Command, Flag } from '../command.ts'
import { TOPICS } from '../topic.ts'

/** What can stand at the cursor. */
export interface Completion {
  readonly candidates: readonly Candidate[]
  /** Names of files or folders, which the shell itself completes. */
  readonly paths?: 'files' | 'folders'
}

export interface Candidate {
  readonly text: string
  readonly about?: string | undefined
}

/** Names that have to be looked up. */
export interface Names {
  readonly stacks: () => Promise<readonly string[]>
  readonly configKeys: () => Promise<readonly string[]>
}

type Kind = 'stack' | 'config-key' | 'files' | 'folders' | 'key-url' | 'shell'

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const

const KEY_URLS = ['passphrase', 'awskms://', 'azurekeyvault://', 'gcpkms://', 'hashivault://']
const KIND_OF_VALUE: Readonly<Record<string, Kind>> = { DIR: 'folders', FILE: 'files', URL: 'key-url', STACK: 'stack' }
const KIND_OF_ARGUMENT: Readonly<Record<string, Kind>> = {
  key: 'config-key',
  file: 'files',
  stack: 'stack',
  shell: 'shell',
}

/** What can follow: `words` stand before the cursor, and `current`, which may be empty, is the word at it. */
export async function complete(
  words: readonly string[],
  current: string,
  commands: readonly Command[],
  globalFlags: readonly Flag[],
  names: Names,
): Promise<Completion> {
  const { command, tokens, depth, helpAsked } = findCommand(words, commands, globalFlags)
  const flags = flagsOf(command, globalFlags)
  const flagsEnded = words.includes('--')
  const last = tokens.flags.at(-1)
  const waiting = flags.find(({ name, value }) => name === last?.name && value !== undefined)
  if (!flagsEnded && waiting !== undefined && last?.value === undefined && words.at(-1) === last?.spelling) {
    return starting(current, await ofFlag(waiting, names))
  }
  const inline = /^(--[^=]+=)(.*)$/s.exec(current)
  if (!flagsEnded && inline !== null) {
    const [, before = '', value = ''] = inline
    const flag = flags.find((each) => each.value !== undefined && `--${each.name}=` === before)
    const { candidates, paths } = flag === undefined ? { candidates: [] } : starting(value, await ofFlag(flag, names))
    const whole = candidates.map(({ text, about }) => ({ text: before + text, about }))
    return { candidates: whole, ...(paths === undefined ? {} : { paths }) }
  }
  if (!flagsEnded && current.startsWith('-')) {
    return starting(current, { candidates: flagCandidates(flags, tokens.flags) })
  }
  const given = tokens.positionals.slice(depth)
  const nextWords = given.length === 0 ? wordCandidates(command, commands, helpAsked) : []
  if (helpAsked) return starting(current, { candidates: nextWords })
  const { candidates, paths } = await ofArgument(command, given, names)
  return starting(current, { candidates: [...nextWords, ...candidates], ...(paths === undefined ? {} : { paths }) })
}

function starting(current: string, { candidates, paths }: Completion): Completion {
  const fitting = candidates.filter(({ text }) => text.startsWith(current))
  return { candidates: fitting, ...(paths === undefined ? {} : { paths }) }
}

function wordCandidates(command: Command | undefined, commands: readonly Command[], help: boolean): Candidate[] {
  const children = childrenOf(command, commands).filter(({ hidden }) => hidden !== true)
  const words = children.map(({ words: own, summary }) => ({ text: own.at(-1) ?? '', about: summary }))
  if (command !== undefined) return words
  if (!help) return [...words, { text: 'help', about: 'Show a help page' }]
  return [...words, ...TOPICS.map(({ name, summary }) => ({ text: name, about: summary }))]
}

function flagCandidates(flags: readonly Flag[], given: readonly { readonly name: string }[]): Candidate[] {
  return flags
    .filter(({ name, repeats }) => repeats === true || !given.some((flag) => flag.name === name))
    .map(({ name, summary }) => ({ text: `--${name}`, about: summary }))
}

async function ofFlag(flag: Flag, names: Names): Promise<Completion> {
  if (flag.choices !== undefined) return { candidates: flag.choices.map((text) => ({ text })) }
  const ofStack = ['stack', 'dest', 'copy-config-from'].includes(flag.name)
  return ofKind(ofStack ? 'stack' : KIND_OF_VALUE[flag.value ?? ''], names)
}

async function ofArgument(command: Command | undefined, given: readonly string[], names: Names): Promise<Completion> {
  const expected = command?.arguments ?? []
  const argument = expected[given.length] ?? expected.find(({ rest }) => rest === true)
  if (argument === undefined) return { candidates: [] }
  const selects = command?.words.join(' ') === 'stack select'
  const { candidates, paths } = await ofKind(selects ? 'stack' : KIND_OF_ARGUMENT[argument.name], names)
  const fresh = candidates.filter(({ text }) => !given.includes(text))
  return { candidates: fresh, ...(paths === undefined ? {} : { paths }) }
}

async function ofKind(kind: Kind | undefined, names: Names): Promise<Completion> {
  switch (kind) {
    case 'stack':
      return list(await names.stacks())
    case 'config-key':
      return list(await names.configKeys())
    case 'key-url':
      return list(KEY_URLS)
    case 'shell':
      return list(SHELLS)
    case 'files':
    case 'folders':
      return { candidates: [], paths: kind }
    default:
      return { candidates: [] }
  }
}

function list(texts: readonly string[]): Completion {
  return { candidates: texts.map((text) => ({ text })) }
}
