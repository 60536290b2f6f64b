import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'

import { FakeKms, PARENT, TOKENS } from '../../packages/provider-gcpkms/test/fake-kms.ts'
import { testCertificate } from '../../packages/provider-gcpkms/test/kms-server.ts'
import { gcpKmsOnLoopback, PORT_VARIABLE } from '../../packages/provider-gcpkms/test/loopback.ts'
import { PULUMI, skipWithoutPulumi } from './playground.ts'
import { out, runCommand } from './run-command.ts'

// Pulumi can't be pointed at another server. It runs where the name of the real one is that of an address on loopback.
const ADDRESS = '127.99.7.1'

let kms: FakeKms
let door: Server | undefined
let closed: string | undefined
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stackseal-interop-google-'))
  kms = await FakeKms.start()
  writeFileSync(join(folder, 'authority.pem'), testCertificate().cert)
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost\n${ADDRESS} cloudkms.googleapis.com\n`)
  const entered = spawnSync('unshare', ['-m', 'mount', '--bind', join(folder, 'hosts'), '/etc/hosts'])
  if (entered.status !== 0) closed = 'a mount namespace (unshare -m) is not permitted here'
  else closed = await openDoor()
})
afterAll(async () => {
  door?.close()
  kms.stop()
  rmSync(folder, { recursive: true })
})

/** Listens where Pulumi connects to; gives the reason where that is not permitted. */
async function openDoor(): Promise<string | undefined> {
  const server = createServer((socket) => {
    const inside = connect(kms.port, '127.0.0.1')
    socket.on('error', () => inside.destroy()).pipe(inside)
    inside.on('error', () => socket.destroy()).pipe(socket)
  })
  const error = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve).listen(443, ADDRESS, () => resolve(undefined))
  })
  if (error !== undefined) return `port 443 of ${ADDRESS} can not be listened on here`
  door = server
  return undefined
}

function skipWhereItCanNotRun(context: TestContext): void {
  skipWithoutPulumi(context)
  if (closed !== undefined) context.skip(`nothing to compare with: ${closed}`)
}

function project(): { readonly file: string; readonly pulumi: (...words: string[]) => Promise<string> } {
  const cwd = mkdtempSync(join(folder, 'project-'))
  const backend = mkdtempSync(join(folder, 'backend-'))
  writeFileSync(join(cwd, 'Pulumi.yaml'), 'name: proj\nruntime: yaml\n')
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: backend,
    PULUMI_HOME: backend,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    GOOGLE_OAUTH_ACCESS_TOKEN: TOKENS.owner,
    SSL_CERT_FILE: join(folder, 'authority.pem'),
  }
  const script = 'mount --bind "$0" /etc/hosts && exec "$@"'
  const pulumi = async (...words: string[]): Promise<string> => {
    const args = ['-m', 'sh', '-c', script, join(folder, 'hosts'), PULUMI, ...words]
    return (await out(runCommand('unshare', args, { cwd, env }))).trimEnd()
  }
  return { file: join(cwd, 'Pulumi.dev.yaml'), pulumi }
}

const context = (): { env: Record<string, string> } => ({
  env: { GOOGLE_OAUTH_ACCESS_TOKEN: TOKENS.owner, [PORT_VARIABLE]: String(kms.port) },
})

describe.each([
  `gcpkms://${PARENT}/app`,
  `gcpkms://${PARENT}/db?additional_authenticated_data=SGVsbG8sIOS4lueVjA==`,
  `gcpkms://projects/x/../p/locations//global/keyRings/r/cryptoKeys/app/`,
])('a stack under %s', (text) => {
  const url = parseKeyUrl(text)
  const registry = new Registry([gcpKmsOnLoopback()])
  afterAll(() => registry.close())

  test('that Pulumi made opens here, and Pulumi reads a value that was added', async (t) => {
    skipWhereItCanNotRun(t)
    const { file, pulumi } = project()
    await pulumi('stack', 'init', 'dev', '--secrets-provider', text)
    await pulumi('config', 'set', '--secret', 's', 'of Pulumi')
    const before = readFileSync(file, 'utf8')
    const sealed = /^encryptedkey: (\S+)$/m.exec(before)?.[1] ?? ''
    const envelope = await Envelope.open({ url, sealed }, registry, context())
    expect(await envelope.decrypt(/secure: (\S+)$/m.exec(before)?.[1] ?? '')).toBe('of Pulumi')

    const provider = await registry.find(url)
    const { dataKey } = await provider.openKey(url, sealed, context())
    const again = (await provider.sealKey?.(url, dataKey, context())) ?? ''
    const added = `  proj:t:\n    secure: ${await envelope.encrypt('of Stackseal')}\n`
    writeFileSync(file, `${before.replace(sealed, again)}${added}`)
    expect([await pulumi('config', 'get', 's'), await pulumi('config', 'get', 't')]).toEqual([
      'of Pulumi',
      'of Stackseal',
    ])
  })

  test('whose key was made here is read by Pulumi, and Pulumi sets another value under it', async (t) => {
    skipWhereItCanNotRun(t)
    const { file, pulumi } = project()
    await pulumi('stack', 'init', 'dev', '--secrets-provider', text)
    const envelope = await Envelope.create(url, registry, context())
    const { sealed } = envelope.sealedKey
    const secret = `  proj:s:\n    secure: ${await envelope.encrypt('of Stackseal')}\n`
    writeFileSync(file, `secretsprovider: ${text}\nencryptedkey: ${sealed}\nconfig:\n${secret}`)
    expect(await pulumi('config', 'get', 's')).toBe('of Stackseal')
    await pulumi('config', 'set', '--secret', 't', 'of Pulumi')
    const after = readFileSync(file, 'utf8')
    expect(after).toContain(`encryptedkey: ${sealed}\n`)
    expect(await envelope.decrypt(/proj:t:\n\s+secure: (\S+)$/m.exec(after)?.[1] ?? '')).toBe('of Pulumi')
  })
})
