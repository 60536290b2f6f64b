import { findCommand, parseCommandLine } from './arguments.ts'
import type { CommandLine } from './arguments.ts'
import { COMMANDS } from './commands.ts'
import { reportFailure } from './failure.ts'
import { commandEnv, GLOBAL_FLAGS, globalOptions } from './global-flags.ts'
import { helpPage, topicPage } from './help.ts'
import { Terminal } from './terminal.ts'
import type { ColorChoice, StandardStreams, TerminalOptions } from './terminal.ts'
import { TOPICS } from './topic.ts'
import { unchanged } from './unchanged.ts'
import { VERSION } from './version.ts'

/** The world in which a command line runs. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Those of the process, if not given. */
  readonly streams?: StandardStreams
  /** Asked for once a command begins: from then on Ctrl-C is the command's to handle. */
  readonly signal: () => AbortSignal
}

/** Closing what is open takes no longer, in milliseconds: the answer is out already. */
const CLOSE_MS = 3_000

/** A command line that can be run once. */
export class CommandLineRun {
  readonly #argv: readonly string[]
  readonly #world: World
  readonly #report: { readonly json: boolean; readonly debug: boolean }
  #terminal: Terminal

  constructor(argv: readonly string[], world: World) {
    this.#argv = argv
    this.#world = world
    // A command's own --json is no question for JSON.
    const own = findCommand(argv, COMMANDS, GLOBAL_FLAGS).command?.flags?.some(({ name }) => name === 'json')
    this.#report = { json: own !== true && asksFor(argv, '--json', '-j'), debug: asksFor(argv, '--debug') }
    this.#terminal = this.#makeTerminal({})
  }

  /** Runs it; the answer is the exit number. Whatever is thrown inside is told, and never leaves. */
  async run(): Promise<number> {
    try {
      return await this.#run()
    } catch (error) {
      return this.fail(error)
    }
  }

  /** Tells what went wrong; the answer is the exit number. */
  fail(error: unknown): number {
    return reportFailure(this.#terminal, error, this.#report)
  }

  async #run(): Promise<number> {
    const line = await this.#parse()
    const { command, flags } = line
    const color = flags.text('color')
    this.#terminal = this.#makeTerminal({
      nonInteractive: flags.on('non-interactive'),
      quiet: flags.on('quiet'),
      ...(isColorChoice(color) ? { color } : {}),
    })
    const terminal = this.#terminal
    if (line.wants === 'version') terminal.out(`${VERSION}\n`)
    if (line.wants === 'help') terminal.page(await pageOf(line, terminal))
    if (line.wants !== 'run' || command?.load === undefined) return 0

    const trace = this.#report.debug
      ? (text: string): void => terminal.report(`debug: ${performance.now().toFixed(0).padStart(5)} ms  ${text}`)
      : (): void => undefined
    const endings: (() => Promise<void>)[] = []
    try {
      const env = commandEnv(flags, this.#world.env)
      const options = globalOptions(flags, env)
      trace(`stackseal ${VERSION}, node ${process.version}, ${command.words.join(' ')} in ${options.cwd}`)
      const { run } = await command.load()
      const invocation = {
        arguments: line.arguments,
        flags,
        options,
        commands: COMMANDS,
        terminal,
        env,
        signal: this.#world.signal(),
        trace,
        atEnd: (work: () => Promise<void>): void => void endings.push(work),
      }
      const exit = (await run(invocation)) ?? 0
      trace(`done, exit ${exit}`)
      return exit
    } catch (error) {
      throw unchanged(error, command)
    } finally {
      await endAll(endings)
    }
  }

  async #parse(): Promise<CommandLine> {
    try {
      const topics = TOPICS.map(({ name }) => name)
      return parseCommandLine(this.#argv, COMMANDS, GLOBAL_FLAGS, topics)
    } catch (error) {
      const { leftOut } = await import('./left-out.ts')
      throw leftOut(this.#argv, COMMANDS, GLOBAL_FLAGS) ?? error
    }
  }

  #makeTerminal(options: Omit<TerminalOptions, 'env' | 'streams'>): Terminal {
    const { env, streams } = this.#world
    return new Terminal({ ...options, env, ...(streams === undefined ? {} : { streams }) })
  }
}

async function pageOf({ command, topic: name }: CommandLine, terminal: Terminal): Promise<string> {
  const { width } = terminal
  const heading = (text: string): string => terminal.heading(text)
  const entry = TOPICS.find((topic) => topic.name === name)
  if (entry === undefined) return helpPage(command, { commands: COMMANDS, globalFlags: GLOBAL_FLAGS, width, heading })
  const { PAGES } = await import('./topics/pages.ts')
  return topicPage(PAGES[entry.name], { width, heading })
}

/** Ends connections; one that does not end is left to the end of the process. */
async function endAll(endings: readonly (() => Promise<void>)[]): Promise<void> {
  if (endings.length === 0) return
  let timer: ReturnType<typeof setTimeout> | undefined
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS)
  })
  await Promise.race([Promise.allSettled(endings.map(async (end) => end())), enough])
  clearTimeout(timer)
}

/** Looked up before the line is parsed, since the answer to a line that can't be parsed depends on it. */
function asksFor(argv: readonly string[], ...spellings: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv
    .slice(0, end < 0 ? argv.length : end)
    .some((argument) => spellings.includes(argument.replace(/=true$/, '')))
}

function isColorChoice(text: string | undefined): text is ColorChoice {
  return text === 'auto' || text === 'always' || text === 'never'
}
