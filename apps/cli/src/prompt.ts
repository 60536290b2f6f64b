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
  for (;;) {
    const answer = await askOnce(`${question.text}: `, question.secret, input, output, signal)
    if (question.confirm === undefined) return answer
    const again = await askOnce(`${question.confirm}: `, question.secret, input, output, signal)
    if (again === answer) return answer
    output.write('the two answers differ; please try again\n')
  }
}

function askOnce(
  text: string,
  secret: boolean,
  input: ReadStream,
  output: WriteStream,
  signal: AbortSignal,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  // readline edits the line and restores the terminal; what it would echo of a secret goes nowhere.
  const echo = secret ? new Writable({ write: (_chunk, _encoding, done) => done() }) : output
  if (secret) output.write(text)
  const line = createInterface({ input, output: echo, terminal: true, prompt: secret ? '' : text, historySize: 0 })
  const interrupted = (): void => {
    reject(new StacksealError('ERR_INTERRUPTED', 'interrupted'))
    line.close()
  }
  line.on('SIGINT', interrupted)
  line.on('line', (answer) => {
    resolve(answer)
    line.close()
  })
  line.on('close', () => {
    signal.removeEventListener('abort', interrupted)
    if (secret) output.write('\n')
    // After an answer or an interruption this changes nothing: a promise settles once.
    reject(new StacksealError('ERR_USAGE', 'the question was left without an answer'))
  })
  signal.addEventListener('abort', interrupted, { once: true })
  if (signal.aborted) interrupted()
  else line.prompt()
  return promise
}
