import { spawn } from '@lydell/node-pty'
import { cleanEnv, folder, PROGRAM } from './stackseal.ts'

export interface TerminalOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly columns?: number
  /** Shell syntax around the program, which stands where `$STACKSEAL` does: `$STACKSEAL config >out`. */
  readonly script?: string
}

/** A program that runs on a real pseudo-terminal. */
export class Session {
  #shown = ''
  #exit: number | undefined
  readonly #terminal: ReturnType<typeof spawn>
  #wake: () => void = () => undefined

  constructor(args: readonly string[], { cwd, env, columns = 80, script }: TerminalOptions = {}) {
    const options = { cols: columns, rows: 24, cwd: cwd ?? folder('cwd'), env: cleanEnv(env) }
    this.#terminal =
      script === undefined
        ? spawn(process.execPath, [PROGRAM, ...args], options)
        : spawn('sh', ['-c', script], {
            ...options,
            env: { ...options.env, STACKSEAL: `${process.execPath} ${PROGRAM}` },
          })
    this.#terminal.onData((data) => {
      this.#shown += data
      this.#wake()
    })
    this.#terminal.onExit(({ exitCode }) => {
      this.#exit = exitCode
      this.#wake()
    })
  }

  /** Everything that the terminal has shown. */
  get shown(): string {
    return this.#shown
  }

  get pid(): number {
    return this.#terminal.pid
  }

  type(text: string): void {
    this.#terminal.write(text)
  }

  /** Waits until the terminal has shown a text `times` times. */
  async see(text: string, times = 1): Promise<void> {
    await this.#until(() => this.#shown.split(text).length > times, `${JSON.stringify(text)} to be shown`)
  }

  /** Waits for the end; gives the exit number. */
  async end(): Promise<number> {
    await this.#until(() => this.#exit !== undefined, 'the end')
    return this.#exit ?? -1
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + 20_000
    while (!done()) {
      if (Date.now() > deadline || (this.#exit !== undefined && what !== 'the end')) {
        throw new Error(`waited for ${what}; shown: ${JSON.stringify(this.#shown)}`)
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      const timer = setTimeout(resolve, 200)
      await promise
      clearTimeout(timer)
    }
  }
}
