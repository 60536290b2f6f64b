import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { awsKms } from '@stackseal/provider-awskms'
import { afterAll, describe, expect, test } from 'vitest'

import { LocalstackKms } from '../../tools/services/localstack-kms.ts'

const PULUMI = process.env['STACKSEAL_PULUMI'] ?? join(import.meta.dirname, '../../.cache/pulumi/pulumi')
const REGION = 'eu-west-1'

const localstack = await LocalstackKms.start()
const admin = localstack.admin(REGION)
const folder = mkdtempSync(join(tmpdir(), 'stackseal-interop-aws-'))
const keyId = await admin.createKey('app')
const arn = await admin.arnOf(keyId)
const endpoint = encodeURIComponent(localstack.address)
const env = { AWS_ACCESS_KEY_ID: localstack.caller.id, AWS_SECRET_ACCESS_KEY: localstack.caller.secret }
const inEnvironment = { AWS_REGION: REGION, AWS_ENDPOINT_URL_KMS: localstack.address }

function project(more: Readonly<Record<string, string>>): {
  readonly file: string
  readonly pulumi: (...words: string[]) => string
} {
  const cwd = mkdtempSync(join(folder, 'project-'))
  const backend = mkdtempSync(join(folder, 'backend-'))
  writeFileSync(join(cwd, 'Pulumi.yaml'), 'name: proj\nruntime: yaml\n')
  const all = {
    PATH: process.env['PATH'],
    HOME: backend,
    PULUMI_HOME: backend,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...env,
    ...more,
  }
  const pulumi = (...words: string[]): string =>
    execFileSync(PULUMI, words, { cwd, env: all, encoding: 'utf8', stdio: 'pipe' }).trimEnd()
  return { file: join(cwd, 'Pulumi.dev.yaml'), pulumi }
}

afterAll(async () => {
  await localstack.stop()
  rmSync(folder, { recursive: true })
})

describe.each<[text: string, more: Readonly<Record<string, string>>]>([
  [`awskms://alias/app?region=${REGION}&endpoint=${localstack.address}`, {}],
  [`awskms:///alias/app?awssdk=v2&region=${REGION}&endpoint=${endpoint}`, {}],
  [`awskms://${keyId}?region=${REGION}&endpoint=${endpoint}`, {}],
  [`awskms:///${arn}`, inEnvironment],
  ['awskms://alias/app', { AWS_DEFAULT_REGION: REGION, AWS_ENDPOINT_URL: localstack.address }],
  ['awskms://alias/app?context_stack=dev&context_team=in+fra', inEnvironment],
])('a stack under %s', (text, more) => {
  const url = parseKeyUrl(text)
  const context = { env: { ...env, ...more } }
  const registry = new Registry([awsKms()])
  afterAll(() => registry.close())

  test('that Pulumi made opens here; re-wrapped and with a new value, Pulumi reads it', async () => {
    const { file, pulumi } = project(more)
    pulumi('stack', 'init', 'dev', '--secrets-provider', text)
    pulumi('config', 'set', '--secret', 's', 'of Pulumi')
    const before = readFileSync(file, 'utf8')
    const sealed = /^encryptedkey: (\S+)$/m.exec(before)?.[1] ?? ''
    const envelope = await Envelope.open({ url, sealed }, registry, context)
    expect(await envelope.decrypt(/secure: (\S+)$/m.exec(before)?.[1] ?? '')).toBe('of Pulumi')

    await admin.call('RotateKeyOnDemand', { KeyId: keyId })
    const provider = await registry.find(url)
    const { dataKey } = await provider.openKey(url, sealed, context)
    const again = (await provider.sealKey?.(url, dataKey, context)) ?? ''
    expect(again).not.toBe(sealed)
    const added = `  proj:t:\n    secure: ${await envelope.encrypt('of Stackseal')}\n`
    writeFileSync(file, `${before.replace(sealed, again)}${added}`)
    expect([pulumi('config', 'get', 's'), pulumi('config', 'get', 't')]).toEqual(['of Pulumi', 'of Stackseal'])
  })

  test('whose key was made here is read by Pulumi, and Pulumi sets another value under it', async () => {
    const { file, pulumi } = project(more)
    pulumi('stack', 'init', 'dev', '--secrets-provider', text)
    const envelope = await Envelope.create(url, registry, context)
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
