// Makes docs/cli.md from the tables of commands, flags and topics of the command line.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { childrenOf, usageLine } from '../apps/cli/src/arguments.ts'
import type { Command, Flag } from '../apps/cli/src/command.ts'
import { COMMANDS } from '../apps/cli/src/commands.ts'
import { GLOBAL_FLAGS } from '../apps/cli/src/global-flags.ts'
import { topicPage } from '../apps/cli/src/help.ts'
import { TOPICS } from '../apps/cli/src/topic.ts'
import { PAGES } from '../apps/cli/src/topics/pages.ts'

const FILE = join(import.meta.dirname, '../docs/cli.md')
const TOPIC_COLUMNS = 100

const INTRODUCTION = `What \`stackseal help\` says, on one page. This page is made by \`npm run cli-reference\` from the tables that the program
itself uses.`

/** The text of docs/cli.md: one section a command, the flags that every command takes, and the topics. */
export function cliReference(): string {
  const commands = COMMANDS.filter(({ hidden }) => hidden !== true).flatMap(section)
  const topics = TOPICS.flatMap(({ name, summary }) => {
    const page = topicPage(PAGES[name], { width: TOPIC_COLUMNS, heading: (text) => text })
    return [`## stackseal help ${name}`, `${summary}.`, fenced('text', page.trimEnd())]
  })
  const blocks = ['# The command line', INTRODUCTION, ...commands, '## Flags of every command', flagTable(GLOBAL_FLAGS)]
  return `${[...blocks, ...topics].join('\n\n')}\n`
}

function section(command: Command): string[] {
  const { words, summary, aliases = [], description = [], flags = [], examples = [], load } = command
  const usage = [
    ...(load === undefined ? [] : [usageLine(command)]),
    ...(childrenOf(command, COMMANDS).length === 0 ? [] : [`stackseal ${words.join(' ')} <command> [flags]`]),
  ]
  return [
    `## stackseal ${words.join(' ')}`,
    `${escaped(summary)}.`,
    ...description.map(escaped),
    fenced('console', usage.join('\n')),
    ...(aliases.length === 0 ? [] : [`Also called: ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`]),
    ...(flags.length === 0 ? [] : [flagTable(flags)]),
    ...(examples.length === 0
      ? []
      : [fenced('sh', examples.map(({ text, line }) => `# ${text}\n${line}`).join('\n\n'))]),
  ]
}

function flagTable(flags: readonly Flag[]): string {
  const rows = flags.map(({ name, short, value, summary }) => {
    const spelling = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
    return `| \`${spelling}\` | ${escaped(summary)} |`
  })
  return ['| flag | |', '| --- | --- |', ...rows].join('\n')
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``
}

function escaped(text: string): string {
  return text.replaceAll(/[|<*[]/g, String.raw`\$&`)
}

if (import.meta.main) writeFileSync(FILE, cliReference())
