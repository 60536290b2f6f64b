import { isStacksealError, StacksealError } from '@stackseal/core'
import { OpenedKeys } from '@stackseal/stack'
import type { OpenStackOptions } from '@stackseal/stack'
import { setImmediate } from 'node:timers/promises'
import type { Invocation } from './command.ts'
import { exitNumber } from './exit-number.ts'
import { Progress } from './progress.ts'
import { stackOptions } from './stack-options.ts'
import { usageError } from './usage-error.ts'

const JOBS = 4
const MOST_JOBS = 64

/** What became of one of many stacks. */
export type Outcome<T> =
  | { readonly file: string; readonly result: T }
  | { readonly file: string; readonly error: StacksealError }
  /** The command was interrupted before this stack had its turn. */
  | { readonly file: string; readonly notBegun: true }

interface ManyStacks<T> {
  /** For the bar: `checking`. */
  readonly what: string
  readonly files: readonly string[]
  readonly work: (file: string, options: OpenStackOptions) => Promise<T>
}

/**
 * Works on many stacks, a few at a time (`--jobs`), and tells how far it is. One that fails does not hold up the others;
 * Ctrl-C lets those that were begun come to a safe end, and begins no more. Each distinct sealed key is opened once, and
 * nobody is asked twice for the same passphrase. The outcomes stand in the order of the files.
 * @throws ERR_USAGE where the command line is wrong for every stack, and none is done
 */
export async function workOnStacks<T>(
  invocation: Invocation,
  command: string,
  { what, files, work }: ManyStacks<T>,
): Promise<readonly Outcome<T>[]> {
  const { terminal, signal } = invocation
  const workers = jobs(invocation)
  const progress = new Progress(terminal, { what, size: files.length, unit: 'stacks' })
  const options = sharedOptions(invocation, command, progress)
  const outcomes = files.map((file): Outcome<T> => ({ file, notBegun: true }))
  const queue = files.entries()
  let ended = 0
  let refused: StacksealError | undefined
  const isStopped = (): boolean => signal.aborted || refused !== undefined
  const worker = async (): Promise<void> => {
    for (const [i, file] of queue) {
      // Where no work has to wait, signals and timers would.
      await setImmediate()
      if (isStopped()) return
      try {
        outcomes[i] = { file, result: await work(file, options) }
      } catch (error) {
        const failure = asStacksealError(error)
        outcomes[i] = { file, error: failure }
        if (failure.code === 'ERR_USAGE' || failure.kind === 'interrupted') refused ??= failure
      }
      progress.steps(++ended)
    }
  }
  await Promise.all(Array.from({ length: Math.min(workers, files.length) }, worker))
  progress.end()
  if (refused?.code === 'ERR_USAGE' && outcomes.every((outcome) => !('result' in outcome))) throw refused
  return outcomes
}

/** The exit number of a command on many stacks: of the first that is not 0, or that of Ctrl-C. */
export function exitOfMany<T>(outcomes: readonly Outcome<T>[], exitOf: (result: T) => number = () => 0): number {
  if (outcomes.some((outcome) => 'notBegun' in outcome || isInterrupted(outcome))) return INTERRUPTED
  const numbers = outcomes.map((outcome) => {
    if ('error' in outcome) return exitNumber(outcome.error)
    return 'result' in outcome ? exitOf(outcome.result) : 0
  })
  return numbers.find((number) => number !== 0) ?? 0
}

const INTERRUPTED = 130

function isInterrupted<T>(outcome: Outcome<T>): boolean {
  return 'error' in outcome && outcome.error.kind === 'interrupted'
}

function jobs({ flags }: Invocation): number {
  const text = flags.text('jobs')
  if (text === undefined) return JOBS
  const number = Number(text)
  if (/^\d{1,2}$/.test(text) && number >= 1 && number <= MOST_JOBS) return number
  throw usageError('--jobs is not a number of stacks', `give a number from 1 to ${MOST_JOBS}, such as --jobs ${JOBS}`)
}

/** One world for all of them, so that what one stack has opened, or somebody has answered, serves the others. */
function sharedOptions(invocation: Invocation, command: string, progress: Progress): OpenStackOptions {
  const { ask, ...options } = stackOptions(invocation, command)
  return {
    ...options,
    openedKeys: new OpenedKeys(),
    ...(ask === undefined ? {} : { ask: askingOnce(ask, progress) }),
  }
}

type Ask = NonNullable<OpenStackOptions['ask']>

/** Never two questions at once; and one new passphrase, which is asked for twice, for all of them. */
function askingOnce(ask: Ask, progress: Progress): Ask {
  let turn: Promise<unknown> = Promise.resolve()
  const asked: Ask = (question) => {
    const mine = turn.then(() => progress.hold(() => ask(question)))
    turn = mine.catch(() => undefined) // the next question comes all the same; it is refused too where Ctrl-C was the answer
    return mine
  }
  let fresh: Promise<string> | undefined
  return (question) => {
    if (question.confirm === undefined) return asked(question)
    fresh ??= asked({ ...question, text: 'New passphrase, which will protect the secrets of all these stacks' })
    return fresh
  }
}

function asStacksealError(error: unknown): StacksealError {
  if (isStacksealError(error)) return error
  // Its message may hold a value, so only the class is told.
  const name = error instanceof Error ? error.constructor.name : typeof error
  return new StacksealError('ERR_INTERNAL', `a fault inside Stackseal: ${name}`, {
    hint: 'run it again for this stack alone, with --debug, to see where, and report it',
    cause: error,
  })
}
