import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Playground, skipWithoutPulumi } from './playground.ts'
import { out } from './run-command.ts'

const FILE = 'Pulumi.dev.yaml'
/** A world without a backend that Stackseal reaches: it makes the stack file alone. */
const ALONE = { PULUMI_BACKEND_URL: '' }

/** A stack file with what is drawn by lot taken out of it. */
function withoutChance(text: string): string {
  return text.replaceAll(/[A-Za-z0-9+/]{11}=|v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+=*/g, (it) =>
    it.startsWith('v1:') ? 'CIPHERTEXT' : 'SALT',
  )
}

describe.concurrent('a stack goes from one to the other', () => {
  test('Pulumi takes over a stack that Stackseal made, with its salt and its secrets', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const folder = playground.project('shop')
    await out(playground.stackseal(folder, ['stack', 'init', 'dev'], '', ALONE))
    await out(playground.stackseal(folder, ['config', 'set', 'region', 'eu-west-1'], '', ALONE))
    await out(playground.stackseal(folder, ['config', 'set', '--secret', 'key', 'opensesame'], '', ALONE))
    const file = readFileSync(join(folder, FILE), 'utf8')

    await out(playground.pulumi(folder, ['stack', 'init', 'dev']))
    expect(readFileSync(join(folder, FILE), 'utf8')).toBe(file)
    expect(await out(playground.pulumi(folder, ['config', 'get', 'key']))).toBe('opensesame\n')
    expect(await out(playground.pulumi(folder, ['config', 'get', 'region']))).toBe('eu-west-1\n')
    expect(await out(playground.pulumi(folder, ['stack', '--show-name']))).toBe('dev\n')

    // The state holds the same salt: a secret that Pulumi encrypts from now on opens here.
    await out(playground.pulumi(folder, ['config', 'set', '--secret', 'theirs', 'from pulumi']))
    expect(await out(playground.stackseal(folder, ['config', 'get', 'theirs']))).toBe('from pulumi\n')
    const state = JSON.parse(await out(playground.pulumi(folder, ['stack', 'export']))) as {
      deployment: { secrets_providers: { type: string; state: { salt: string } } }
    }
    expect(file).toContain(`encryptionsalt: ${state.deployment.secrets_providers.state.salt}\n`)
  })

  test('Pulumi refuses to take over with another passphrase, and the file stays', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const folder = playground.project('shop')
    await out(playground.stackseal(folder, ['stack', 'init', 'dev'], '', ALONE))
    const file = readFileSync(join(folder, FILE), 'utf8')
    const refused = await playground.pulumi(folder, ['stack', 'init', 'dev'], '', {
      PULUMI_CONFIG_PASSPHRASE: 'another',
    })
    expect(refused.exit).not.toBe(0)
    expect(refused.stderr).toContain('incorrect passphrase')
    expect(readFileSync(join(folder, FILE), 'utf8')).toBe(file)
  })

  test('Stackseal takes over a stack that Pulumi made, and Pulumi goes on with it', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const folder = playground.project('shop')
    await out(playground.pulumi(folder, ['stack', 'init', 'dev']))
    await out(playground.pulumi(folder, ['config', 'set', '--secret', 'key', 'opensesame']))
    const file = readFileSync(join(folder, FILE), 'utf8')

    // Selected by Pulumi, so no name is needed.
    expect(await out(playground.stackseal(folder, ['config', 'get', 'key']))).toBe('opensesame\n')
    const again = await playground.stackseal(folder, ['stack', 'init', 'dev'])
    expect(again.exit).toBe(2)
    expect(again.stderr).toContain('ERR_ALREADY_EXISTS')
    expect(readFileSync(join(folder, FILE), 'utf8')).toBe(file)

    await out(playground.stackseal(folder, ['config', 'set', '--secret', 'ours', 'from stackseal']))
    expect(await out(playground.pulumi(folder, ['config', 'get', 'ours']))).toBe('from stackseal\n')
    expect(await out(playground.pulumi(folder, ['config', 'get', 'key']))).toBe('opensesame\n')
  })

  test('a new file has the form of one that Pulumi makes', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const values = ['zeta=1', 'a10=x', 'a2=y: z', 'aws:region=eu', 'yes=no', 'text= two\nlines ', 'é=🙂']
    const theirs = playground.project('theirs')
    await out(playground.pulumi(theirs, ['stack', 'init', 'dev']))
    await out(playground.pulumi(theirs, ['config', 'set-all', ...values.flatMap((it) => ['--plaintext', it])]))
    // Both make the same stack, so each has a backend of its own.
    using another = new Playground()
    const ours = join(another.folder, 'ours')
    await out(
      another.stackseal(
        another.folder,
        ['new', '-n', 'proj', '-s', 'dev', '--dir', ours].concat(values.flatMap((it) => ['--config', it])),
      ),
    )
    expect(withoutChance(readFileSync(join(ours, FILE), 'utf8'))).toBe(
      withoutChance(readFileSync(join(theirs, FILE), 'utf8')),
    )
    // Pulumi reads the project too.
    expect(await out(another.pulumi(ours, ['config', '-s', 'dev', '--json']))).toBe(
      await out(another.stackseal(ours, ['config', '--json'])),
    )
  })
})

async function twoStacks(playground: Playground): Promise<string> {
  const folder = playground.project('shop')
  for (const name of ['dev', 'prod']) {
    await out(playground.stackseal(folder, ['stack', 'init', name]))
    await out(playground.stackseal(folder, ['config', 'set', '-s', name, 'name', `I am ${name}`]))
  }
  return folder
}

describe.concurrent('both keep the selected stack in one place', () => {
  test('what Stackseal selects Pulumi takes, and the other way round', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const folder = await twoStacks(playground)
    for (const name of ['dev', 'prod']) {
      await out(playground.stackseal(folder, ['stack', 'select', name]))
      expect(await out(playground.pulumi(folder, ['stack', '--show-name']))).toBe(`${name}\n`)
      expect(await out(playground.pulumi(folder, ['config', 'get', 'name']))).toBe(`I am ${name}\n`)
    }
    for (const name of ['dev', 'prod']) {
      await out(playground.pulumi(folder, ['stack', 'select', name]))
      expect(await out(playground.stackseal(folder, ['config', 'get', 'name']))).toBe(`I am ${name}\n`)
      expect(await out(playground.stackseal(folder, ['stack', 'ls']))).toContain(`${name}*`)
    }
  })

  test('selecting leaves the workspace file as Pulumi writes it', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const folder = await twoStacks(playground)
    const workspaces = join(playground.env['PULUMI_HOME'] ?? '', 'workspaces')
    await out(playground.pulumi(folder, ['stack', 'select', 'dev']))
    const theirs = readWorkspace(workspaces)
    await out(playground.stackseal(folder, ['stack', 'select', 'prod']))
    await out(playground.stackseal(folder, ['stack', 'select', 'dev']))
    expect(readWorkspace(workspaces)).toEqual(theirs)
  })
})

function readWorkspace(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}
