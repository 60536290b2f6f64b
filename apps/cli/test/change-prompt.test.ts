import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderState } from './support/folder-state.ts'
import { project, type TestProject } from './support/project.ts'
import { Session } from './support/pseudo-terminal.ts'
import { stackseal } from './support/stackseal.ts'

const OLD = 'the old phrase'
const NEW = 'the new phrase'
const SECRET = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', plaintext: '"of the state"' }
const TYPE = 'pulumi:pulumi:Stack'
const STATE = JSON.stringify({
  version: 3,
  deployment: {
    manifest: {},
    resources: [{ urn: `urn:pulumi:dev::vec::${TYPE}::vec-dev`, custom: false, type: TYPE, outputs: { s: SECRET } }],
  },
})

interface Stack extends TestProject {
  readonly env: Readonly<Record<string, string>>
  readonly state: string
}

/** A stack with a secret in its file, in its state and in its history, all under one passphrase, which nobody gives. */
async function stackOnPassphrase(): Promise<Stack> {
  const on = project('')
  mkdirSync(join(on.folder, 'backend'))
  const env = { HOME: on.folder, PULUMI_STACK: 'dev', PULUMI_BACKEND_URL: `file://${join(on.folder, 'backend')}` }
  const options = { cwd: on.folder, env: { ...env, PULUMI_CONFIG_PASSPHRASE: OLD } }
  expect((await stackseal(['stack', 'init', 'dev'], options)).exit).toBe(0)
  expect((await stackseal(['config', 'set', '--secret', 's'], { ...options, stdin: 'of the file' })).exit).toBe(0)
  // Twice, so that the first one is the .bak.
  for (let i = 0; i < 2; i++) {
    expect((await stackseal(['stack', 'import'], { ...options, stdin: STATE })).exit).toBe(0)
  }
  return { ...on, env, state: join(on.folder, 'backend/.pulumi/stacks/vec/dev.json') }
}

const CHANGES = [
  { line: 'stack change-secrets-provider passphrase' },
  { line: 'stack rotate --include-history' },
] as const

test.each(CHANGES)(
  '$line asks once for the old passphrase, and twice for the new one, hidden, until both agree',
  async ({ line }) => {
    const on = await stackOnPassphrase()
    const session = new Session(line.split(' '), { cwd: on.folder, env: on.env })
    await session.see('Passphrase that opens the secrets of this stack')
    session.type(`${OLD}\r`)
    await session.see('New passphrase')
    session.type(`${NEW}\ranother one\r`)
    await session.see('The two answers differ')
    await session.see('New passphrase', 2)
    session.type(`${NEW}\r${NEW}\r`)
    expect(await session.end()).toBe(0)
    expect(session.shown.split('Passphrase that opens').length - 1).toBe(1)
    for (const hidden of [OLD, NEW, 'another one']) expect(session.shown).not.toContain(hidden)
    const open = (passphrase: string): Promise<{ exit: number | null; stdout: string }> =>
      stackseal(['stack', 'output', 's', '--show-secrets'], {
        cwd: on.folder,
        env: { ...on.env, PULUMI_CONFIG_PASSPHRASE: passphrase },
      })
    expect(await open(NEW)).toMatchObject({ exit: 0, stdout: expect.stringContaining('of the state') as string })
    expect((await open(OLD)).exit).toBe(3)
  },
)

test('an empty new passphrase that is typed is an error, unless it is allowed', async () => {
  const on = await stackOnPassphrase()
  const before = [on.text(), readFileSync(on.state, 'utf8')]
  const env = { ...on.env, PULUMI_CONFIG_PASSPHRASE: OLD }
  const refused = new Session(['stack', 'rotate'], { cwd: on.folder, env })
  await refused.see('New passphrase')
  refused.type('\r\r')
  expect(await refused.end()).toBe(2)
  expect(refused.shown).toContain('--allow-empty-passphrase')
  expect([on.text(), readFileSync(on.state, 'utf8')]).toEqual(before)
  const allowed = new Session(['stack', 'rotate', '--allow-empty-passphrase'], { cwd: on.folder, env })
  await allowed.see('New passphrase')
  allowed.type('\r\r')
  expect(await allowed.end()).toBe(0)
  const read = await stackseal(['config', 'get', 's'], {
    cwd: on.folder,
    env: { ...on.env, PULUMI_CONFIG_PASSPHRASE: '' },
  })
  expect(read).toMatchObject({ exit: 0, stdout: 'of the file\n' })
})

test('a wrong old passphrase is asked for again, and Ctrl-C at the new one leaves everything as it was', async () => {
  const on = await stackOnPassphrase()
  const before = folderState(on.folder)
  const session = new Session(['stack', 'rotate'], { cwd: on.folder, env: on.env })
  await session.see('Passphrase that opens')
  session.type('wrong\r')
  await session.see('Passphrase that opens', 2)
  session.type(`${OLD}\r`)
  await session.see('New passphrase')
  session.type('\u0003')
  expect(await session.end()).toBe(130)
  expect(folderState(on.folder)).toEqual(before)
})
