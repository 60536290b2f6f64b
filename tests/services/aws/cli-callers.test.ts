import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import type { AwsCaller } from '../../../tools/services/aws-call.ts'
import { MiniStack } from '../../../tools/services/ministack.ts'
import { ServiceStack } from '../cli/service-stack.ts'
import { leakRecord } from '../leaks/leak-record.ts'

// Of the SDK the built command line holds what can be reached: here it is reached in each of the ways to a caller.
const USE = { Effect: 'Allow', Action: ['kms:Encrypt', 'kms:Decrypt'], Resource: '*' } as const
const VALUE = 'correct horse battery staple'
let aws: MiniStack
let owner: AwsCaller
let role: string

beforeAll(async () => {
  aws = await MiniStack.start()
  await aws.admin('eu-west-1').createKey('app')
  owner = await aws.user('owner', [USE, { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }])
  role = await aws.role('deploy', [USE])
  leakRecord.keepSecret(owner.secret, VALUE)
})
afterAll(() => aws.stop())

const place = (): Record<string, string> => ({ AWS_ENDPOINT_URL: aws.address, AWS_REGION: 'eu-west-1' })
const keys = (): Record<string, string> => ({ AWS_ACCESS_KEY_ID: owner.id, AWS_SECRET_ACCESS_KEY: owner.secret })

async function initSetGet(stack: ServiceStack, keyUrl: string): Promise<string> {
  await stack.do('stack', 'init', 'dev', '--secrets-provider', keyUrl)
  await stack.do('config', 'set', '--secret', 'token', VALUE)
  return stack.do('config', 'get', 'token')
}

test('a role that the key URL names is taken on', async () => {
  const stack = new ServiceStack({ service: 'AWS', env: { ...place(), ...keys() } })
  expect(await initSetGet(stack, `awskms://alias/app?role=${role}`)).toBe(`${VALUE}\n`)
  stack.remove()
})

test.each([
  ['keys', () => `aws_access_key_id = ${owner.id}\naws_secret_access_key = ${owner.secret}\n`],
  [
    'a command that prints them',
    () => {
      const answer = { Version: 1, AccessKeyId: owner.id, SecretAccessKey: owner.secret }
      return `credential_process = printf '%s' '${JSON.stringify(answer)}'\n`
    },
  ],
  [
    'a role, and another profile that takes it on',
    () =>
      `role_arn = ${role}\nsource_profile = base\n[base]\naws_access_key_id = ${owner.id}\naws_secret_access_key = ${owner.secret}\n`,
  ],
])('a profile with %s', async (_, lines) => {
  const stack = new ServiceStack({ service: 'AWS', env: place() })
  const folder = join(stack.folder, 'home/.aws')
  mkdirSync(folder)
  writeFileSync(join(folder, 'credentials'), `[work]\n${lines()}`)
  expect(await initSetGet(stack, 'awskms://alias/app?profile=work')).toBe(`${VALUE}\n`)
  // The file is the caller's own; whoever looks for leaks would find it.
  writeFileSync(join(folder, 'credentials'), '')
  stack.remove()
})

test('a wrong secret key', async () => {
  const wrong = { ...keys(), AWS_SECRET_ACCESS_KEY: 'wrong-secret-key-of-the-owner-0000000000' }
  const stack = new ServiceStack({ service: 'AWS', env: { ...place(), ...wrong } })
  const ran = await stack.run('stack', 'init', 'dev', '--secrets-provider', 'awskms://alias/app', '--json')
  expect(ran).toMatchObject({ exit: 4, stderr: expect.stringContaining('ERR_CREDENTIALS_INVALID') })
  expect(ran.stderr).toContain('"changed":false')
  stack.remove()
})

test('nobody', async () => {
  const env = { ...place(), AWS_EC2_METADATA_DISABLED: 'true' }
  const stack = new ServiceStack({ service: 'AWS', env })
  const ran = await stack.run('stack', 'init', 'dev', '--secrets-provider', 'awskms://alias/app', '--json')
  expect(ran).toMatchObject({ exit: 4, stderr: expect.stringContaining('ERR_CREDENTIALS_MISSING') })
  stack.remove()
})
