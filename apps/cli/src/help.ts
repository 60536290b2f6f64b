import { childrenOf, flagsOf, usageLine } from './arguments.ts'
import type { Command, Flag } from './command.ts'
import { TOPICS } from './topic.ts'
import type { Topic, TopicBlock } from './topic.ts'
import { wrap } from './wrap.ts'

const PROGRAM = 'stackseal'
const SUMMARY = 'Encrypts and decrypts the secrets of Pulumi stacks on your own machine.'
const GAP = 3
const WIDEST_LEFT = 30
const NARROWEST_RIGHT = 24

interface HelpOptions {
  readonly commands: readonly Command[]
  readonly globalFlags: readonly Flag[]
  /** Columns. */
  readonly width: number
  readonly heading: (text: string) => string
}

/** The help page of a command, a group, or (for undefined) of the program: summary, usage, commands, flags, examples. */
export function helpPage(command: Command | undefined, { commands, globalFlags, width, heading }: HelpOptions): string {
  const children = childrenOf(command, commands).filter(({ hidden }) => hidden !== true)
  const blocks: string[] = [wrap(command === undefined ? SUMMARY : `${command.summary}.`, width, 0)]
  for (const paragraph of command?.description ?? []) blocks.push(wrap(paragraph, width, 0))
  blocks.push(
    `${heading('Usage:')}\n${usageLines(command, children)
      .map((line) => wrap(line, width, 2))
      .join('\n')}`,
  )
  const aliases = command?.aliases ?? []
  if (aliases.length > 0) blocks.push(`${heading('Also called:')}\n${wrap(aliases.join(', '), width, 2)}`)
  if (children.length > 0) blocks.push(`${heading('Commands:')}\n${columns(children.map(commandRow), width)}`)
  if (command === undefined) {
    const rows = TOPICS.map(({ name, summary }) => [name, summary] as const)
    blocks.push(`${heading('Topics:')}\n${columns(rows, width)}`)
  }
  const flags = command?.flags ?? []
  const shared = flagsOf(command, globalFlags).filter((flag) => !flags.includes(flag))
  if (flags.length > 0) blocks.push(`${heading('Flags:')}\n${columns(flags.map(flagRow), width)}`)
  blocks.push(`${heading(command === undefined ? 'Flags:' : 'Global flags:')}\n${columns(shared.map(flagRow), width)}`)
  const examples = command?.examples ?? []
  if (examples.length > 0) {
    const lines = examples.map((example) => `${wrap(`# ${example.text}`, width, 2)}\n  ${example.line}`)
    blocks.push(`${heading('Examples:')}\n${lines.join('\n')}`)
  }
  if (children.length > 0) {
    const words = [PROGRAM, ...(command?.words ?? []), '<command>', '--help']
    blocks.push(wrap(`See ${words.join(' ')} for more about a command.`, width, 0))
  }
  if (command === undefined) blocks.push(wrap(`See ${PROGRAM} help <topic> for a page about a topic.`, width, 0))
  return `${blocks.join('\n\n')}\n`
}

/** The page of a topic. */
export function topicPage({ blocks }: Topic, { width, heading }: Pick<HelpOptions, 'width' | 'heading'>): string {
  return `${blocks.map((block) => topicBlock(block, width, heading)).join('\n\n')}\n`
}

function topicBlock(block: TopicBlock, width: number, heading: HelpOptions['heading']): string {
  const indent = block.heading === undefined ? 0 : 2
  const parts = [
    ...(block.rows === undefined ? [] : [columns(block.rows, width)]),
    ...(block.lines === undefined ? [] : [block.lines.map((line) => `  ${line}`).join('\n')]),
    ...(block.text ?? []).map((paragraph) => wrap(paragraph, width, indent)),
  ]
  const title = block.heading === undefined ? [] : [heading(wrap(block.heading, width, 0))]
  return [...title, parts.join('\n\n')].join('\n')
}

function usageLines(command: Command | undefined, children: readonly Command[]): string[] {
  const lines = command?.load === undefined ? [] : [usageLine(command)]
  if (children.length > 0) lines.push([PROGRAM, ...(command?.words ?? []), '<command> [flags]'].join(' '))
  return lines
}

function commandRow(command: Command): readonly [string, string] {
  return [command.words.at(-1) ?? '', command.summary]
}

function flagRow(flag: Flag): readonly [string, string] {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `
  const value = flag.value === undefined ? '' : ` ${flag.value}`
  return [`${short}--${flag.name}${value}`, flag.summary]
}

function columns(rows: readonly (readonly [string, string])[], width: number): string {
  const left = Math.min(WIDEST_LEFT, Math.max(...rows.map(([name]) => name.length)))
  const indent = 2 + left + GAP
  return rows
    .map(([name, text]) => {
      // On a narrow terminal, and below a long name, the text stands on lines of its own.
      if (width - indent < NARROWEST_RIGHT) return `  ${name}\n${wrap(text, width, 8)}`
      if (name.length > left) return `  ${name}\n${wrap(text, width, indent)}`
      return `  ${name.padEnd(left + GAP)}${wrap(text, width, indent).trimStart()}`
    })
    .join('\n')
}
