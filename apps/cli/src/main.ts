import { CommandLineRun } from './command-line.ts'
import { interruption } from './interruption.ts'

/** Runs one command line and ends the process with its exit number. */
export async function main(argv: readonly string[]): Promise<never> {
  // A report on a crash must not hold the environment: a passphrase may stand in it.
  Object.assign(process.report, { excludeEnv: true })
  const line = new CommandLineRun(argv, { env: process.env, signal: interruption })
  process.on('uncaughtException', (error) => process.exit(line.fail(error)))
  process.on('unhandledRejection', (reason) => process.exit(line.fail(reason)))
  const exit = await line.run()
  // All output was written synchronously; whatever is still open (a connection, standard input) need not be waited for.
  process.exit(exit)
}
