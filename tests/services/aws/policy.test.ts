import { afterAll, beforeAll, expect, test } from 'vitest'

import type { KmsAdmin } from '../../../tools/services/kms-admin.ts'
import { MiniStack } from '../../../tools/services/ministack.ts'
import { ServiceStack } from '../cli/service-stack.ts'
import { leakRecord } from '../leaks/leak-record.ts'

// What `stackseal providers policy` prints, given to a caller who has nothing else. The key is named by its id: this
// server looks for the Resource that a request names, and so does not find the key of an alias.
const REGION = 'eu-west-1'
let aws: MiniStack
let admin: KmsAdmin
let keyId: string
let otherId: string

beforeAll(async () => {
  aws = await MiniStack.start()
  admin = aws.admin(REGION)
  keyId = await admin.createKey('app')
  otherId = await admin.createKey('other')
})
afterAll(() => aws.stop())

interface Printed {
  readonly parts: readonly { readonly title: string; readonly text: string }[]
}

/** A user with no rights, and a stack of that user. */
async function somebody(name: string): Promise<{ arn: string; stack: ServiceStack }> {
  const user = await aws.user(name, [{ Effect: 'Allow', Action: 'sts:GetCallerIdentity', Resource: '*' }])
  leakRecord.keepSecret(user.secret)
  const env = {
    AWS_ENDPOINT_URL: aws.address,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: user.id,
    AWS_SECRET_ACCESS_KEY: user.secret,
  }
  return { arn: `arn:aws:iam::${aws.account}:user/${name}`, stack: new ServiceStack({ service: 'AWS', env }) }
}

async function policies(stack: ServiceStack, url: string, principal: string): Promise<{ key: string; iam: string }> {
  const { parts }: Printed = JSON.parse(await stack.do('providers', 'policy', url, '--principal', principal, '--json'))
  const [key, iam] = parts
  return { key: key?.text ?? '', iam: iam?.text ?? '' }
}

test('the narrow statement for IAM is enough for that key, and for no other', async () => {
  const { arn, stack } = await somebody('by-iam')
  const init = (id: string) => stack.run('stack', 'init', 'dev', '--secrets-provider', `awskms://${id}`, '--json')
  expect(await init(keyId)).toMatchObject({ exit: 4, stderr: expect.stringContaining('ERR_ACCESS_DENIED') })

  const { iam } = await policies(stack, `awskms://${keyId}`, arn)
  expect(iam).toContain(`:key/${keyId}"`)
  await aws.iam('PutUserPolicy', { UserName: 'by-iam', PolicyName: 'rights', PolicyDocument: iam })
  expect(await init(otherId)).toMatchObject({ exit: 4, stderr: expect.stringContaining('ERR_ACCESS_DENIED') })
  expect(await init(keyId)).toMatchObject({ exit: 0 })
  await stack.do('config', 'set', '--secret', 'token', 'correct horse battery staple')
  expect(await stack.do('config', 'get', 'token')).toBe('correct horse battery staple\n')
  stack.remove()
})

test('the policy of the key is enough for that key, and leaves the account able to manage it', async () => {
  const { arn, stack } = await somebody('by-key')
  const { key } = await policies(stack, `awskms://${otherId}`, arn)
  const put = (): Promise<unknown> => admin.call('PutKeyPolicy', { KeyId: otherId, PolicyName: 'default', Policy: key })
  await put()
  const init = await stack.run('stack', 'init', 'dev', '--secrets-provider', `awskms://${otherId}`, '--json')
  expect(init).toMatchObject({ exit: 0 })
  expect(await stack.do('verify')).toContain('the data key opens')
  await expect(put()).resolves.not.toThrow()
  expect(await admin.arnOf(otherId)).toContain(otherId)
  stack.remove()
})
