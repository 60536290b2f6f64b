import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Playground, PROJECT, skipWithoutPulumi } from './playground.ts'
import { out, type Ran } from './run-command.ts'

const SIGNATURE = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270' }
const STATE = join('backend/.pulumi/stacks', PROJECT, 'dev.json')
const SECRETS = ['of the config', 'in a list', 'of the state', 'deep in the state']

interface Stack {
  readonly playground: Playground
  readonly folder: string
  readonly file: string
  readonly state: string
}

/** A stack whose configuration and state hold secrets, all made by Pulumi. */
async function stackOfPulumi(playground: Playground): Promise<Stack> {
  const folder = playground.project('shop')
  await out(playground.pulumi(folder, ['stack', 'init', 'dev']))
  await out(playground.pulumi(folder, ['config', 'set', '--secret', 'a', 'of the config']))
  await out(playground.pulumi(folder, ['config', 'set', '--secret', '--path', 'list[0].deep', 'in a list']))
  await out(playground.pulumi(folder, ['config', 'set', 'plain', 'value']))
  const document = JSON.parse(await out(playground.pulumi(folder, ['stack', 'export']))) as {
    deployment: { resources?: unknown }
  }
  const type = 'pulumi:pulumi:Stack'
  document.deployment.resources = [
    {
      urn: `urn:pulumi:dev::${PROJECT}::${type}::${PROJECT}-dev`,
      custom: false,
      type,
      outputs: {
        password: { ...SIGNATURE, plaintext: '"of the state"' },
        list: [{ key: { ...SIGNATURE, plaintext: '{"a":"deep in the state"}' } }],
        plain: 'value',
      },
    },
  ]
  await out(playground.pulumi(folder, ['stack', 'import'], JSON.stringify(document)))
  return { playground, folder, file: join(folder, 'Pulumi.dev.yaml'), state: join(playground.folder, STATE) }
}

/** What the real Pulumi shows of configuration and state under a passphrase, without whatever is no secret of ours. */
async function shownByPulumi({ playground, folder }: Stack, passphrase: string): Promise<string> {
  const env = { PULUMI_CONFIG_PASSPHRASE: passphrase }
  const config = await out(playground.pulumi(folder, ['config', '--show-secrets', '--json'], undefined, env))
  const state = await out(playground.pulumi(folder, ['stack', 'export', '--show-secrets'], undefined, env))
  return config + state
}

async function expectWhole(stack: Stack, passphrase: string, gone: string): Promise<void> {
  const shown = await shownByPulumi(stack, passphrase)
  for (const secret of SECRETS) expect(shown).toContain(secret)
  const [text, state] = [readFileSync(stack.file, 'utf8'), readFileSync(stack.state, 'utf8')]
  const salt = /^encryptionsalt: (.*)$/m.exec(text)?.[1] ?? 'none'
  // One key for both, in the bytes by which Pulumi compares managers.
  expect(state).toContain(`"secrets_providers":{"type":"passphrase","state":{"salt":"${salt}"}}`)
  const refused = await stack.playground.pulumi(stack.folder, ['config', '--show-secrets'], undefined, {
    PULUMI_CONFIG_PASSPHRASE: gone,
  })
  expect(refused.exit).not.toBe(0)
  expect(refused.stderr).toContain('incorrect passphrase')
}

/** Text and state of a stack, without what a change of the key changes. */
function withoutKeys({ file, state }: Stack): readonly string[] {
  return [file, state].map((path) => readFileSync(path, 'utf8').replaceAll(/v1:[A-Za-z0-9+/=:v]+/g, 'KEY'))
}

/** Changes one character of the last ciphertext of a file. */
const damage = (path: string): void => {
  const text = readFileSync(path, 'utf8')
  const at = text.lastIndexOf('v1:') + 25
  writeFileSync(path, text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1))
}

describe.concurrent("changing a stack's key beside Pulumi", () => {
  test('a new passphrase, and then a rotation: after each Pulumi shows every secret of config and state', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one' })
    const stack = await stackOfPulumi(playground)
    const before = withoutKeys(stack)
    const changed = await playground.stackseal(
      stack.folder,
      ['stack', 'change-secrets-provider', 'passphrase'],
      undefined,
      { STACKSEAL_NEW_PASSPHRASE: 'two' },
    )
    expect(changed).toMatchObject({ exit: 0, stdout: '' })
    expect(changed.stderr).toContain('Moved 2 secrets of Pulumi.dev.yaml and 2 of its state')
    await expectWhole(stack, 'two', 'one')
    const rotated = await playground.stackseal(stack.folder, ['stack', 'rotate', '--new-passphrase-stdin'], 'three\n', {
      PULUMI_CONFIG_PASSPHRASE: 'two',
    })
    expect(rotated.exit).toBe(0)
    await expectWhole(stack, 'three', 'two')
    expect(withoutKeys(stack)).toEqual(before)
    // And Pulumi goes on with it: it writes the state anew, under the same key.
    const env = { PULUMI_CONFIG_PASSPHRASE: 'three' }
    await out(playground.pulumi(stack.folder, ['config', 'set', '--secret', 'b', 'later'], undefined, env))
    const exported = await out(playground.pulumi(stack.folder, ['stack', 'export'], undefined, env))
    await out(playground.pulumi(stack.folder, ['stack', 'import'], exported, env))
    expect(await out(playground.stackseal(stack.folder, ['config', 'get', 'b'], undefined, env))).toBe('later\n')
  })

  test('what Pulumi changed, Stackseal changes on, and the other way round', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one' })
    const stack = await stackOfPulumi(playground)
    await out(playground.pulumi(stack.folder, ['stack', 'change-secrets-provider', 'passphrase'], 'two\n'))
    expect(
      await out(
        playground.stackseal(stack.folder, ['config', 'get', 'a'], undefined, { PULUMI_CONFIG_PASSPHRASE: 'two' }),
      ),
    ).toBe('of the config\n')
    await out(
      playground.stackseal(stack.folder, ['stack', 'rotate', '--new-passphrase-stdin'], 'three', {
        PULUMI_CONFIG_PASSPHRASE: 'two',
      }),
    )
    await expectWhole(stack, 'three', 'two')
    await out(
      playground.pulumi(stack.folder, ['stack', 'change-secrets-provider', 'passphrase'], 'four\n', {
        PULUMI_CONFIG_PASSPHRASE: 'three',
      }),
    )
    await expectWhole(stack, 'four', 'three')
  })

  test('one secret that does not open stands against the whole change, and is named', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one' })
    const stack = await stackOfPulumi(playground)
    damage(stack.file)
    damage(stack.state)
    const before = [readFileSync(stack.file, 'utf8'), readFileSync(stack.state, 'utf8')]
    const refused: Ran = await playground.stackseal(stack.folder, ['stack', 'rotate'], undefined, {
      STACKSEAL_NEW_PASSPHRASE: 'two',
    })
    expect(refused.exit).toBe(3)
    expect(refused.stderr).toContain('2 secrets do not open')
    expect(refused.stderr).toContain('does not open: config ')
    expect(refused.stderr).toContain('does not open: state ')
    expect(refused.stderr).toContain('Pulumi.dev.yaml was not changed')
    expect([readFileSync(stack.file, 'utf8'), readFileSync(stack.state, 'utf8')]).toEqual(before)
  })

  test('with --config-only the state keeps its own key, and the way to this one is told', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one' })
    const stack = await stackOfPulumi(playground)
    const changed = await playground.stackseal(stack.folder, ['stack', 'rotate', '--config-only'], undefined, {
      STACKSEAL_NEW_PASSPHRASE: 'two',
    })
    expect(changed).toMatchObject({ exit: 0, stderr: expect.stringContaining('state rekey') as string })
    // The state is still under the old one.
    expect(await out(playground.pulumi(stack.folder, ['stack', 'export', '--show-secrets']))).toContain('of the state')
    const env = { PULUMI_CONFIG_PASSPHRASE: 'two' }
    expect(await out(playground.pulumi(stack.folder, ['config', '--show-secrets'], undefined, env))).toContain(
      'of the config',
    )
  })

  test('an update that holds the lock of Pulumi is not written over', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one' })
    const stack = await stackOfPulumi(playground)
    const locks = join(playground.folder, 'backend/.pulumi/locks/organization', PROJECT, 'dev')
    writeFileSync(
      join(locks, 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa.json'),
      JSON.stringify({
        pid: process.pid,
        username: 'somebody',
        hostname: 'elsewhere',
        timestamp: '2026-01-02T00:00:00Z',
      }),
    )
    const before = readFileSync(stack.file, 'utf8')
    const refused = await playground.stackseal(stack.folder, ['stack', 'rotate'], undefined, {
      STACKSEAL_NEW_PASSPHRASE: 'two',
    })
    expect(refused.exit).toBe(5)
    expect(refused.stderr).toContain('ERR_LOCKED')
    expect(readFileSync(stack.file, 'utf8')).toBe(before)
    expect((await playground.stackseal(stack.folder, ['stack', 'recover'])).stderr).toContain('nothing to recover')
  })
})
