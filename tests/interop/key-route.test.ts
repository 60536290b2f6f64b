import { afterAll, beforeAll, expect, test } from 'vitest'

import { walkedByPulumi, walkedByStackseal } from './key-route.ts'
import { type KeyServices, keyServices } from './key-services.ts'
import { Playground } from './playground.ts'
import { type S3Playground, s3Playground } from './s3-playground.ts'
import { skipWithoutUp } from './up-stack.ts'

const TIMEOUT_MS = 600_000
const CALLER = { id: 'test', secret: 'test' }
const PASSPHRASE = { PULUMI_CONFIG_PASSPHRASE: 'one' }

let services: KeyServices
let bucket: S3Playground
beforeAll(async () => {
  services = await keyServices(CALLER)
  bucket = await s3Playground({ ...services.env, ...PASSPHRASE })
})
afterAll(async () => {
  await bucket[Symbol.asyncDispose]()
  await services[Symbol.asyncDispose]()
})

test(
  'passphrase, Vault, AWS, passphrase, walked by Stackseal: after each step Pulumi reads all and deploys',
  { timeout: TIMEOUT_MS },
  async (context) => {
    skipWithoutUp(context)
    using playground = new Playground({ ...services.env, ...PASSPHRASE })
    expect(await walkedByStackseal(playground, services)).toHaveLength(9)
  },
)

test('the same route walked by Pulumi is read by Stackseal', { timeout: TIMEOUT_MS }, async (context) => {
  skipWithoutUp(context)
  using playground = new Playground({ ...services.env, ...PASSPHRASE })
  expect(await walkedByPulumi(playground, services)).toHaveLength(6)
})

test(
  'the same route with the state in a bucket, which Pulumi carries for Stackseal',
  { timeout: TIMEOUT_MS },
  async (context) => {
    skipWithoutUp(context)
    expect(await walkedByStackseal(bucket.playground, services)).toHaveLength(9)
  },
)
