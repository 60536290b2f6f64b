import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { vault } from '@stackseal/provider-vault'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { OpenBao } from '../../tools/services/openbao.ts'

const PULUMI = process.env['STACKSEAL_PULUMI'] ?? join(import.meta.dirname, '../../.cache/pulumi/pulumi')

let bao: OpenBao
let folder: string

function project(): { readonly file: string; readonly pulumi: (...words: string[]) => string } {
  const cwd = mkdtempSync(join(folder, 'project-'))
  const backend = mkdtempSync(join(folder, 'backend-'))
  writeFileSync(join(cwd, 'Pulumi.yaml'), 'name: proj\nruntime: yaml\n')
  const env = {
    PATH: process.env['PATH'],
    HOME: backend,
    PULUMI_HOME: backend,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    VAULT_ADDR: bao.address,
    VAULT_TOKEN: bao.token,
  }
  const pulumi = (...words: string[]): string =>
    execFileSync(PULUMI, words, { cwd, env, encoding: 'utf8', stdio: 'pipe' }).trimEnd()
  return { file: join(cwd, 'Pulumi.dev.yaml'), pulumi }
}
const context = (): { env: Record<string, string> } => ({ env: { VAULT_ADDR: bao.address, VAULT_TOKEN: bao.token } })

beforeAll(async () => {
  bao = await OpenBao.start()
  await bao.api('POST', 'sys/mounts/team/keys', { type: 'transit' })
  folder = mkdtempSync(join(tmpdir(), 'stackseal-interop-vault-'))
})
afterAll(async () => {
  await bao.stop()
  rmSync(folder, { recursive: true })
})

describe.each([
  ['hashivault://app', 'transit/keys/app'],
  ['hashivault:///three-slashes', 'transit/keys/three-slashes'],
  ['hashivault://x?engine=team/keys', 'team/keys/keys/x'],
  ['hashivault://tenant/../cleaned', 'transit/keys/cleaned'],
])('a stack under %s', (text, keyPath) => {
  const url = parseKeyUrl(text)
  const registry = new Registry([vault()])

  beforeAll(() => bao.api('POST', keyPath, {}))
  afterAll(() => registry.close())

  test('that Pulumi made opens here; re-wrapped after a rotation and with a new value, Pulumi reads it', async () => {
    const { file, pulumi } = project()
    pulumi('stack', 'init', 'dev', '--secrets-provider', text)
    pulumi('config', 'set', '--secret', 's', 'of Pulumi')
    const before = readFileSync(file, 'utf8')
    const sealed = /^encryptedkey: (\S+)$/m.exec(before)?.[1] ?? ''
    const envelope = await Envelope.open({ url, sealed }, registry, context())
    expect(await envelope.decrypt(/secure: (\S+)$/m.exec(before)?.[1] ?? '')).toBe('of Pulumi')

    await bao.api('POST', `${keyPath}/rotate`, {})
    const provider = await registry.find(url)
    const { dataKey } = await provider.openKey(url, sealed, context())
    const again = (await provider.sealKey?.(url, dataKey, context())) ?? ''
    expect(provider.describe?.(url, again)['version']).toBe('2')
    const added = `  proj:t:\n    secure: ${await envelope.encrypt('of Stackseal')}\n`
    writeFileSync(file, `${before.replace(sealed, again)}${added}`)
    expect([pulumi('config', 'get', 's'), pulumi('config', 'get', 't')]).toEqual(['of Pulumi', 'of Stackseal'])
  })

  test('whose key was made here is read by Pulumi, and Pulumi sets another value under it', async () => {
    const { file, pulumi } = project()
    pulumi('stack', 'init', 'dev', '--secrets-provider', text)
    const envelope = await Envelope.create(url, registry, context())
    const { sealed } = envelope.sealedKey
    const secret = `  proj:s:\n    secure: ${await envelope.encrypt('of Stackseal')}\n`
    writeFileSync(file, `secretsprovider: ${text}\nencryptedkey: ${sealed}\nconfig:\n${secret}`)
    expect(pulumi('config', 'get', 's')).toBe('of Stackseal')
    pulumi('config', 'set', '--secret', 't', 'of Pulumi')
    const after = readFileSync(file, 'utf8')
    expect(after).toContain(`encryptedkey: ${sealed}\n`)
    const ciphertext = /proj:t:\n\s+secure: (\S+)$/m.exec(after)?.[1] ?? ''
    expect(await envelope.decrypt(ciphertext)).toBe('of Pulumi')
  })
})
