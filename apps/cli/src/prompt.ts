import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import type { ReadStream, WriteStream } from 'node:tty'
import { StacksealError } from '@stackseal/core'

export interface Question {
  /** What is asked for, and what for; without a colon at the end. */
  readonly text: string
  readonly secret: boolean
  /** Asks a second time, with this text, until both answers are the same. */
  readonly confirm?: string
}

/** Asks a question on a terminal. */
export async function prompt(
  question: Question,
  input: ReadStream,
  output: WriteStream,
  signal: AbortSignal,
): Promise<string> {
  const asker = new Asker(question.secret, input, output, signal)
  try {
    for (;;) {
      const answer = await asker.ask(question.text)
      if (question.confirm === undefined || (await asker.ask(question.confirm)) === answer) return answer
      output.write('The two answers differ. Please try again.\n')
    }
  } finally {
    asker.close()
  }
}

/**
 * Asks one question after the other. From the first to the last the terminal echoes nothing by itself: readline edits
 * the line, and what it would show of a secret goes nowhere.
 */
class Asker {
  readonly #secret: boolean
  readonly #output: WriteStream
  readonly #lines: ReturnType<typeof createInterface>
  readonly #signal: AbortSignal
  readonly #interrupt = (): void => this.#fail(new StacksealError('ERR_INTERRUPTED', 'interrupted'))
  // Lines that were typed before they were asked for, and who waits for one.
  readonly #typed: string[] = []
  #failed: StacksealError | undefined
  #waiting: PromiseWithResolvers<string> | undefined

  constructor(secret: boolean, input: ReadStream, output: WriteStream, signal: AbortSignal) {
    this.#secret = secret
    this.#output = output
    this.#signal = signal
    const echo = secret ? new Writable({ write: (_chunk, _encoding, done) => done() }) : output
    this.#lines = createInterface({ input, output: echo, terminal: true, historySize: 0 })
    this.#lines.on('SIGINT', this.#interrupt)
    this.#lines.on('close', () =>
      this.#fail(new StacksealError('ERR_USAGE', 'the question was left without an answer')),
    )
    this.#lines.on('line', (line) => {
      if (secret) output.write('\n')
      this.#typed.push(line)
      this.#settle()
    })
    if (signal.aborted) this.#interrupt()
    signal.addEventListener('abort', this.#interrupt, { once: true })
  }

  ask(text: string): Promise<string> {
    this.#waiting = Promise.withResolvers()
    if (this.#secret) this.#output.write(`${text}: `)
    this.#lines.setPrompt(this.#secret ? '' : `${text}: `)
    if (this.#failed === undefined) this.#lines.prompt()
    const { promise } = this.#waiting
    this.#settle()
    return promise
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#interrupt)
    this.#lines.close()
  }

  #fail(error: StacksealError): void {
    // The line that was begun ends here, so that what follows does not stand behind it.
    if (this.#failed === undefined && this.#waiting !== undefined) this.#output.write('\n')
    this.#failed ??= error
    this.#settle()
  }

  #settle(): void {
    if (this.#waiting === undefined) return
    const line = this.#typed.shift()
    if (line !== undefined) this.#waiting.resolve(line)
    else if (this.#failed === undefined) return
    else this.#waiting.reject(this.#failed)
    this.#waiting = undefined
  }
}
