import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Playground, PROJECT, skipWithoutPulumi } from './playground.ts'
import { out, runCommand } from './run-command.ts'

const VALUES = ['of the history', 'deep <in> the & history']

/**
 * A stack with the history of two updates, written by Pulumi. They fail, since no program can be run here; a record, a
 * checkpoint and a backup are written all the same.
 */
async function stackWithHistory(playground: Playground, env: Readonly<Record<string, string>>): Promise<string> {
  const folder = playground.project('shop')
  const pulumi = (...args: string[]): Promise<string> => out(playground.pulumi(folder, args, undefined, env))
  await pulumi('stack', 'init', 'dev')
  await pulumi('config', 'set', '--secret', 'a', VALUES[0] ?? '')
  await pulumi('config', 'set', '--secret', '--path', 'list[0].deep', VALUES[1] ?? '')
  await pulumi('config', 'set', 'plain', '010')
  for (let i = 0; i < 2; i++) {
    const { exit } = await playground.pulumi(folder, ['up', '--yes', '--skip-preview'], undefined, env)
    expect(exit).not.toBe(0)
  }
  return folder
}

const shownHistory = (playground: Playground, folder: string, passphrase: string): Promise<string> =>
  out(
    playground.pulumi(folder, ['stack', 'history', '--show-secrets', '--json'], undefined, {
      PULUMI_CONFIG_PASSPHRASE: passphrase,
    }),
  )

/** Every file of the backend that holds a ciphertext of ours, as its bytes stand. */
function archives(playground: Playground): ReadonlyMap<string, string> {
  const backend = join(playground.folder, 'backend/.pulumi')
  const names = readdirSync(backend, { recursive: true, encoding: 'utf8' })
  return new Map(
    names
      .filter((name) => /^(?:history|backups)\/.*\.json(?:\.gz)?$/.test(name))
      .map((name) => [name, readFileSync(join(backend, name), 'latin1')]),
  )
}

test.for([
  ['plain', {}],
  ['packed with gzip', { PULUMI_DIY_BACKEND_GZIP: '1' }],
] as const)('a history (%s) that Pulumi wrote is shown by Pulumi under the new key', async ([, packing], context) => {
  skipWithoutPulumi(context)
  using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one', ...packing })
  const folder = await stackWithHistory(playground, {})
  const [before, files] = [await shownHistory(playground, folder, 'one'), archives(playground)]
  expect(before).toContain(VALUES[0])
  expect(files.size).toBeGreaterThanOrEqual(6)
  const env = { STACKSEAL_NEW_PASSPHRASE: 'two' }
  const dry = await playground.stackseal(folder, ['stack', 'rotate', '--include-history', '--dry-run'], undefined, env)
  expect(dry).toMatchObject({ exit: 0, stderr: expect.stringContaining('2 history files') as string })
  expect(archives(playground)).toEqual(files)
  const changed = await playground.stackseal(folder, ['stack', 'rotate', '--include-history'], undefined, env)
  expect(changed.exit).toBe(0)
  expect(changed.stderr).toContain('Brought under the same key: ')
  // As Pulumi shows it: every value and every plain word as before.
  expect(await shownHistory(playground, folder, 'two')).toBe(before)
  expect([...archives(playground).keys()]).toEqual([...files.keys()])
})

test('without --include-history the old passphrase opens what the closing lines name, and git has more', async (context) => {
  skipWithoutPulumi(context)
  using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one' })
  const folder = await stackWithHistory(playground, {})
  const git = (...args: string[]): Promise<string> =>
    out(
      runCommand('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], {
        cwd: folder,
        env: playground.env,
      }),
    )
  await git('init', '-q')
  await git('add', '.')
  await git('commit', '-qm', 'before')
  const files = archives(playground)
  const { exit, stderr } = await playground.stackseal(folder, ['stack', 'rotate'], undefined, {
    STACKSEAL_NEW_PASSPHRASE: 'two',
  })
  expect(exit).toBe(0)
  for (const named of [
    '2 history files',
    '1 .bak file',
    '2 checkpoints of the history',
    '2 backups',
    'the history of git',
  ]) {
    expect(stderr).toContain(named)
  }
  expect(stderr).toContain('hint: if the old key is in wrong hands')
  expect(archives(playground)).toEqual(files)
  // Pulumi itself can show them no more, and says so in their place.
  expect(await shownHistory(playground, folder, 'two')).toContain('ERROR_UNABLE_TO_DECRYPT')
  // And git keeps what the old passphrase opens.
  const old = await git('show', 'HEAD:Pulumi.dev.yaml')
  const other = playground.project('old', old)
  expect(
    await out(
      playground.stackseal(other, ['config', 'get', 'a', '-s', 'dev'], undefined, { PULUMI_CONFIG_PASSPHRASE: 'one' }),
    ),
  ).toBe(`${VALUES[0]}\n`)
  const bak = join(playground.folder, 'backend/.pulumi/stacks', PROJECT, 'dev.json.bak')
  const checked = await playground.stackseal(other, ['state', 'verify', bak], undefined, {
    PULUMI_CONFIG_PASSPHRASE: 'one',
  })
  expect(checked.exit).toBe(0)
})
