import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { styleText } from 'node:util'
import { StacksealError } from '@stackseal/core'
import { isCi } from './ci.ts'
import { errorCode } from './error-code.ts'
import { printable, printableLines } from './printable.ts'
import type { Question } from './prompt.ts'

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const NARROWEST_COLUMNS = 40
const USUAL_COLUMNS = 80
/** ECMA-48: carriage return, then EL from the cursor to the end of the line. */
const ERASE_LINE = '\r\u001b[K'

export type ColorChoice = 'auto' | 'always' | 'never'

/** The three standard streams, as the terminal layer needs them. */
export interface StandardStreams {
  /** Writes all of it before it returns. */
  readonly write: (fd: 1 | 2, what: string | Uint8Array) => void
  readonly isTerminal: (fd: 0 | 1 | 2) => boolean
}

export interface TerminalOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly color?: ColorChoice
  readonly nonInteractive?: boolean
  /** No words on standard error but warnings and errors. */
  readonly quiet?: boolean
  /** Those of the process, if not given. */
  readonly streams?: StandardStreams
}

type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'cyan'

/**
 * The one place that touches standard input, standard output, standard error and the terminal itself.
 *
 * Standard output is the answer; words, warnings and questions go to standard error or to the terminal. Writes are
 * synchronous: what was written is out before the process ends, and a write that fails is noticed. (A stream would
 * exit 0 on a full disk.)
 */
export class Terminal {
  readonly #env: TerminalOptions['env']
  readonly #quiet: boolean
  readonly #nonInteractive: boolean
  readonly #color: ColorChoice
  readonly #streams: StandardStreams
  #outClosed = false
  #hasStatus = false
  #canAsk: boolean | undefined

  constructor(options: TerminalOptions) {
    this.#env = options.env
    this.#quiet = options.quiet ?? false
    this.#nonInteractive = options.nonInteractive ?? false
    this.#color = options.color ?? 'auto'
    this.#streams = options.streams ?? { write: writeAll, isTerminal }
  }

  get stdinIsTerminal(): boolean {
    return this.#streams.isTerminal(STDIN)
  }

  get stdoutIsTerminal(): boolean {
    return this.#streams.isTerminal(STDOUT)
  }

  get stderrIsTerminal(): boolean {
    return this.#streams.isTerminal(STDERR)
  }

  /** Whether words on the way are not wanted. */
  get isQuiet(): boolean {
    return this.#quiet
  }

  /** Columns of the terminal that standard output is; where it is none, 80. */
  get width(): number {
    const columns = this.stdoutIsTerminal ? process.stdout.columns : USUAL_COLUMNS
    return Math.max(NARROWEST_COLUMNS, columns || USUAL_COLUMNS)
  }

  /**
   * The answer: byte for byte into a pipe or file. On a terminal control characters are escaped, what is no UTF-8 is
   * shown as U+FFFD, and line ends stay.
   */
  out(answer: string | Uint8Array): void {
    const text = typeof answer === 'string' ? answer : Buffer.from(answer).toString('utf8')
    const safe = printableLines(text)
    const isSafe = safe === answer
    this.#writeOut(!isSafe && this.stdoutIsTerminal ? safe : answer)
  }

  /**
   * An answer that comes in pieces: each is written before the next one is asked for, and none is asked for once the
   * reader has gone. On a terminal control characters are escaped.
   */
  async outPieces(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = this.stdoutIsTerminal ? new TextDecoder() : undefined
    for await (const piece of pieces) {
      this.#writeOut(decoder === undefined ? piece : printableLines(decoder.decode(piece, { stream: true })))
      if (this.#outClosed) return
    }
  }

  /** Text for one cell of a table: on a terminal line ends are escaped too. */
  cell(text: string): string {
    return this.stdoutIsTerminal ? printable(text) : text
  }

  /** A page of our own text, in which headings may be styled with {@link heading}. */
  page(text: string): void {
    this.#writeOut(text)
  }

  heading(text: string): string {
    return this.#styled('bold', text, STDOUT)
  }

  /** Words on the way; silent with --quiet. */
  say(text: string): void {
    if (!this.#quiet) this.#writeErr(`${printable(text)}\n`)
  }

  /** A next step, below something that was said; silent with --quiet. */
  hint(text: string): void {
    if (!this.#quiet) this.#writeErr(`  ${this.#styled('cyan', 'hint:', STDERR)} ${printable(text)}\n`)
  }

  /** Something that is not as it should be, while the command goes on. */
  warn(text: string): void {
    this.#writeErr(`${this.#styled('yellow', 'warning:', STDERR)} ${printable(text)}\n`)
  }

  /**
   * How far the command is: on a terminal one line, which the next one takes the place of and everything else takes away,
   * and the answer is true; elsewhere a line like any other. Silent with --quiet.
   */
  status(text: string): boolean {
    const onTerminal = this.stderrIsTerminal && this.#env['TERM']?.toLowerCase() !== 'dumb'
    if (this.#quiet) return onTerminal
    if (!onTerminal) {
      this.say(text)
      return false
    }
    const columns = process.stderr.columns || USUAL_COLUMNS
    // A line that wraps could not be taken away.
    this.#writeErr(printable(text).slice(0, columns - 1))
    this.#hasStatus = true
    return true
  }

  /** Takes the line of {@link status} away. */
  clearStatus(): void {
    this.#writeErr('')
  }

  /** Why the command ends, what to do next, and further facts, one line each. */
  fail(message: string, hint: string | undefined, facts: readonly string[]): void {
    const lines = [`${this.#styled('red', 'stackseal:', STDERR)} ${printable(message)}`]
    if (hint !== undefined) lines.push(`  ${this.#styled('cyan', 'hint:', STDERR)} ${printable(hint)}`)
    lines.push(...facts.map((fact) => `  ${printable(fact)}`))
    this.#writeErr(`${lines.join('\n')}\n`)
  }

  /** A line for programs or for --debug, on standard error. */
  report(line: string): void {
    this.#writeErr(`${printable(line)}\n`)
  }

  /**
   * Whether somebody can be asked: standard input or standard error is a terminal, it can be opened, and neither
   * --non-interactive, a CI system nor a dumb terminal stands against it. Standard output may go elsewhere.
   */
  get canAsk(): boolean {
    this.#canAsk ??=
      !this.#nonInteractive &&
      this.#env['TERM']?.toLowerCase() !== 'dumb' &&
      !isCi(this.#env) &&
      (this.#streams.isTerminal(STDIN) || this.#streams.isTerminal(STDERR)) &&
      hasTerminal()
    return this.#canAsk
  }

  /**
   * Asks on the terminal itself, whatever the standard streams are; the answer to a secret question is not shown. With
   * `confirm`, asks again until both answers are the same.
   * @throws ERR_INTERRUPTED on Ctrl-C, ERR_USAGE on Ctrl-D or where nobody can be asked
   */
  async ask(question: Question, signal: AbortSignal): Promise<string> {
    if (!this.canAsk) throw new StacksealError('ERR_USAGE', 'there is no terminal to ask on')
    const { prompt } = await import('./prompt.ts')
    const text = { ...question, text: printable(question.text) }
    if (process.platform === 'win32') return prompt(text, process.stdin, process.stderr, signal)
    const { ReadStream, WriteStream } = process.getBuiltinModule('node:tty')
    const input = new ReadStream(openSync('/dev/tty', 'r'))
    const output = new WriteStream(openSync('/dev/tty', 'w'))
    try {
      return await prompt(text, input, output, signal)
    } finally {
      input.destroy()
      output.destroy()
    }
  }

  /** Every byte of standard input. */
  async readInput(signal: AbortSignal): Promise<Uint8Array> {
    const { promise: interrupted, reject } = Promise.withResolvers<never>()
    const onAbort = (): void => reject(new StacksealError('ERR_INTERRUPTED', 'interrupted'))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const chunks: readonly Buffer[] = await Promise.race([process.stdin.toArray(), interrupted])
      return Buffer.concat(chunks)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** The bytes of standard input as they come. */
  async *inputPieces(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const input = process.stdin
    const onAbort = (): void => void input.destroy(new StacksealError('ERR_INTERRUPTED', 'interrupted'))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      for await (const piece of input) yield piece as Buffer
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #styled(style: Style, text: string, fd: 1 | 2): string {
    return this.#isStyled(fd) ? styleText(style, text, { validateStream: false }) : text
  }

  #isStyled(fd: 1 | 2): boolean {
    if (this.#color !== 'auto') return this.#color === 'always'
    // https://no-color.org: present and not empty.
    return !this.#env['NO_COLOR'] && this.#env['TERM']?.toLowerCase() !== 'dumb' && this.#streams.isTerminal(fd)
  }

  #writeOut(what: string | Uint8Array): void {
    if (this.#outClosed) return
    if (this.#hasStatus && this.stdoutIsTerminal) this.clearStatus()
    try {
      this.#streams.write(STDOUT, what)
    } catch (error) {
      const code = errorCode(error) ?? 'unknown'
      // The reader has what it wanted (`| head -1`): nothing more is written, and the command ends as it would have.
      this.#outClosed = true
      if (code === 'EPIPE') return
      throw new StacksealError('ERR_IO', `standard output could not be written: ${code}`, {
        hint: 'the answer is incomplete; look at the disk or the program that it goes to',
        details: { errno: code },
      })
    }
  }

  #writeErr(text: string): void {
    const all = this.#hasStatus ? ERASE_LINE + text : text
    this.#hasStatus = false
    if (all === '') return
    try {
      this.#streams.write(STDERR, all)
    } catch {
      // Nobody is left to tell: the exit number still says what happened.
    }
  }
}

/** Writes all of it, waiting where a pipe or terminal that does not block is full. */
function writeAll(fd: number, what: string | Uint8Array): void {
  const bytes = typeof what === 'string' ? Buffer.from(what, 'utf8') : what
  let written = 0
  let waitMs = 1
  while (written < bytes.length) {
    try {
      written += writeSync(fd, bytes, written)
      waitMs = 1
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs)
      waitMs = Math.min(waitMs * 2, 32)
    }
  }
}

// The first test is cheap, and says no for pipes and files; node:tty loads what sockets need.
function isTerminal(fd: number): boolean {
  return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd)
}

function hasTerminal(): boolean {
  if (process.platform === 'win32') return isTerminal(STDIN) && isTerminal(STDERR)
  try {
    closeSync(openSync('/dev/tty', 'r+'))
    return true
  } catch {
    // ENXIO or ENOENT: the process has no controlling terminal.
    return false
  }
}
