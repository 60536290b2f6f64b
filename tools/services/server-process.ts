import { type ChildProcess, spawn } from 'node:child_process'

const READY_MS = 30_000
const PROBE_MS = 50
const STOP_MS = 5_000
const KEPT_OUTPUT = 4_000

export interface ServerOptions {
  readonly name: string
  readonly command: string
  readonly arguments: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Whether it answers. */
  readonly isReady: () => Promise<boolean>
}

/** A server in a process of its own. It ends with {@link ServerProcess.stop}, or with this process. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #name: string
  #output = ''

  private constructor({ name, command, arguments: given, env, cwd }: ServerOptions) {
    this.#name = name
    this.#child = spawn(command, given, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (data: Buffer) => (this.#output = `${this.#output}${data.toString()}`.slice(-KEPT_OUTPUT)))
    }
    process.once('exit', this.#kill)
  }

  /** @throws with the end of its output, where it ends or does not answer in time */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    const server = new ServerProcess(options)
    const failure = new Promise<never>((_, reject) => {
      server.#child.once('error', reject)
      server.#child.once('exit', () => reject(new Error(`${options.name} ended: ${server.#output}`)))
    })
    failure.catch(() => undefined) // after it was ready nobody waits for this
    const deadline = Date.now() + READY_MS
    while (!(await Promise.race([options.isReady().catch(() => false), failure]))) {
      if (Date.now() > deadline) {
        await server.stop()
        throw new Error(`${options.name} does not answer: ${server.#output}`)
      }
      await new Promise((resolve) => setTimeout(resolve, PROBE_MS))
    }
    return server
  }

  async stop(): Promise<void> {
    process.off('exit', this.#kill)
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    const timer = setTimeout(this.#kill, STOP_MS)
    await ended
    clearTimeout(timer)
  }

  readonly #kill = (): void => {
    this.#child.kill('SIGKILL')
  }

  get name(): string {
    return this.#name
  }
}
