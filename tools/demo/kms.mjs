// Plays the product's story on a key of AWS KMS: who has the right to use the key reads the secrets, and who lost it does
// not. A server on this machine stands in for AWS, and the first lines say which. Exit 1 if a claim does not hold.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MiniStack, ministack } from '../services/ministack.ts'
import { Story } from './story.mjs'

const REGION = 'us-west-2'
const ALIAS = 'stack-encryption-key'
const KEY_URL = `awskms://alias/${ALIAS}?region=${REGION}`
const cli = join(fileURLToPath(new URL('../../', import.meta.url)), 'apps/cli/dist/stackseal.mjs')

/** MiniStack, installed where it is not yet; undefined where it can't be, with the reason told. */
async function start() {
  try {
    await ministack.install()
    return await MiniStack.start()
  } catch (error) {
    console.error(`demo:kms needs ${ministack.name}, a server that stands in for AWS: ${error.message}`)
    return undefined
  }
}

const aws = await start()
const place = mkdtempSync(join(tmpdir(), 'stackseal-demo-kms-'))
try {
  process.exitCode = aws === undefined ? 1 : await play(aws)
} finally {
  await aws?.stop()
  rmSync(place, { recursive: true, force: true })
}

/** @param {MiniStack} server */
async function play(server) {
  const admin = server.admin(REGION)
  const who = `arn:aws:iam::${server.account}:user/deploy`
  // What an administrator does; the rest of the story is the caller's.
  const keyId = await admin.createKey(ALIAS)
  const setKeyPolicy = (policy) => admin.call('PutKeyPolicy', { KeyId: keyId, PolicyName: 'default', Policy: policy })
  const wide = { Effect: 'Allow', Action: ['kms:Encrypt', 'kms:Decrypt'], Resource: '*' }
  const caller = await server.user('deploy', [wide])
  const story = new Story(cli, {
    PATH: process.env.PATH,
    HOME: place,
    PULUMI_HOME: join(place, '.pulumi'),
    STACKSEAL_STATE_DIR: join(place, '.state'),
    PULUMI_STACK: 'dev',
    AWS_ENDPOINT_URL: server.address,
    AWS_ACCESS_KEY_ID: caller.id,
    AWS_SECRET_ACCESS_KEY: caller.secret,
  })
  const shop = join(place, 'shop')
  const file = join(shop, 'Pulumi.dev.yaml')
  mkdirSync(shop)
  writeFileSync(join(shop, 'Pulumi.yaml'), 'name: shop\nruntime: yaml\n')

  story.chapter('The server')
  story.say(`${server.name} at ${server.address} stands in for AWS KMS and IAM. It checks signatures, IAM policies and`)
  story.say('key policies as AWS does; its cipher is a toy, so nothing is shown here about changed ciphertexts.')

  story.chapter('A key, an alias, and a caller')
  story.show(`aws kms create-key --region ${REGION}`, `${keyId}\n`)
  story.show(`aws kms create-alias --alias-name alias/${ALIAS} --target-key-id ${keyId}`, '')
  story.show('aws iam create-user --user-name deploy', `${who}\n`)
  story.say(
    'This server does not find the key of an alias for a policy that names one key, so the IAM policy of deploy is',
  )
  story.say('wide here, and the policy of the key decides. On AWS both can be as narrow as printed below.')

  story.chapter('The least rights for that key')
  const told = story.stackseal(shop, ['providers', 'policy', KEY_URL, '--principal', who])
  story.claim('the account stays able to manage the key', told.stdout.includes(`arn:aws:iam::${server.account}:root`))
  // The first of the two texts, each under a title.
  const [, keyPolicy] = told.stdout.split(/^# .*\n/m)
  await setKeyPolicy(keyPolicy)
  story.show(`aws kms put-key-policy --key-id ${keyId} --policy-name default --policy file://key-policy.json`, '')

  story.chapter('A stack whose data key lies under that key')
  story.stackseal(shop, ['stack', 'init', 'dev', '--secrets-provider', KEY_URL])
  story.stackseal(shop, ['config', 'set', 'region', 'eu-west-1'])
  story.stackseal(shop, ['config', 'set', '--secret', 'supersecret', 'correct-horse-battery-stable'])
  const stackFile = story.show('cat Pulumi.dev.yaml', readFileSync(file, 'utf8'))
  story.claim('the file names the key', stackFile.includes(`secretsprovider: ${KEY_URL}\n`))
  story.claim('the file holds the data key, sealed by that key', /^encryptedkey: [\w+/]{100,}={0,2}$/m.test(stackFile))
  story.claim('the plaintext is nowhere in it', !stackFile.includes('correct-horse'))
  const got = story.stackseal(shop, ['config', 'get', 'supersecret'])
  story.claim('config get reveals the secret', got.stdout === 'correct-horse-battery-stable\n')
  story.stackseal(shop, ['verify'])

  story.chapter('The right is taken away')
  const policy = JSON.parse(keyPolicy)
  const deny = { Sid: 'DeployHasLeft', Effect: 'Deny', Principal: { AWS: who }, Action: 'kms:Decrypt', Resource: '*' }
  await setKeyPolicy(JSON.stringify({ ...policy, Statement: [...policy.Statement, deny] }))
  story.show(
    `aws kms put-key-policy --key-id ${keyId} --policy-name default --policy file://denied.json`,
    `${JSON.stringify(deny)}\n`,
  )
  const before = readFileSync(file)
  const refused = story.stackseal(shop, ['config', 'get', 'supersecret'], {}, 4)
  story.claim('the key service refuses, with a code', refused.stderr.includes('ERR_ACCESS_DENIED'))
  story.claim('nothing was printed as an answer', refused.stdout === '')
  const unset = story.stackseal(shop, ['config', 'set', '--secret', 'other', 'x'], {}, 4)
  story.claim('a change is refused, too', unset.stderr.includes('Pulumi.dev.yaml was not changed'))
  story.claim('the file is untouched', readFileSync(file).equals(before))
  story.claim("the auditor's check passes", story.stackseal(shop, ['verify', '--expect-denied']).status === 0)

  story.chapter('And given back')
  await setKeyPolicy(keyPolicy)
  story.show(`aws kms put-key-policy --key-id ${keyId} --policy-name default --policy file://key-policy.json`, '')
  const again = story.stackseal(shop, ['config', 'get', 'supersecret'])
  story.claim('the secret is there as it was', again.stdout === 'correct-horse-battery-stable\n')
  return story.end()
}
