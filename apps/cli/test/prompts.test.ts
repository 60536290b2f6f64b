import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { folderState } from './support/folder-state.ts'
import { project, SIMPLE, simpleProject } from './support/project.ts'
import type { TestProject } from './support/project.ts'
import { Session } from './support/pseudo-terminal.ts'
import { folder, shell } from './support/stackseal.ts'

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const LOCKED = { PULUMI_STACK: 'dev' }

interface Prompt {
  readonly name: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** What the question says that it is for. */
  readonly asks: string
  /** What is typed for it, up to the last answer, and is never shown where it is secret. */
  readonly types: readonly string[]
  readonly secret: boolean
  /** The code where nobody can be asked. */
  readonly otherwise: string
  readonly on?: () => TestProject
}

/** A project with a stack that has no key yet. */
const keyless = (): TestProject => project('config:\n  vec:a: b\n')
const bare = (): TestProject => ({ ...simpleProject(), folder: folder('bare') })

const PROMPTS: readonly Prompt[] = [
  {
    name: 'a passphrase',
    args: ['config', 'get', 'password'],
    env: LOCKED,
    asks: 'Passphrase that opens the secrets of this stack',
    types: ['correct horse'],
    secret: true,
    otherwise: 'ERR_PASSPHRASE_MISSING',
  },
  {
    name: 'a passphrase, to write',
    args: ['config', 'set', '--secret', 'x', 'y'],
    env: LOCKED,
    asks: 'Passphrase that opens',
    types: ['correct horse'],
    secret: true,
    otherwise: 'ERR_PASSPHRASE_MISSING',
  },
  {
    name: 'a new passphrase for a stack',
    args: ['stack', 'init', 'dev'],
    env: {},
    asks: 'New passphrase, which will protect',
    types: ['first pass', 'first pass'],
    secret: true,
    otherwise: 'ERR_PASSPHRASE_MISSING',
    on: keyless,
  },
  {
    name: 'a new passphrase for a project',
    args: ['new', '--name', 'p'],
    env: {},
    asks: 'New passphrase, which will protect',
    types: ['first pass', 'first pass'],
    secret: true,
    otherwise: 'ERR_PASSPHRASE_MISSING',
    on: bare,
  },
  {
    name: 'a plain value',
    args: ['config', 'set', 'region'],
    env: SIMPLE,
    asks: 'Value for region',
    types: ['eu-west-7'],
    secret: false,
    otherwise: 'ERR_USAGE',
  },
  {
    name: 'a secret value',
    args: ['config', 'set', '--secret', 'token'],
    env: SIMPLE,
    asks: 'Value for token',
    types: ['hidden-one'],
    secret: true,
    otherwise: 'ERR_USAGE',
  },
  {
    name: 'a value to encrypt',
    args: ['encrypt'],
    env: SIMPLE,
    asks: 'Value to encrypt for stack dev',
    types: ['hidden-one'],
    secret: true,
    otherwise: 'ERR_USAGE',
  },
  {
    name: 'a ciphertext',
    args: ['decrypt'],
    env: SIMPLE,
    asks: 'Ciphertext to decrypt for stack dev',
    types: ['v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAA'],
    secret: false,
    otherwise: 'ERR_USAGE',
  },
]

describe.each(PROMPTS)('$name', ({ args, env, asks, types, secret, otherwise, on = simpleProject }) => {
  test.each([80, 20])(
    'is asked for on a terminal of %i columns, and shown only where it is no secret',
    async (columns) => {
      const session = new Session(args, { cwd: on().folder, env, columns })
      await session.see(asks)
      session.type(`${types.join('\r')}\r`)
      const exit = await session.end()
      // A made-up ciphertext does not open.
      expect(exit).toBe(args[0] === 'decrypt' ? 3 : 0)
      const shown = stripVTControlCharacters(session.shown).replaceAll(/\s/g, '')
      expect(shown.includes((types[0] ?? '').replaceAll(' ', ''))).toBe(!secret)
    },
  )

  test.each([
    ['Ctrl-C', CTRL_C, 130, 'ERR_INTERRUPTED'],
    ['Ctrl-C in the middle of the answer', `half${CTRL_C}`, 130, 'ERR_INTERRUPTED'],
    ['Ctrl-D', CTRL_D, 2, 'ERR_USAGE'],
  ])('%s ends it, and nothing was changed', async (_name, typed, number, code) => {
    const at = on()
    const before = folderState(at.folder)
    const session = new Session(args, { cwd: at.folder, env })
    await session.see(asks)
    session.type(typed)
    expect(await session.end()).toBe(number)
    expect(session.shown).toContain(`(${code})`)
    expect(folderState(at.folder)).toEqual(before)
  })

  test.each([
    ['a dumb terminal', { TERM: 'dumb' }, (line: string) => line],
    ['a CI system', { GITLAB_CI: 'true' }, (line: string) => line],
    ['--non-interactive', {}, (line: string) => `${line} --non-interactive`],
    ['a process without a terminal of its own', {}, (line: string) => `setsid -w ${line}`],
  ])('is not asked for on %s', async (_name, more, around) => {
    const at = on()
    const before = folderState(at.folder)
    const words = args.map((word) => `'${word}'`).join(' ')
    const session = new Session([], { cwd: at.folder, env: { ...env, ...more }, script: around(`$STACKSEAL ${words}`) })
    expect(await session.end()).toBeGreaterThan(0)
    expect(session.shown).toContain(`(${otherwise})`)
    expect(session.shown).not.toContain(asks)
    expect(folderState(at.folder)).toEqual(before)
  })
})

test('a passphrase that was typed and is being tried can be interrupted', async () => {
  const on = simpleProject()
  const before = folderState(on.folder)
  const session = new Session(['config', 'set', '--secret', 'x', 'y'], { cwd: on.folder, env: LOCKED })
  await session.see('Passphrase that opens')
  session.type('correct horse\r')
  await session.see('\r\n', 2)
  process.kill(session.pid, 'SIGINT')
  expect(await session.end()).toBe(130)
  expect(folderState(on.folder)).toEqual(before)
})

test('a new passphrase that differs is asked for again, and Ctrl-C there leaves nothing behind', async () => {
  const on = keyless()
  const before = folderState(on.folder)
  const session = new Session(['stack', 'init', 'dev'], { cwd: on.folder, env: {} })
  await session.see('New passphrase')
  session.type('one\rtwo\r')
  await session.see('The two answers differ')
  await session.see('New passphrase', 2)
  session.type(`one\r${CTRL_C}`)
  expect(await session.end()).toBe(130)
  expect(folderState(on.folder)).toEqual(before)
})

test('two questions of one command come one after the other: the value, then the passphrase', async () => {
  const on = simpleProject()
  const session = new Session(['config', 'set', '--secret', 'fresh'], { cwd: on.folder, env: LOCKED })
  await session.see('Value for fresh: ')
  session.type('fresh-value\r')
  await session.see('Passphrase that opens')
  session.type('wrong one\r')
  await session.see('Passphrase that opens', 2)
  session.type('correct horse\r')
  expect(await session.end()).toBe(0)
  expect(session.shown).not.toMatch(/fresh-value|wrong one|correct/)
  expect(on.text()).toContain('vec:fresh:')
})

test('the question is on the terminal where standard output and standard error both go elsewhere', async () => {
  const on = simpleProject()
  const session = new Session([], { cwd: on.folder, env: LOCKED, script: '$STACKSEAL decrypt --raw >out 2>err' })
  await session.see('Ciphertext to decrypt')
  session.type(`${/secure: (v1:\S+)/.exec(on.text())?.[1] ?? ''}\r`)
  await session.see('Passphrase that opens')
  session.type('correct horse\r')
  expect(await session.end()).toBe(0)
  expect(readFileSync(join(on.folder, 'err'), 'utf8')).toBe('')
  expect(readFileSync(join(on.folder, 'out'), 'utf8').length).toBeGreaterThan(0)
})

describe('where standard output can not be written', () => {
  const COMMANDS = [
    'config',
    'config --json',
    'config get password',
    'verify',
    'inspect',
    'encrypt x',
    'doctor',
    'completion bash',
    'help files',
    'stack ls',
  ]

  test.for(COMMANDS)('%s on a full disk fails, and says so', async (line, context) => {
    context.skip(!existsSync('/dev/full'), 'this system has no /dev/full')
    const { folder: cwd } = simpleProject()
    const { exit, stderr } = await shell(`$STACKSEAL ${line} >/dev/full`, { cwd, env: SIMPLE })
    expect(stderr).toMatch(/standard output could not be written: ENOSPC(?= \(ERR_IO\)|")/)
    expect(exit).toBe(1)
  })

  test.each(COMMANDS)('%s into a pipe that was closed ends quietly', async (line) => {
    const { folder: cwd } = simpleProject()
    const { stderr } = await shell(`{ $STACKSEAL ${line}; echo "exit $?" >&2; } | :`, { cwd, env: SIMPLE })
    expect(stderr).toBe('exit 0\n')
  })

  test.each(['config', 'encrypt x'])('%s with standard output closed ends without an answer', async (line) => {
    const { folder: cwd } = simpleProject()
    const { exit } = await shell(`$STACKSEAL ${line} >&-`, { cwd, env: SIMPLE })
    // Node itself opens the null device in its place.
    expect(exit).toBe(0)
  })
})
