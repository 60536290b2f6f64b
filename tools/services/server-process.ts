import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const RUNNING = join(import.meta.dirname, '../../.cache/services/running')

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
  #output = ''

  private constructor({ command, arguments: given, env, cwd }: ServerOptions) {
    this.#child = spawn(command, given, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (data: Buffer) => (this.#output = `${this.#output}${data.toString()}`.slice(-KEPT_OUTPUT)))
    }
    process.once('exit', this.#kill)
    if (this.#child.pid !== undefined) {
      mkdirSync(RUNNING, { recursive: true })
      writeFileSync(this.#note, '')
      this.#child.once('exit', () => rmSync(this.#note, { force: true }))
    }
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

  get #note(): string {
    return join(RUNNING, String(this.#child.pid))
  }

  readonly #kill = (): void => {
    this.#child.kill('SIGKILL')
  }
}

/** Forgets the servers of an earlier run: their numbers may be those of other processes by now. */
export function forgetServers(): void {
  rmSync(RUNNING, { recursive: true, force: true })
}

/** Ends the servers that a test runner left when it was ended itself. */
export function endLeftServers(): number {
  mkdirSync(RUNNING, { recursive: true })
  const left = readdirSync(RUNNING).map(Number)
  for (const pid of left) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  forgetServers()
  return left.length
}
