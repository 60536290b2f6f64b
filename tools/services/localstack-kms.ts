import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePorts } from './free-ports.ts'
import { KmsAdmin } from './kms-admin.ts'
import { pythonVenv, venvPython } from './python-venv.ts'
import { ServerProcess } from './server-process.ts'
import type { Service } from './service.ts'

const VERSION = '4.7.0'
const SCRIPT = join(import.meta.dirname, 'localstack-kms.py')
// It takes every caller; the access key names the account.
const ANYBODY = { id: '111122223333', secret: 'secret-key-of-the-localstack-tests' }

export const localstackKms: Service = {
  name: `LocalStack KMS ${VERSION}`,
  async install() {
    await venv()
  },
}

function venv(): Promise<string> {
  return pythonVenv({
    name: 'localstack-kms',
    requirements: [`localstack-core[base-runtime]==${VERSION}`, 'cbor2==5.7.0'],
  })
}

/** LocalStack's KMS provider alone: real encryption, real key states, no callers. */
export class LocalstackKms {
  readonly name: string = localstackKms.name
  readonly address: string
  readonly caller: typeof ANYBODY = ANYBODY
  readonly #folder: string
  readonly #server: ServerProcess

  private constructor(address: string, folder: string, server: ServerProcess) {
    this.address = address
    this.#folder = folder
    this.#server = server
  }

  static async start(): Promise<LocalstackKms> {
    const command = venvPython(await venv())
    const folder = await mkdtemp(join(tmpdir(), 'stackseal-localstack-'))
    const port = await freePorts(1)
    const address = `http://127.0.0.1:${port}`
    const server = await ServerProcess.start({
      name: localstackKms.name,
      command,
      arguments: [SCRIPT, String(port)],
      env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder, DISABLE_EVENTS: '1' },
      cwd: folder,
      async isReady() {
        await new KmsAdmin(address, 'us-east-1', ANYBODY).call('ListKeys', {})
        return true
      },
    })
    return new LocalstackKms(address, folder, server)
  }

  /** Each region has keys of its own. */
  admin(region: string = 'eu-west-1'): KmsAdmin {
    return new KmsAdmin(this.address, region, ANYBODY)
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
