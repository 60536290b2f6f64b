import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseKeyUrl } from '@stackseal/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { CALLERS, json, KmsServer, refusal } from '../../../packages/provider-awskms/test/kms-server.ts'
import { recordedKmsFiles } from '../../../packages/provider-awskms/test/recorded-stacks.ts'
import { azureKey } from '../../../packages/provider-azurekv/src/azure-key.ts'
import { azureOnLoopback } from '../../../packages/provider-azurekv/test/azure-on-loopback.ts'
import { recordedVaultStacks } from '../../../packages/provider-azurekv/test/recorded-stacks.ts'
import { VaultKey } from '../../../packages/provider-azurekv/test/vault-keys.ts'
import { cryptoKey } from '../../../packages/provider-gcpkms/src/crypto-key.ts'
import { recordedKmsStacks } from '../../../packages/provider-gcpkms/test/recorded-stacks.ts'
import { recordedTransitStacks } from '../../../packages/provider-vault/test/recorded-stacks.ts'
import { TOKENS, TransitServer } from '../../../packages/provider-vault/test/transit-server.ts'
import { GoogleStandIn } from '../google/stand-in.ts'
import { ServiceStack } from './service-stack.ts'

const FOLDER = join(import.meta.dirname, '../../../vectors/pulumi/stacks/cloud')
const MAP_HOSTS = new URL('../google/map-hosts.mjs', import.meta.url).href
/** Where the recorded key URLs say that AWS KMS is. */
const RECORDED_ENDPOINT = '127.0.0.1:25001'

/** A service that holds the recorded keys. */
interface Recorded {
  readonly env: Readonly<Record<string, string>>
  readonly stop: () => Promise<void>
}

const STARTS: Readonly<Record<string, () => Promise<Recorded>>> = {
  async hashivault() {
    const keys = recordedTransitStacks().map(({ keyName, transitKey }) => [keyName, transitKey] as const)
    const transit = await TransitServer.start(new Map(keys))
    return { env: { VAULT_ADDR: transit.origin, VAULT_TOKEN: TOKENS.owner }, stop: async () => transit.close() }
  },
  async awskms() {
    const files = recordedKmsFiles()
    const kms = await KmsServer.start()
    kms.override = ({ body }) => {
      const found = files.find(({ encryptedKey }) => encryptedKey === body['CiphertextBlob'])
      if (found?.dataKey === undefined) return refusal('InvalidCiphertextException')
      return json({ Plaintext: found.dataKey.toString('base64'), KeyId: found.keyArn })
    }
    const env = {
      AWS_ENDPOINT_URL_KMS: kms.origin,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: CALLERS.owner.id,
      AWS_SECRET_ACCESS_KEY: CALLERS.owner.secret,
      NODE_OPTIONS: `--import=${MAP_HOSTS}`,
      STACKSEAL_TEST_HOSTS: `${RECORDED_ENDPOINT}=${new URL(kms.origin).host}`,
    }
    return { env, stop: async () => kms.close() }
  },
  async azurekeyvault() {
    const azure = await azureOnLoopback()
    for (const { files, privateKey } of recordedVaultStacks()) {
      for (const { url } of files) {
        const { host, name, version = 'latest' } = azureKey(parseKeyUrl(url))
        azure.server.keys.set(`${host}/${name}`, VaultKey.named(version, privateKey))
      }
    }
    const caller = azure.server.signIn.add('reader', 'secret~of-the.reader-001', ['decrypt'])
    return { env: { ...azure.processEnv, ...caller }, stop: () => azure.stop() }
  },
  async gcpkms() {
    const google = await GoogleStandIn.start()
    for (const { files, kmsKey } of recordedKmsStacks()) {
      for (const { url } of files) google.kms.addKey(cryptoKey(parseKeyUrl(url)).name, { bare: kmsKey })
    }
    return { env: google.environment(), stop: async () => google.stop() }
  },
}

function hasDataKey(path: string): boolean {
  return recordedKmsFiles().some((each) => each.path === path && each.dataKey !== undefined)
}

/** Every stack file whose data key was recorded, by the scheme of its key URL. */
const recorded = readdirSync(FOLDER)
  .filter((stack) => existsSync(join(FOLDER, stack, 'data-key.json')))
  .flatMap((stack) =>
    readdirSync(join(FOLDER, stack))
      .filter((file) => /(?:^|\.)Pulumi\.dev\.yaml$/.test(file))
      .map((file) => {
        const text = readFileSync(join(FOLDER, stack, file), 'utf8')
        return { stack, file, text, scheme: /^secretsprovider: (\w+):/m.exec(text)?.[1] }
      }),
  )
  // Those of a passphrase are no matter of a service. Of the re-wrapped ones on AWS the data key was not recorded, and no
  // key of a server is there that would open it.
  .filter(
    ({ scheme, stack, file }) => scheme !== undefined && !(scheme === 'awskms' && !hasDataKey(`${stack}/${file}`)),
  )

test('there are recorded stacks of every service', () => {
  expect(new Set(recorded.map(({ scheme }) => scheme))).toEqual(new Set(Object.keys(STARTS)))
  expect(new Set(recorded.map(({ stack }) => stack)).size).toBeGreaterThanOrEqual(9)
})

describe.each(Object.entries(STARTS))('recorded stacks on %s', (scheme, start) => {
  let service: Recorded
  beforeAll(async () => {
    service = await start()
  })
  afterAll(() => service.stop())

  test.each(recorded.filter((each) => each.scheme === scheme))('$stack/$file', async ({ stack, file, text }) => {
    const made = new ServiceStack({ service: scheme, env: service.env })
    const folder = join(FOLDER, stack)
    copyFileSync(join(folder, 'Pulumi.yaml'), join(made.folder, 'Pulumi.yaml'))
    copyFileSync(join(folder, file), join(made.folder, 'Pulumi.dev.yaml'))
    const printed = (name: string): string =>
      readFileSync(join(folder, file.replace('Pulumi.dev.yaml', `config.${name}`)), 'utf8')

    expect(await made.do('config', '--show-secrets', '--json')).toBe(printed('show-secrets.json'))
    expect(await made.do('config', '--json')).toBe(printed('json'))
    expect(made.text).toBe(text)

    // A change leaves the key URL, the sealed key and every other ciphertext as they are, byte for byte.
    await made.do('config', 'set', '--secret', 'added', 'battery staple')
    expect(made.text.replace(/^ {2}vec:added:\n {4}secure: v1:\S+\n/m, '')).toBe(text)
    expect(await made.do('config', 'get', 'added')).toBe('battery staple\n')
    made.remove()
  })
})
