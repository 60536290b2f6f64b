import { isStacksealError } from '@stackseal/core'
import type { StacksealError } from '@stackseal/core'
import { findProject, nodeFileSystem, stackFilePath, stackName } from '@stackseal/stack'
import { relative } from 'node:path'
import type { Invocation } from './command.ts'
import { exitOfMany } from './many-stacks.ts'
import type { Outcome } from './many-stacks.ts'
import { outcomeTable } from './outcome-table.ts'
import type { OutcomeRow } from './outcome-table.ts'
import { meansFiles, stackFiles } from './stack-files.ts'
import { usageError } from './usage-error.ts'

/**
 * The stack files of a command that changes several stacks: each argument is a stack of the project, a stack file, a folder
 * or a pattern.
 * @throws ERR_USAGE where a flag names the stack too; ERR_FILE_NOT_FOUND, ERR_NO_PROJECT, ERR_INVALID_NAME
 */
export async function filesToChange(
  args: readonly string[],
  { options, flags }: Invocation,
): Promise<readonly string[]> {
  const flag = ['stack', 'config-file'].find((name) => flags.text(name) !== undefined)
  if (flag !== undefined) {
    throw usageError(`the stacks are named twice, as arguments and with --${flag}`, 'take one of them')
  }
  const { cwd } = options
  const files: string[] = []
  for (const argument of args)
    files.push((await meansFiles(argument, cwd)) ? argument : await fileOfStack(argument, cwd))
  return stackFiles(files, cwd)
}

async function fileOfStack(argument: string, cwd: string): Promise<string> {
  const project = await findProject(nodeFileSystem, cwd)
  return relative(cwd, stackFilePath(project, stackName(argument)))
}

/** Gives undefined for a stack that has no key which could be changed, and so no secret: of many, it is passed over. */
export async function unlessKeyless<T>(change: () => Promise<T>): Promise<T | undefined> {
  try {
    return await change()
  } catch (error) {
    if (isStacksealError(error) && error.code === 'ERR_NO_SECRETS_PROVIDER') return undefined
    throw error
  }
}

/** What is told of one without a key. */
export const KEYLESS: Told = { outcome: 'passed over', detail: 'it has no key', json: { changed: false } }

/** What one stack's result says. */
export interface Told {
  readonly outcome: 'changed' | 'would change' | 'passed over'
  readonly detail: string
  readonly json: object
}

const AGAIN = 'run it again when the cause is gone: what is done is passed over'

/** Prints what became of many stacks: a table, then every failure with its hint, then the counts; gives the exit number. */
export function reportChanges<T>(
  invocation: Invocation,
  outcomes: readonly Outcome<T>[],
  tell: (result: T) => Told,
  closing: (results: readonly T[]) => void,
  again: string = AGAIN,
): number {
  const { terminal, options } = invocation
  const exit = exitOfMany(outcomes)
  if (options.json) {
    terminal.out(
      `${JSON.stringify(
        outcomes.map((outcome) => jsonOf(outcome, tell)),
        undefined,
        2,
      )}\n`,
    )
    return exit
  }
  const rows = outcomes.map((outcome) => rowOf(outcome, tell))
  terminal.out(outcomeTable(rows, terminal))
  reportFailures(
    outcomes.filter((outcome) => 'error' in outcome),
    terminal,
  )
  closing(outcomes.flatMap((outcome) => ('result' in outcome ? [outcome.result] : [])))
  terminal.say(countsOf(rows))
  if (exit !== 0) terminal.hint(invocation.flags.on('dry-run') ? 'nothing was changed' : again)
  return exit
}

/** Prints what was found in many stacks: a table, then every failure with its hint, then the counts. */
export function reportOutcomes(
  terminal: Invocation['terminal'],
  rows: readonly OutcomeRow[],
  failures: readonly Failed[],
): void {
  terminal.out(outcomeTable(rows, terminal))
  reportFailures(failures, terminal)
  terminal.say(countsOf(rows))
}

interface Failed {
  readonly file: string
  readonly error: StacksealError
}

/** `4 stacks: 3 changed, 1 failed` */
function countsOf(rows: readonly OutcomeRow[]): string {
  const counts = new Map<string, number>()
  for (const { outcome } of rows) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  const stacks = rows.length === 1 ? '1 stack' : `${rows.length} stacks`
  return `${stacks}: ${[...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`
}

function rowOf<T>(outcome: Outcome<T>, tell: (result: T) => Told): OutcomeRow {
  const { file } = outcome
  if ('result' in outcome) return { file, ...pick(tell(outcome.result)) }
  if ('error' in outcome) return { file, ...failed(outcome.error) }
  return { file, outcome: 'not begun', detail: '' }
}

function pick({ outcome, detail }: Told): Pick<Told, 'outcome' | 'detail'> {
  return { outcome, detail }
}

function failed({ code, kind, details }: StacksealError): Pick<OutcomeRow, 'outcome' | 'detail'> {
  const pending = details['pending'] === true ? ', waits for "stackseal stack recover"' : ''
  return { outcome: kind === 'interrupted' ? 'interrupted' : 'failed', detail: `${code}${pending}` }
}

/** Why each of them failed. A hint that many share is said once, below the last of those that stand together. */
function reportFailures(failures: readonly Failed[], terminal: Invocation['terminal']): void {
  for (const [i, { file, error }] of failures.entries()) {
    const { code, message, hint, details } = error
    const next = failures[i + 1]?.error
    const secrets = typeof details['secrets'] === 'string' ? details['secrets'].split('\n') : []
    // The library says whether the file was changed within the message, for whoever prints nothing else.
    const told = message.replace(/; [^;]* was not changed$/, '')
    terminal.fail(
      `${told.includes(file) ? '' : `${file}: `}${told} (${code})`,
      next?.hint === hint ? undefined : hint,
      secrets.map((name) => `does not open: ${name}`),
    )
  }
}

function jsonOf<T>(outcome: Outcome<T>, tell: (result: T) => Told): object {
  const { file } = outcome
  if ('result' in outcome) {
    const { outcome: what, json } = tell(outcome.result)
    return { file, outcome: what, ...json }
  }
  if (!('error' in outcome)) return { file, outcome: 'not begun' }
  const { code, message, hint = null, kind, details } = outcome.error
  return {
    file,
    outcome: kind === 'interrupted' ? 'interrupted' : 'failed',
    error: {
      code,
      message,
      hint,
      changed: typeof details['changed'] === 'boolean' ? details['changed'] : null,
      ...(details['pending'] === true ? { pending: true } : {}),
      ...(typeof details['secrets'] === 'string' ? { secrets: details['secrets'].split('\n') } : {}),
    },
  }
}
