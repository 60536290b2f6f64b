import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { decodeBase64, Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { afterAll, describe, expect, test } from 'vitest'

import { vault } from '../src/index.ts'
import { recordedTransitStacks } from './recorded-stacks.ts'
import { TOKENS, TransitServer } from './transit-server.ts'

const stacks = recordedTransitStacks()
const transit = await TransitServer.start(new Map(stacks.map(({ keyName, transitKey }) => [keyName, transitKey])))
const context = { env: { VAULT_ADDR: transit.origin, VAULT_TOKEN: TOKENS.owner } }

afterAll(() => transit.close())

describe.each(stacks)('the recorded stack $name', ({ files, dataKey }) => {
  test.each(files)('opens from $path', async ({ url, encryptedKey, secrets, shown }) => {
    transit.requests.length = 0
    const registry = new Registry([vault()])
    const envelope = await Envelope.open({ url: parseKeyUrl(url), sealed: encryptedKey }, registry, context)
    const values = await Promise.all(secrets.map((ciphertext) => envelope.decrypt(ciphertext)))
    expect(shown.length).toBeGreaterThan(0)
    for (const value of values) expect(shown).toContain(value)
    expect(transit.requests.map(({ path }) => path)).toEqual([`/v1/transit/decrypt/${parseKeyUrl(url).host}`])
    await registry.close()
  })

  test('has the data key that was recorded with it', async () => {
    const [first] = files
    if (first === undefined) throw new TypeError('the stack has no file')
    const { dataKey: opened } = await vault().openKey(parseKeyUrl(first.url), first.encryptedKey, context)
    expect(Buffer.from(opened)).toEqual(dataKey)
  })
})

test('a new sealed key has the text form of the recorded ones', async () => {
  const { sealed } = await vault().createKey(parseKeyUrl('hashivault://app'), context)
  const texts = [sealed, ...stacks.flatMap(({ files }) => files.map(({ encryptedKey }) => encryptedKey))].map(
    (text) => {
      const result = decodeBase64(text)
      return 'bytes' in result ? String.fromCharCode(...result.bytes) : ''
    },
  )
  // 12 bytes of nonce, 32 of key, 16 of tag: 80 characters without padding.
  for (const text of texts) expect(text).toMatch(/^vault:v1:[A-Za-z0-9+/]{80}$/)
})

test('the recorded stacks are there', () => {
  const folder = fileURLToPath(new URL('../../../vectors/pulumi/stacks/cloud', import.meta.url))
  expect(existsSync(folder)).toBe(true)
  const ofVault = readdirSync(folder).filter((name) => {
    const path = `${folder}/${name}/Pulumi.dev.yaml`
    return existsSync(path) && readFileSync(path, 'utf8').includes('hashivault://')
  })
  expect(ofVault.length).toBeGreaterThan(0)
  expect(stacks.length).toBeGreaterThan(0)
})
