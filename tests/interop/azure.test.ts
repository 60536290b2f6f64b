import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { azureKeyVault } from '@stackseal/provider-azurekv'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type AzureOnLoopback, azureOnLoopback } from '../../packages/provider-azurekv/test/azure-on-loopback.ts'
import { ConnectProxy } from '../../packages/provider-azurekv/test/connect-proxy.ts'
import { VaultKey } from '../../packages/provider-azurekv/test/vault-keys.ts'
import { Playground, skipWithoutPulumi } from './playground.ts'
import { out } from './run-command.ts'

let azure: AzureOnLoopback
let proxy: ConnectProxy
let playground: Playground
let context: { readonly env: Readonly<Record<string, string>> }
const key = VaultKey.make()
const registry = new Registry([azureKeyVault()])

beforeAll(async () => {
  azure = await azureOnLoopback()
  azure.server.keys.set('team.vault.azure.net/app', key)
  context = { env: azure.server.signIn.add('owner', 'secret~of-the.owner-0001', ['encrypt', 'decrypt', 'list']) }
  proxy = await ConnectProxy.start(azure.server.port)
  // Pulumi is not for Node: it comes to the vault through a proxy, and trusts it by a file.
  playground = new Playground({ ...context.env, HTTPS_PROXY: proxy.address, SSL_CERT_FILE: azure.caFile })
})
afterAll(async () => {
  playground[Symbol.dispose]()
  await registry.close()
  await proxy.stop()
  await azure.stop()
})

describe.each([
  ['plain', 'azurekeyvault://team.vault.azure.net/keys/app'],
  ['algorithm', 'azurekeyvault://team.vault.azure.net/keys/app?algorithm=RSA-OAEP'],
  ['version', `azurekeyvault://team.vault.azure.net/keys/app/${key.versions[0]?.id}`],
])('a stack under the key URL with %s', (name, text) => {
  const url = parseKeyUrl(text)

  test('that Pulumi made opens here; re-wrapped and with a new value, Pulumi reads it', async (t) => {
    skipWithoutPulumi(t)
    const cwd = playground.project(`theirs-${name}`, undefined, `name: theirs-${name}\nruntime: yaml\n`)
    const pulumi = (...words: string[]): Promise<string> => out(playground.pulumi(cwd, words))
    await pulumi('stack', 'init', 'dev', '--secrets-provider', text)
    await pulumi('config', 'set', '--secret', 's', 'of Pulumi')
    const file = join(cwd, 'Pulumi.dev.yaml')
    const before = readFileSync(file, 'utf8')
    const sealed = /^encryptedkey: (\S+)$/m.exec(before)?.[1] ?? ''
    const envelope = await Envelope.open({ url, sealed }, registry, context)
    expect(await envelope.decrypt(/secure: (\S+)$/m.exec(before)?.[1] ?? '')).toBe('of Pulumi')
    expect(envelope.sealedKey.sealed).toBe(sealed)

    const provider = await registry.find(url)
    const { dataKey } = await provider.openKey(url, sealed, context)
    const again = (await provider.sealKey?.(url, dataKey, context)) ?? ''
    const added = `  theirs-${name}:t:\n    secure: ${await envelope.encrypt('of Stackseal')}\n`
    writeFileSync(file, `${before.replace(sealed, again)}${added}`)
    expect([await pulumi('config', 'get', 's'), await pulumi('config', 'get', 't')]).toEqual([
      'of Pulumi\n',
      'of Stackseal\n',
    ])
  })

  test('whose key was made here is read by Pulumi, and Pulumi sets another value under it', async (t) => {
    skipWithoutPulumi(t)
    const cwd = playground.project(`ours-${name}`, undefined, `name: ours-${name}\nruntime: yaml\n`)
    const pulumi = (...words: string[]): Promise<string> => out(playground.pulumi(cwd, words))
    await pulumi('stack', 'init', 'dev', '--secrets-provider', text)
    const envelope = await Envelope.create(url, registry, context)
    const { sealed } = envelope.sealedKey
    const secret = `  ours-${name}:s:\n    secure: ${await envelope.encrypt('of Stackseal')}\n`
    const file = join(cwd, 'Pulumi.dev.yaml')
    writeFileSync(file, `secretsprovider: ${text}\nencryptedkey: ${sealed}\nconfig:\n${secret}`)
    expect(await pulumi('config', 'get', 's')).toBe('of Stackseal\n')
    await pulumi('config', 'set', '--secret', 't', 'of Pulumi')
    const after = readFileSync(file, 'utf8')
    expect(after).toContain(`encryptedkey: ${sealed}\n`)
    const ciphertext = new RegExp(`ours-${name}:t:\\n\\s+secure: (\\S+)$`, 'm').exec(after)?.[1] ?? ''
    expect(await envelope.decrypt(ciphertext)).toBe('of Pulumi')
  })
})

test('under a key URL in another case the text is the plain one, which Pulumi reads there', async (t) => {
  skipWithoutPulumi(t)
  const text = 'AzureKeyVault://team.vault.azure.net/keys/app'
  const cwd = playground.project('case', undefined, 'name: case\nruntime: yaml\n')
  await out(playground.pulumi(cwd, ['stack', 'init', 'dev', '--secrets-provider', text.toLowerCase()]))
  const envelope = await Envelope.create(parseKeyUrl(text), registry, context)
  const secret = `  case:s:\n    secure: ${await envelope.encrypt('of Stackseal')}\n`
  const header = `secretsprovider: ${text}\nencryptedkey: ${envelope.sealedKey.sealed}\n`
  writeFileSync(join(cwd, 'Pulumi.dev.yaml'), `${header}config:\n${secret}`)
  expect(await out(playground.pulumi(cwd, ['config', 'get', 's']))).toBe('of Stackseal\n')
})

test('after the key of the vault was rotated, Pulumi fails where a stack still opens here', async (t) => {
  skipWithoutPulumi(t)
  const text = 'azurekeyvault://team.vault.azure.net/keys/app'
  const url = parseKeyUrl(text)
  const cwd = playground.project('rotated', undefined, 'name: rotated\nruntime: yaml\n')
  await out(playground.pulumi(cwd, ['stack', 'init', 'dev', '--secrets-provider', text]))
  await out(playground.pulumi(cwd, ['config', 'set', '--secret', 's', 'kept']))
  key.rotate()
  expect((await playground.pulumi(cwd, ['config', 'get', 's'])).exit).not.toBe(0)
  const file = join(cwd, 'Pulumi.dev.yaml')
  const before = readFileSync(file, 'utf8')
  const sealed = /^encryptedkey: (\S+)$/m.exec(before)?.[1] ?? ''
  const provider = await registry.find(url)
  const { dataKey } = await provider.openKey(url, sealed, context)
  const again = (await provider.sealKey?.(url, dataKey, context)) ?? ''
  writeFileSync(file, before.replace(sealed, again))
  expect(await out(playground.pulumi(cwd, ['config', 'get', 's']))).toBe('kept\n')
})
