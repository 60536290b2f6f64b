import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { type AwsCaller, iamCall, makeBucket } from './aws-call.ts'
import { freePorts } from './free-ports.ts'
import { KmsAdmin } from './kms-admin.ts'
import { pythonVenv, venvPython } from './python-venv.ts'
import { ServerProcess } from './server-process.ts'
import type { Service } from './service.ts'

const VERSION = '1.5.33'
const ROOT: AwsCaller = { id: 'test', secret: 'test' }
const ACCOUNT = '000000000000'

export const ministack: Service = {
  name: `MiniStack ${VERSION}`,
  async install() {
    await venv()
  },
}

function venv(): Promise<string> {
  return pythonVenv({ name: 'ministack', requirements: [`ministack==${VERSION}`, 'cryptography==46.0.3'] })
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
}

/**
 * MiniStack with `AUTH=true`: it checks signatures, IAM policies and key policies. Its cipher is an XOR, so nothing
 * about changed ciphertexts can be learnt here.
 */
export class MiniStack {
  readonly name: string = ministack.name
  readonly address: string
  readonly root: AwsCaller = ROOT
  readonly account: string = ACCOUNT
  readonly #folder: string
  readonly #server: ServerProcess

  private constructor(address: string, folder: string, server: ServerProcess) {
    this.address = address
    this.#folder = folder
    this.#server = server
  }

  static async start(): Promise<MiniStack> {
    const python = venvPython(await venv())
    const folder = await mkdtemp(join(tmpdir(), 'stackseal-ministack-'))
    const port = await freePorts(1)
    const address = `http://127.0.0.1:${port}`
    const server = await ServerProcess.start({
      name: ministack.name,
      command: python,
      arguments: [join(dirname(python), 'ministack')],
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        TMPDIR: folder,
        AUTH: 'true',
        // It listens on every interface where this is not said.
        BIND_HOST: '127.0.0.1',
        GATEWAY_PORT: String(port),
        // Two more listeners that are on by default, at fixed ports of every interface.
        IOT_MTLS_ENABLED: '0',
        SFTP_ENABLED: '0',
      },
      cwd: folder,
      async isReady() {
        await new KmsAdmin(address, 'us-east-1', ROOT).call('ListKeys', {})
        return true
      },
    })
    return new MiniStack(address, folder, server)
  }

  admin(region: string = 'eu-west-1'): KmsAdmin {
    return new KmsAdmin(this.address, region, ROOT)
  }

  iam(action: string, input: Readonly<Record<string, string>>): Promise<string> {
    return iamCall({ address: this.address, region: 'us-east-1', caller: ROOT }, action, input)
  }

  /** A user with one policy of its own, and an access key of that user. */
  async user(name: string, statements: readonly Statement[]): Promise<AwsCaller> {
    await this.iam('CreateUser', { UserName: name })
    await this.setPolicy(name, statements)
    const xml = await this.iam('CreateAccessKey', { UserName: name })
    const field = (tag: string): string => new RegExp(`<${tag}>([^<]+)</${tag}>`).exec(xml)?.[1] ?? ''
    return { id: field('AccessKeyId'), secret: field('SecretAccessKey') }
  }

  async setPolicy(user: string, statements: readonly Statement[]): Promise<void> {
    await this.iam('PutUserPolicy', {
      UserName: user,
      PolicyName: 'rights',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    })
  }

  /** A role that everybody of the account may assume. */
  async role(name: string, statements: readonly Statement[]): Promise<string> {
    const trust = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'sts:AssumeRole' }
    await this.iam('CreateRole', {
      RoleName: name,
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
    })
    await this.iam('PutRolePolicy', {
      RoleName: name,
      PolicyName: 'rights',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    })
    return `arn:aws:iam::${ACCOUNT}:role/${name}`
  }

  createBucket(name: string): Promise<void> {
    return makeBucket({ address: this.address, region: 'us-east-1', caller: ROOT }, name)
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
