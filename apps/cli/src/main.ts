import { parseCommandLine } from './arguments.ts'
import { COMMANDS } from './commands.ts'
import { reportFailure } from './failure.ts'
import { GLOBAL_FLAGS, globalOptions } from './global-flags.ts'
import { helpPage } from './help.ts'
import { interruption } from './interruption.ts'
import { Terminal } from './terminal.ts'
import type { ColorChoice, TerminalOptions } from './terminal.ts'
import { VERSION } from './version.ts'

/** Runs one command line and ends the process with its exit number. */
export async function main(argv: readonly string[]): Promise<never> {
  // A report on a crash must not hold the environment: a passphrase may stand in it.
  Object.assign(process.report, { excludeEnv: true })
  const env = process.env
  const report = { json: asksFor(argv, '--json', '-j'), debug: asksFor(argv, '--debug') }
  let terminal = new Terminal({ env })
  const fail = (error: unknown): number => reportFailure(terminal, error, report)
  process.on('uncaughtException', (error) => process.exit(fail(error)))
  process.on('unhandledRejection', (reason) => process.exit(fail(reason)))

  const run = async (): Promise<number> => {
    const line = parseCommandLine(argv, COMMANDS, GLOBAL_FLAGS)
    const { command, flags } = line
    const colors = flags.text('color')
    terminal = new Terminal({
      env,
      nonInteractive: flags.on('non-interactive'),
      quiet: flags.on('quiet'),
      ...(isColorChoice(colors) ? { color: colors } : {}),
    } satisfies TerminalOptions)
    if (line.wants === 'version') terminal.out(`${VERSION}\n`)
    if (line.wants === 'help') terminal.page(helpOf(command, terminal))
    if (line.wants !== 'run' || command?.load === undefined) return 0

    const trace = report.debug
      ? (text: string): void => terminal.report(`debug: ${performance.now().toFixed(0).padStart(5)} ms  ${text}`)
      : (): void => undefined
    const options = globalOptions(flags, env)
    trace(`stackseal ${VERSION}, node ${process.version}, ${command.words.join(' ')} in ${options.cwd}`)
    const signal = interruption()
    const { run: runCommand } = await command.load()
    const exit = (await runCommand({ arguments: line.arguments, flags, options, terminal, env, signal, trace })) ?? 0
    trace(`done, exit ${exit}`)
    return exit
  }

  let exit: number
  try {
    exit = await run()
  } catch (error) {
    exit = fail(error)
  }
  // All output was written synchronously; whatever is still open (a connection, standard input) need not be waited for.
  process.exit(exit)
}

function helpOf(command: Parameters<typeof helpPage>[0], terminal: Terminal): string {
  return helpPage(command, {
    commands: COMMANDS,
    globalFlags: GLOBAL_FLAGS,
    width: terminal.width,
    heading: (text) => terminal.heading(text),
  })
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
