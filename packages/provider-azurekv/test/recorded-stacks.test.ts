import { readdirSync, readFileSync } from 'node:fs'

import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

import { azureKeyVault } from '../src/index.ts'
import { azureKey } from '../src/azure-key.ts'
import { azureOnLoopback } from './azure-on-loopback.ts'
import { recordedVaultStacks } from './recorded-stacks.ts'
import { VaultKey } from './vault-keys.ts'

const stacks = recordedVaultStacks()
const azure = await azureOnLoopback()
const context = { env: azure.server.signIn.add('reader', 'secret~of-the.reader-001', ['decrypt']) }

beforeEach(() => {
  azure.server.requests.length = 0
})
afterAll(() => azure.stop())

describe.each(stacks)('the recorded stack $name', ({ files, dataKey, privateKey }) => {
  const serve = (text: string): void => {
    const { host, name, version = 'latest' } = azureKey(parseKeyUrl(text))
    azure.server.keys.set(`${host}/${name}`, VaultKey.named(version, privateKey))
  }

  test.each(files)('opens from $path, with one call and no right but that to decrypt', async (file) => {
    serve(file.url)
    const registry = new Registry([azureKeyVault()])
    const sealedKey = { url: parseKeyUrl(file.url), sealed: file.encryptedKey }
    const envelope = await Envelope.open(sealedKey, registry, context)
    const values = await Promise.all(file.secrets.map((ciphertext) => envelope.decrypt(ciphertext)))
    expect(file.shown.length).toBeGreaterThan(0)
    // A state keeps the JSON of a secret, and shows it as it is.
    for (const value of values) expect(file.shown).toContain(value)
    expect(azure.server.countCalls('decrypt')).toBe(1)
    expect(String(envelope.sealedKey.url)).toBe(file.url)
    expect(envelope.sealedKey.sealed).toBe(file.encryptedKey)
    await registry.close()
  })

  test('has the data key that was recorded with it', async () => {
    const [first] = files
    if (first === undefined) throw new TypeError('the stack has no file')
    serve(first.url)
    const provider = azureKeyVault()
    const opened = await provider.openKey(parseKeyUrl(first.url), first.encryptedKey, context)
    expect(Buffer.from(opened.dataKey)).toEqual(dataKey)
    expect(opened.sealed).toBeUndefined()
    await provider.close?.()
  })
})

test('every recorded stack of Azure is among them', () => {
  const folder = new URL('../../../vectors/pulumi/stacks/cloud', import.meta.url)
  const ofAzure = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => readFileSync(new URL(`cloud/${name}/Pulumi.dev.yaml`, folder), 'utf8').includes('azurekeyvault:'))
  expect(ofAzure.length).toBeGreaterThan(0)
  expect(stacks.map(({ name }) => name).toSorted()).toEqual(ofAzure.toSorted())
  for (const { files } of stacks) expect(files.flatMap(({ secrets }) => secrets).length).toBeGreaterThan(0)
})
