import { readdir, readFile } from 'node:fs/promises'

import { type ProviderContext, StacksealError } from '@stackseal/core'

import { fieldOf } from './field-of.ts'
import { parseGoBool } from './go-bool.ts'

type Env = ProviderContext['env']

/** What the environment says about the server and the caller. */
export interface VaultSettings {
  /** Without a slash at its end; `http://localhost` for a Unix socket. */
  readonly address: string
  readonly socketPath: string | undefined
  /** Undefined where none is set: a Vault agent adds its own to a request that has none. */
  readonly token: string | undefined
  /** Where the token comes from, for hints: `VAULT_TOKEN`. */
  readonly tokenFrom: string | undefined
  readonly namespace: string | undefined
  /** From VAULT_HEADERS. */
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsSettings
  /** Variables for Node's proxy support: HTTPS_PROXY, HTTP_PROXY, NO_PROXY. */
  readonly proxyEnv: Readonly<Record<string, string>>
}

export interface TlsSettings {
  /** PEM texts that take the place of the system's authorities. */
  readonly ca?: readonly string[]
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  readonly rejectUnauthorized: boolean
}

/**
 * Reads the variables that the reference reads, in its order, and the token file that Vault's own program writes. An
 * empty variable counts as not set.
 * @throws ERR_CREDENTIALS_MISSING without an address, ERR_USAGE for a variable of a wrong form, ERR_FILE_NOT_FOUND
 */
export async function vaultSettings(env: Env): Promise<VaultSettings> {
  const { address, socketPath } = readAddress(env)
  const { token, from } = await readToken(env)
  return {
    address,
    socketPath,
    token,
    tokenFrom: from,
    namespace: valueOf(env, 'VAULT_NAMESPACE'),
    headers: readHeaders(env),
    tls: await readTls(env),
    proxyEnv: readProxy(env),
  }
}

function valueOf(env: Env, name: string): string | undefined {
  const value = env[name]
  return value === '' ? undefined : value
}

function readAddress(env: Env): { address: string; socketPath: string | undefined } {
  const name = valueOf(env, 'VAULT_SERVER_URL') === undefined ? 'VAULT_ADDR' : 'VAULT_SERVER_URL'
  const text = valueOf(env, name)
  if (text === undefined) {
    throw new StacksealError('ERR_CREDENTIALS_MISSING', 'neither VAULT_SERVER_URL nor VAULT_ADDR is set', {
      hint: 'set VAULT_ADDR to the address of the Vault or OpenBao server, and VAULT_TOKEN to a token',
    })
  }
  if (text.startsWith('unix://')) return { address: 'http://localhost', socketPath: text.slice('unix://'.length) }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw wrongForm(name, 'is not the address of a server', 'an address looks like https://vault.example.com:8200')
  }
  if (url.username !== '' || url.password !== '') {
    throw wrongForm(name, 'holds a user name or password', 'take the part before the @ out and set VAULT_TOKEN')
  }
  return { address: url.href.replace(/\/+$/, ''), socketPath: undefined }
}

async function readToken(env: Env): Promise<{ token: string | undefined; from: string | undefined }> {
  for (const name of ['VAULT_SERVER_TOKEN', 'VAULT_TOKEN']) {
    const token = valueOf(env, name)
    if (token !== undefined) return { token: printable(token, name), from: name }
  }
  // Not read by the reference, but by everything that Vault's own `login` is for. docs/differences.md
  const home = valueOf(env, 'HOME') ?? valueOf(env, 'USERPROFILE')
  if (home === undefined) return { token: undefined, from: undefined }
  try {
    const token = (await readFile(`${home}/.vault-token`, 'utf8')).trim()
    return token === ''
      ? { token: undefined, from: undefined }
      : { token: printable(token, '~/.vault-token'), from: '~/.vault-token' }
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { token: undefined, from: undefined }
    throw unreadable('~/.vault-token', error)
  }
}

function printable(token: string, from: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new StacksealError(
    'ERR_CREDENTIALS_INVALID',
    `the token in ${from} holds a space or another character that tokens do not have`,
    {
      hint: `set ${from} again, without a line end or quotes`,
    },
  )
}

function readHeaders(env: Env): Record<string, string> {
  const text = valueOf(env, 'VAULT_HEADERS')
  if (text === undefined) return {}
  const hint = 'it is a JSON object of texts, such as {"X-Team":"infra"}'
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(parseJsonObject(text) ?? {})) {
    if (typeof value !== 'string') throw wrongForm('VAULT_HEADERS', 'has a value that is not text', hint)
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(value)) {
      throw wrongForm('VAULT_HEADERS', 'has a name or value that a header can not have', hint)
    }
    if (/^x-vault-/i.test(name))
      throw wrongForm('VAULT_HEADERS', 'sets a header that is Vault’s own', 'take X-Vault-… out of it')
    headers[name] = value
  }
  if (Object.keys(headers).length === 0 && text.trim() !== '{}') {
    throw wrongForm('VAULT_HEADERS', 'is not a JSON object', hint)
  }
  return headers
}

function parseJsonObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined // JSON.parse's one error: this is not JSON
  }
}

async function readTls(env: Env): Promise<TlsSettings> {
  const skipText = valueOf(env, 'VAULT_SKIP_VERIFY')
  const skip = skipText === undefined ? false : parseGoBool(skipText)
  if (skip === undefined) throw wrongForm('VAULT_SKIP_VERIFY', 'is neither true nor false', 'set it to true or false')
  const ca = await readAuthorities(env)
  const certFile = valueOf(env, 'VAULT_CLIENT_CERT')
  const keyFile = valueOf(env, 'VAULT_CLIENT_KEY')
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const missing = certFile === undefined ? 'VAULT_CLIENT_CERT' : 'VAULT_CLIENT_KEY'
    throw wrongForm(missing, 'is missing', 'a client certificate needs both VAULT_CLIENT_CERT and VAULT_CLIENT_KEY')
  }
  const servername = valueOf(env, 'VAULT_TLS_SERVER_NAME')
  return {
    rejectUnauthorized: !skip,
    ...(ca === undefined ? {} : { ca }),
    ...(certFile === undefined ? {} : { cert: await readPem('VAULT_CLIENT_CERT', certFile, 'CERTIFICATE') }),
    ...(keyFile === undefined ? {} : { key: await readPem('VAULT_CLIENT_KEY', keyFile, 'PRIVATE KEY') }),
    ...(servername === undefined ? {} : { servername }),
  }
}

/** The first of the three that is set, as in the reference. */
async function readAuthorities(env: Env): Promise<readonly string[] | undefined> {
  const file = valueOf(env, 'VAULT_CACERT')
  if (file !== undefined) return [await readPem('VAULT_CACERT', file, 'CERTIFICATE')]
  const bytes = valueOf(env, 'VAULT_CACERT_BYTES')
  if (bytes !== undefined) return [pem('VAULT_CACERT_BYTES', bytes, 'CERTIFICATE')]
  const folder = valueOf(env, 'VAULT_CAPATH')
  if (folder === undefined) return undefined
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw unreadable('VAULT_CAPATH', error)
  })
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => `${entry.parentPath}/${entry.name}`)
  return Promise.all(files.map((path) => readPem('VAULT_CAPATH', path, 'CERTIFICATE')))
}

async function readPem(name: string, path: string, label: string): Promise<string> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw unreadable(name, error)
  }
  return pem(name, text, label)
}

function pem(name: string, text: string, label: string): string {
  if (new RegExp(`-----BEGIN (?:[A-Z ]+ )?${label}-----`).test(text)) return text
  throw wrongForm(name, `holds no ${label.toLowerCase()} in PEM form`, 'name a file that starts with -----BEGIN')
}

function readProxy(env: Env): Record<string, string> {
  const own = valueOf(env, 'VAULT_PROXY_ADDR') ?? valueOf(env, 'VAULT_HTTP_PROXY')
  if (own !== undefined) return { HTTP_PROXY: own, HTTPS_PROXY: own }
  const proxy: Record<string, string> = {}
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    const value = valueOf(env, name.toLowerCase()) ?? valueOf(env, name)
    if (value !== undefined) proxy[name] = value
  }
  return proxy
}

function wrongForm(name: string, reason: string, hint: string): StacksealError {
  return new StacksealError('ERR_USAGE', `${name} ${reason}`, { hint, details: { variable: name } })
}

function unreadable(name: string, error: unknown): StacksealError {
  const code = codeOf(error)
  const missing = code === 'ENOENT' || code === 'ENOTDIR'
  return new StacksealError(missing ? 'ERR_FILE_NOT_FOUND' : 'ERR_IO', `the file of ${name} can not be read`, {
    hint: missing ? `check the path in ${name}` : `check who may read the file of ${name}`,
    details: { variable: name, ...(code === undefined ? {} : { code }) },
  })
}

function codeOf(error: unknown): string | undefined {
  const code = fieldOf(error, 'code')
  return typeof code === 'string' ? code : undefined
}
