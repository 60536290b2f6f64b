import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { PROJECT, skipWithoutPulumi } from './playground.ts'
import { out } from './run-command.ts'
import { deadlyPath, type S3Playground, s3Playground } from './s3-playground.ts'

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

const changeKilled = async (folder: string, when: Parameters<typeof deadlyPath>[1]): Promise<void> => {
  const { playground } = place
  const killed = await playground.stackseal(folder, ['stack', 'rotate'], undefined, {
    STACKSEAL_NEW_PASSPHRASE: 'two',
    PATH: deadlyPath(playground, when),
  })
  expect(killed.exit).toBe(null)
}

const saltOfState = async (folder: string): Promise<string | undefined> =>
  /"salt": "(.*)"/.exec(await out(place.playground.pulumi(folder, ['stack', 'export'])))?.[1]

test('killed between import and switch, the change is finished by "stack recover", without a key', async (context) => {
  skipWithoutPulumi(context)
  const { playground } = place
  const folder = await stackInBucket('killed')
  const before = [readFileSync(join(folder, 'Pulumi.killed.yaml'), 'utf8'), await saltOfState(folder)]
  await changeKilled(folder, 'after the import')
  // The state is the new one, the file the old one, and what is staged holds no secret in clear.
  expect(await saltOfState(folder)).not.toBe(before[1])
  expect(readFileSync(join(folder, 'Pulumi.killed.yaml'), 'utf8')).toBe(before[0])
  const staged = readdirSync(join(playground.folder, 'state/changes')).map((name) =>
    readFileSync(join(playground.folder, 'state/changes', name), 'utf8'),
  )
  expect(staged).toHaveLength(2)
  for (const text of staged) expect(text).not.toMatch(/of the state|\[1,2\]|"two"|"one"/)
  const recovered = await playground.stackseal(folder, ['stack', 'recover'], undefined, {
    PULUMI_CONFIG_PASSPHRASE: '',
  })
  expect(recovered).toMatchObject({ exit: 0, stderr: expect.stringContaining('Finished the interrupted') as string })
  await expectWhole(folder, 'killed', 'two')
  expect(leftovers(folder)).toEqual([])
  const again = await playground.stackseal(folder, ['stack', 'recover'])
  expect(again.stderr).toContain('nothing to recover')
})

test('killed between import and switch, the next command that writes finishes the change', async (context) => {
  skipWithoutPulumi(context)
  const { playground } = place
  const folder = await stackInBucket('killed-set')
  await changeKilled(folder, 'after the import')
  const env = { PULUMI_CONFIG_PASSPHRASE: 'two' }
  const set = await playground.stackseal(folder, ['config', 'set', 'b', 'later'])
  expect(set).toMatchObject({ exit: 0, stderr: expect.stringContaining('finished the interrupted') as string })
  await expectWhole(folder, 'killed-set', 'two')
  expect(await out(playground.pulumi(folder, ['config', 'get', 'b'], undefined, env))).toBe('later\n')
  expect(leftovers(folder)).toEqual([])
})

test('killed before the import, recovery has the staged state carried under the new passphrase', async (context) => {
  skipWithoutPulumi(context)
  const { playground } = place
  const folder = await stackInBucket('killed-early')
  await changeKilled(folder, 'before the import')
  await expectWhole(folder, 'killed-early', 'one')
  const refused = await playground.stackseal(folder, ['config', 'set', 'b', '1'])
  expect(refused.exit).not.toBe(0)
  for (const part of ['is not finished', 'incorrect passphrase', 'STACKSEAL_NEW_PASSPHRASE'])
    expect(refused.stderr).toContain(part)
  await expectWhole(folder, 'killed-early', 'one')
  await out(
    playground.stackseal(folder, ['stack', 'recover'], undefined, {
      PULUMI_CONFIG_PASSPHRASE: 'one',
      STACKSEAL_NEW_PASSPHRASE: 'two',
    }),
  )
  await expectWhole(folder, 'killed-early', 'two')
  expect(leftovers(folder)).toEqual([])
})

test('killed before the import, and given up: all stays under the old passphrase', async (context) => {
  skipWithoutPulumi(context)
  const { playground } = place
  const folder = await stackInBucket('given-up')
  await changeKilled(folder, 'before the import')
  await out(playground.stackseal(folder, ['stack', 'recover', '--abandon']))
  await expectWhole(folder, 'given-up', 'one')
  expect(leftovers(folder)).toEqual([])
})

test('what somebody imported after the kill is not written over, unless it is asked for', async (context) => {
  skipWithoutPulumi(context)
  const { playground } = place
  const folder = await stackInBucket('overtaken')
  await changeKilled(folder, 'before the import')
  const document = JSON.parse(await out(playground.pulumi(folder, ['stack', 'export']))) as {
    deployment: { resources: { outputs: Record<string, unknown> }[] }
  }
  const [resource] = document.deployment.resources
  if (resource === undefined) throw new Error('the state has no resource')
  resource.outputs['later'] = 'of somebody else'
  await out(playground.pulumi(folder, ['stack', 'import'], JSON.stringify(document)))
  const env = { STACKSEAL_NEW_PASSPHRASE: 'two' }
  const refused = await playground.stackseal(folder, ['stack', 'recover'], undefined, env)
  expect(refused).toMatchObject({ exit: 5, stderr: expect.stringContaining('changed it meanwhile') as string })
  expect(await out(playground.pulumi(folder, ['stack', 'export']))).toContain('of somebody else')
  const forced = await playground.stackseal(folder, ['stack', 'recover', '--force', '--json'], undefined, env)
  expect(forced.exit).toBe(0)
  const { kept } = JSON.parse(forced.stdout) as { kept: readonly { keptAs: string }[] }
  expect(readFileSync(kept[0]?.keptAs ?? '', 'utf8')).toContain('of somebody else')
  await expectWhole(folder, 'overtaken', 'two')
})
