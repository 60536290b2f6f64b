import { basename } from 'node:path'
import { isStacksealError } from '@stackseal/core'
import { errorCode } from './error-code.ts'
import { exitNumber } from './exit-number.ts'
import type { Terminal } from './terminal.ts'

interface Failure {
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
  readonly file: string | undefined
  /** What was to be changed, where no file is known. */
  readonly subject: string | undefined
  /** Whether the file was changed; undefined where that can't be said. */
  readonly changed: boolean | undefined
  readonly exit: number
}

export interface FailureOptions {
  readonly json: boolean
  readonly debug: boolean
}

/**
 * Tells why a command failed, and gives the exit number. Of an exception that is no StacksealError only the class is
 * told: its message may hold a value.
 */
export function reportFailure(terminal: Terminal, error: unknown, { json, debug }: FailureOptions): number {
  const { exit, ...failure } = failureOf(error)
  if (json) {
    const { code, message, hint = null, file = null, changed = null } = failure
    terminal.report(JSON.stringify({ error: { code, message, hint, file, changed } }))
  } else {
    const { code, message, hint, file, subject, changed } = failure
    const what = file === undefined ? subject : basename(file)
    const isKept = what !== undefined && changed === false
    // The library says it within the message, where nobody prints a line of its own for it.
    const told = isKept ? message.replace(/; [^;]* was not changed$/, '') : message
    terminal.fail(`${told} (${code})`, hint, isKept ? [`${what} was not changed`] : [])
  }
  if (debug) for (const line of trail(error)) terminal.report(line)
  return exit
}

function failureOf(error: unknown): Failure {
  if (isStacksealError(error)) {
    const { file, subject, changed } = error.details
    return {
      code: error.code,
      message: error.message,
      hint: error.hint,
      file: typeof file === 'string' ? file : undefined,
      subject: typeof subject === 'string' ? subject : undefined,
      changed: typeof changed === 'boolean' ? changed : undefined,
      exit: exitNumber(error),
    }
  }
  return {
    code: 'ERR_INTERNAL',
    message: `a fault inside Stackseal: ${className(error)}`,
    hint: 'run it again with --debug to see where, and report it',
    file: undefined,
    subject: undefined,
    changed: undefined,
    exit: 1,
  }
}

/** Where an error and its causes were thrown: classes, codes and places, no messages. */
function trail(error: unknown): string[] {
  const lines: string[] = []
  let current = error
  for (let depth = 0; current instanceof Error && depth < 8; depth += 1) {
    lines.push(`debug: ${depth === 0 ? 'thrown' : 'caused by'}: ${className(current)}`, ...frames(current))
    current = current.cause
  }
  return lines
}

/** The frames alone. Where the text before them is not exactly the known one, it could reach into them: then none. */
function frames(error: Error): string[] {
  const stack = error.stack ?? ''
  const heads = [error.name, error.constructor.name, 'Error'].flatMap((name) => [
    `${name}: ${error.message}\n`,
    `${name}\n`,
  ])
  const start = heads.find((head) => stack.startsWith(head))
  if (start === undefined) return []
  return stack
    .slice(start.length)
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .map((line) => `debug: ${line}`)
}

function className(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const code = errorCode(error)
  return code === undefined ? error.constructor.name : `${error.constructor.name} ${code}`
}
