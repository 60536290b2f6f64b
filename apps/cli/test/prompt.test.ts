import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SIMPLE, simpleProject } from './support/project.ts'
import { Session } from './support/pseudo-terminal.ts'
import { folder } from './support/stackseal.ts'

const ASKED = 'Passphrase that opens the secrets of this stack'
const ENV = { PULUMI_STACK: 'dev' }
const CTRL_C = '\u0003'
const CTRL_D = '\u0004'

describe('a passphrase', () => {
  test('is asked for on a terminal, and not shown', async () => {
    const { folder: cwd } = simpleProject()
    const session = new Session(['config', 'get', 'password'], { cwd, env: ENV })
    await session.see(ASKED)
    session.type('correct horsf\u007fe\r')
    expect(await session.end()).toBe(0)
    expect(session.shown).toContain('hunter3\r\n')
    expect(session.shown).not.toContain('corr')
  })

  test('is asked for where standard output and standard input are redirected', async () => {
    const { folder: cwd } = simpleProject()
    const session = new Session([], {
      cwd,
      env: ENV,
      script: 'echo piped | $STACKSEAL config set --secret new >out && $STACKSEAL config get new >got',
    })
    await session.see(ASKED)
    session.type('correct horse\r')
    await session.see(ASKED, 2)
    session.type('correct horse\r')
    expect(await session.end()).toBe(0)
    expect(readFileSync(join(cwd, 'got'), 'utf8')).toBe('piped\n')
    expect(readFileSync(join(cwd, 'out'), 'utf8')).toBe('')
  })

  test.each([
    ['Ctrl-C ends', CTRL_C, 130, 'ERR_INTERRUPTED'],
    ['Ctrl-D ends', CTRL_D, 2, 'ERR_USAGE'],
  ])('%s, and the file is not changed', async (_name, typed, number, code) => {
    const on = simpleProject()
    const before = on.text()
    const session = new Session(['config', 'set', '--secret', 'password', 'new'], { cwd: on.folder, env: ENV })
    await session.see(ASKED)
    session.type(typed)
    expect(await session.end()).toBe(number)
    expect(session.shown).toContain(`(${code})`)
    expect(session.shown).toContain('Pulumi.dev.yaml was not changed')
    expect(on.text()).toBe(before)
  })

  test('a request to end while it is asked for ends with 130', async () => {
    const { folder: cwd } = simpleProject()
    const session = new Session(['config', 'get', 'password'], { cwd, env: ENV })
    await session.see(ASKED)
    process.kill(session.pid, 'SIGTERM')
    expect(await session.end()).toBe(130)
  })

  test('the wrong one is asked for again', async () => {
    const { folder: cwd } = simpleProject()
    const session = new Session(['config', 'get', 'password'], { cwd, env: ENV })
    await session.see(ASKED)
    session.type('wrong\r')
    await session.see(ASKED, 2)
    session.type('correct horse\r')
    expect(await session.end()).toBe(0)
    expect(session.shown).toContain('does not open')
    expect(session.shown).toContain('hunter3')
  })

  test('a new one is asked for twice, until both are the same', async () => {
    const cwd = folder('new')
    const session = new Session(['new', '--name', 'shop'], { cwd })
    await session.see('New passphrase')
    session.type('one\r')
    await session.see('again: ')
    session.type('two\r')
    await session.see('The two answers differ')
    await session.see('New passphrase', 2)
    session.type('one\rone\r')
    expect(await session.end()).toBe(0)
    expect(session.shown).not.toMatch(/one|two[^ ]/)
    expect(readFileSync(join(cwd, 'Pulumi.dev.yaml'), 'utf8')).toMatch(/^encryptionsalt: v1:/)
  })

  test.each([
    ['--non-interactive', ['--non-interactive'], {}],
    ['a dumb terminal', [], { TERM: 'dumb' }],
    ['a CI system', [], { GITHUB_ACTIONS: 'true' }],
  ])('is not asked for with %s', async (_name, flags, env) => {
    const { folder: cwd } = simpleProject()
    const session = new Session(['config', 'get', 'password', ...flags], { cwd, env: { ...ENV, ...env } })
    expect(await session.end()).toBe(4)
    expect(session.shown).toContain('(ERR_PASSPHRASE_MISSING)')
  })

  test('is not asked for where no standard stream is a terminal, though there is one', async () => {
    const { folder: cwd } = simpleProject()
    const session = new Session([], {
      cwd,
      env: ENV,
      script: '$STACKSEAL config get password </dev/null >out 2>err; echo "exit $?"',
    })
    expect(await session.end()).toBe(0)
    expect(session.shown).toContain('exit 4')
    expect(readFileSync(join(cwd, 'err'), 'utf8')).toContain('(ERR_PASSPHRASE_MISSING)')
  })
})

describe('a value', () => {
  test('that is secret is asked for and not shown', async () => {
    const on = simpleProject()
    const session = new Session(['config', 'set', '--secret', 'password'], { cwd: on.folder, env: SIMPLE })
    await session.see('Value for password: ')
    session.type('hunter5\r')
    expect(await session.end()).toBe(0)
    expect(session.shown).not.toContain('hunter')
    const get = new Session(['config', 'get', 'password'], { cwd: on.folder, env: SIMPLE })
    await get.end()
    expect(get.shown).toContain('hunter5')
  })

  test('that is plain is asked for and shown', async () => {
    const on = simpleProject()
    const session = new Session(['config', 'set', 'region'], { cwd: on.folder, env: SIMPLE })
    await session.see('Value for region: ')
    session.type('eu-west-9\r')
    expect(await session.end()).toBe(0)
    expect(session.shown).toContain('eu-west-9')
    expect(on.text()).toContain('vec:region: eu-west-9\n')
  })

  test('that is secret and stands on the command line works, with a hint on a terminal', async () => {
    const on = simpleProject()
    const session = new Session(['config', 'set', '--secret', 'password', 'hunter6'], { cwd: on.folder, env: SIMPLE })
    expect(await session.end()).toBe(0)
    expect(session.shown).toMatch(/hint:.* the shell keeps what was typed/)
    expect(session.shown).not.toContain('hunter6')
  })

  test('is not asked for with --non-interactive', async () => {
    const on = simpleProject()
    const session = new Session(['config', 'set', 'region', '--non-interactive'], { cwd: on.folder, env: SIMPLE })
    expect(await session.end()).toBe(2)
    expect(session.shown).toContain('there is no value for region (ERR_USAGE)')
  })
})

test('a value from a file can not control the terminal, and goes into a pipe byte for byte', async () => {
  const value = '"\\e]0;title\\a\\u202Ehidden\\rshown\\nnext"'
  const on = simpleProject((text) => text.replace('changed', value))
  const shown = new Session(['config', 'get', 'plain'], { cwd: on.folder, env: SIMPLE })
  await shown.end()
  expect(shown.shown).toContain('\\u001b]0;title\\u0007\\u202ehidden\\u000dshown\r\nnext\r\n')
  const piped = new Session([], { cwd: on.folder, env: SIMPLE, script: '$STACKSEAL config get plain >out' })
  await piped.end()
  expect(readFileSync(join(on.folder, 'out'), 'utf8')).toBe('\u001b]0;title\u0007\u202ehidden\rshown\nnext\n')
})
