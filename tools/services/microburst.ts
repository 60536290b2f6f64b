import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { freePorts } from './free-ports.ts'
import { pythonVenv, venvPython } from './python-venv.ts'
import { ServerProcess } from './server-process.ts'
import type { Service } from './service.ts'

const VERSION = '0.10.0'

export const microburst: Service = {
  name: `microburst ${VERSION}`,
  async install() {
    await venv()
  },
}

function venv(): Promise<string> {
  return pythonVenv({ name: 'microburst', requirements: [`microburst==${VERSION}`] })
}

/** One fault; `times` bounds how often it strikes. */
export interface Fault {
  readonly service?: string
  readonly operation?: string
  readonly times?: number
  readonly error?: { readonly code: string; readonly status?: number }
  /** Milliseconds. */
  readonly latency?: number
  readonly reset?: boolean
}

/** A proxy before another server that throttles, delays and cuts, in the form in which AWS does. */
export class Microburst {
  readonly name: string = microburst.name
  readonly address: string
  readonly #folder: string
  readonly #server: ServerProcess

  private constructor(address: string, folder: string, server: ServerProcess) {
    this.address = address
    this.#folder = folder
    this.#server = server
  }

  static async start(target: string): Promise<Microburst> {
    const python = venvPython(await venv())
    const folder = await mkdtemp(join(tmpdir(), 'stackseal-microburst-'))
    const port = await freePorts(1)
    const address = `http://127.0.0.1:${port}`
    const server = await ServerProcess.start({
      name: microburst.name,
      command: python,
      arguments: [
        join(dirname(python), 'microburst'),
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
        '--upstream',
        target,
      ],
      env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder },
      cwd: folder,
      isReady: async () => (await fetch(`${address}/_microburst/health`)).ok,
    })
    return new Microburst(address, folder, server)
  }

  /** These faults from now on, in place of those before. */
  async setFaults(faults: readonly Fault[]): Promise<void> {
    const answer = await fetch(`${this.address}/_microburst/rules`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(faults.map((fault) => ({ service: 'kms', ...fault }))),
    })
    if (!answer.ok) throw new Error(`microburst takes no such rules: ${answer.status} ${await answer.text()}`)
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
