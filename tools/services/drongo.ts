import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePorts } from './free-ports.ts'
import { pythonVenv, venvPython } from './python-venv.ts'
import { ServerProcess } from './server-process.ts'
import type { Service } from './service.ts'

const VERSION = '0.8.0'

/** A stand-in for Google Cloud that speaks REST alone. Its ciphertexts hold the plaintext, and its keys no versions. */
export const drongo: Service = {
  name: `drongo ${VERSION}`,
  async install() {
    await venv()
  },
}

function venv(): Promise<string> {
  return pythonVenv({ name: 'drongo', requirements: [`drongo==${VERSION}`, 'google-crc32c==1.7.1'] })
}

/** A server of its own, in memory. */
export class Drongo {
  readonly port: number
  readonly #folder: string
  readonly #server: ServerProcess

  private constructor(port: number, folder: string, server: ServerProcess) {
    this.port = port
    this.#folder = folder
    this.#server = server
  }

  static async start(): Promise<Drongo> {
    const folder = await mkdtemp(join(tmpdir(), 'stackseal-drongo-'))
    const port = await freePorts(1)
    const server = await ServerProcess.start({
      name: drongo.name,
      command: join(venvPython(await venv()), '..', 'drongo'),
      arguments: ['server', '--host', '127.0.0.1', '--port', String(port)],
      env: { PATH: process.env['PATH'], HOME: folder },
      cwd: folder,
      isReady: async () => (await fetch(`http://127.0.0.1:${port}/drongo/health`)).ok,
    })
    return new Drongo(port, folder, server)
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** A call of Cloud KMS's own REST interface. @throws for every status but 2xx */
  async post(path: string, body: object): Promise<unknown> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (answer.ok) return answer.json()
    throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`)
  }
}
