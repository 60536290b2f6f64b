import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { PROJECT, skipWithoutPulumi } from './playground.ts'
import { out } from './run-command.ts'
import { type S3Playground, s3Playground } from './s3-playground.ts'

const SIGNATURE = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270' }

let place: S3Playground
beforeAll(async () => {
  place = await s3Playground({ PULUMI_CONFIG_PASSPHRASE: 'one' })
})
afterAll(async () => {
  await place[Symbol.asyncDispose]()
})

/** A stack in the bucket whose configuration and state hold secrets, all made by Pulumi. */
async function stackInBucket(stack: string): Promise<string> {
  const { playground } = place
  const folder = playground.project(stack)
  await out(playground.pulumi(folder, ['stack', 'init', stack]))
  await out(playground.pulumi(folder, ['config', 'set', '--secret', 'a', 'of the config']))
  const type = 'pulumi:pulumi:Stack'
  const document = JSON.parse(await out(playground.pulumi(folder, ['stack', 'export']))) as {
    deployment: { resources?: unknown }
  }
  document.deployment.resources = [
    {
      urn: `urn:pulumi:${stack}::${PROJECT}::${type}::${PROJECT}-${stack}`,
      custom: false,
      type,
      outputs: {
        password: { ...SIGNATURE, plaintext: '"of the state"' },
        list: [{ ...SIGNATURE, plaintext: '[1,2]' }],
      },
    },
  ]
  await out(playground.pulumi(folder, ['stack', 'import'], JSON.stringify(document)))
  return folder
}

/** Sees that both documents open under this passphrase, and are under one key. */
async function expectWhole(folder: string, stack: string, passphrase: string): Promise<void> {
  const { playground } = place
  const env = { PULUMI_CONFIG_PASSPHRASE: passphrase }
  const config = await out(playground.pulumi(folder, ['config', '--show-secrets'], undefined, env))
  const state = await out(playground.pulumi(folder, ['stack', 'export', '--show-secrets'], undefined, env))
  expect(config).toContain('of the config')
  expect(state).toContain('of the state')
  const salt = /^encryptionsalt: (.*)$/m.exec(readFileSync(join(folder, `Pulumi.${stack}.yaml`), 'utf8'))?.[1]
  expect(state).toContain(`"salt": "${salt}"`)
}

const leftovers = (folder: string): readonly string[] => [
  ...readdirSync(folder).filter((name) => name.includes('stackseal')),
  ...readdirSync(join(place.playground.folder, 'state/changes')),
]

test('a new passphrase for a stack in a bucket: Pulumi carries the state', async (context) => {
  skipWithoutPulumi(context)
  const { playground } = place
  const folder = await stackInBucket('carried')
  const changed = await playground.stackseal(folder, ['stack', 'change-secrets-provider', 'passphrase'], undefined, {
    STACKSEAL_NEW_PASSPHRASE: 'two',
  })
  expect(changed).toMatchObject({ exit: 0, stdout: '' })
  expect(changed.stderr).toContain('Moved 1 secret of Pulumi.carried.yaml and 2 of its state')
  await expectWhole(folder, 'carried', 'two')
  expect(leftovers(folder)).toEqual([])
})
