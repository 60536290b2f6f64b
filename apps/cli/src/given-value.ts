import { StacksealError } from '@stackseal/core'
import type { Invocation } from './command.ts'
import { usageError } from './usage-error.ts'

/** What a value is asked for with, and what its absence is told with. */
export interface AskedValue {
  /** As an argument; undefined where it is to be read or asked for. */
  readonly given: string | undefined
  /** What the value is, within the words of an error: `the value for region`. */
  readonly what: string
  /** The question, without a colon at its end. */
  readonly question: string
  /** Whether it must not be seen: it is asked for without an echo, and on the command line it gets a hint. */
  readonly secret: boolean
  /** Keeps the newline at the end of standard input. */
  readonly raw: boolean
}

/**
 * A value from the command line, else from standard input, else from a person.
 * @throws ERR_USAGE where there is none, ERR_INVALID_VALUE where standard input is no text
 */
export async function givenValue({ terminal, signal }: Invocation, asked: AskedValue): Promise<string> {
  const { given, what, question, secret, raw } = asked
  if (given !== undefined) {
    if (secret && terminal.stderrIsTerminal) {
      terminal.hint('the shell keeps what was typed in its history; without a value here, stackseal asks for it')
    }
    return given
  }
  if (!terminal.stdinIsTerminal) return inputText(await terminal.readInput(signal), raw)
  if (!terminal.canAsk) throw usageError(`there is no ${what}`, 'give it as an argument or on standard input')
  return terminal.ask({ text: question, secret }, signal)
}

/** The text of standard input, without one line end at its end. */
function inputText(bytes: Uint8Array, raw: boolean): string {
  const text = decodeInput(bytes)
  return raw ? text : text.replace(process.platform === 'win32' ? /\r?\n$/ : /\n$/, '')
}

/** @throws ERR_INVALID_VALUE */
export function decodeInput(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // A TypeError is the one thing that decoding can throw.
    throw new StacksealError('ERR_INVALID_VALUE', 'standard input is not UTF-8 text', {
      hint: 'encode it first, for example with base64',
    })
  }
}
