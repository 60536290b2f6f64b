import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { folderState, namesIn } from './support/folder-state.ts'
import { inProcess } from './support/in-process.ts'
import { project, SIMPLE, simpleProject, vector } from './support/project.ts'
import type { TestProject } from './support/project.ts'
import { folder, stackseal } from './support/stackseal.ts'
import type { Ran } from './support/stackseal.ts'

// What is promised where the reference could lose or give away something. Each group says what the reference does.

const SIMPLE_FILE = readFileSync(vector('01-simple', 'Pulumi.dev.yaml'), 'utf8')
const OTHER_FILE = readFileSync(vector('03-path-objects', 'Pulumi.dev.yaml'), 'utf8')
const SALT = /^encryptionsalt: .*$/m
const saltOf = (text: string): string => SALT.exec(text)?.[0] ?? ''

const ciphertextsOf = (text: string): readonly string[] => text.match(/v1:\S+$/gm) ?? []

const run = (line: string | readonly string[], on: TestProject, env: Record<string, string> = SIMPLE): Promise<Ran> =>
  inProcess(typeof line === 'string' ? line.split(' ') : line, { cwd: on.folder, env })

/** Another ciphertext than the one of a secret, of the same length. */
const damaged = (text: string, name: string): string =>
  text.replace(
    new RegExp(`(vec:${name}:\\n +secure: v1:[^:]+:)(.)`),
    (_all, before: string, first: string) => before + (first === 'A' ? 'B' : 'A'),
  )

const NO_SALT = SIMPLE_FILE.replace(/^encryptionsalt: .*\n/m, '')
const NO_ENCRYPTED_KEY = SIMPLE_FILE.replace(SALT, 'secretsprovider: awskms://alias/app?region=eu-west-1')

describe('a read never writes (the reference writes a fresh salt or data key, and drops a stray secretsprovider)', () => {
  const commands = [
    'config',
    'config --json',
    'config --show-secrets',
    'config get region',
    'config get password',
    'verify',
    'inspect',
    'stack ls',
  ]
  test.each([
    ['a whole file', SIMPLE_FILE, commands],
    ['a file without its salt', NO_SALT, commands],
    ['a file without its encryptedkey', NO_ENCRYPTED_KEY, commands],
    ['secretsprovider: passphrase beside the salt', `secretsprovider: passphrase\n${SIMPLE_FILE}`, commands],
    ['a file of comments', '# nothing here\n', ['config', 'config --show-secrets', 'inspect', 'verify']],
  ])('%s', async (_name, text, lines) => {
    const on = project(text)
    const home = folder('home')
    const before = folderState(on.folder)
    for (const line of lines) await run(line, on, { ...SIMPLE, HOME: home })
    expect(folderState(on.folder)).toEqual(before)
    expect(namesIn(home)).toEqual([])
  })

  test('and the built program neither', async () => {
    const on = project(NO_SALT)
    const home = folder('home')
    const before = folderState(on.folder)
    const { exit } = await stackseal(['config', 'get', 'password'], { cwd: on.folder, env: { ...SIMPLE, HOME: home } })
    expect(exit).toBe(3)
    expect(folderState(on.folder)).toEqual(before)
    expect(namesIn(home)).toEqual([])
  })
})

describe('a header that is gone is an error beside ciphertexts (the reference makes a fresh key)', () => {
  test.each([
    ['encryptionsalt', NO_SALT],
    ['encryptionsalt, null', SIMPLE_FILE.replace(SALT, 'encryptionsalt: null')],
    ['encryptedkey', NO_ENCRYPTED_KEY],
    ['secretsprovider', SIMPLE_FILE.replace(SALT, 'encryptedkey: AAAA')],
  ])('%s', async (_field, text) => {
    for (const line of [
      'config get password',
      'config --show-secrets',
      'verify',
      'config set --secret new value',
      'config set --secret password value',
      'stack init dev',
    ]) {
      const on = project(text)
      const before = folderState(on.folder)
      const { exit, stdout, stderr } = await run(line, on)
      expect({ line, exit, stdout }).toEqual({ line, exit: 3, stdout: '' })
      expect(stderr).toContain('(ERR_MISSING_SEALED_KEY)')
      expect(folderState(on.folder)).toEqual(before)
    }
  })
})

describe('what stays the same is not touched (the reference encrypts again and writes, also for an equal value)', () => {
  test.each([
    ['a secret', 'config set --secret password hunter3', 'password'],
    ['plain text', 'config set region eu-central-1', 'region'],
    ['what is not there, removed', 'config rm nothing', 'nothing'],
    ['a path that is not there, removed', 'config rm --path nothing.at[3].all', 'nothing'],
  ])('%s', async (_name, line) => {
    const on = simpleProject()
    const before = folderState(on.folder)
    expect(await run(line, on)).toMatchObject({ exit: 0, stdout: '' })
    const { mtime, ctime, inode, content } = folderState(on.folder)['Pulumi.dev.yaml'] ?? {}
    expect({ mtime, ctime, inode, content }).toEqual({
      mtime: before['Pulumi.dev.yaml']?.mtime,
      ctime: before['Pulumi.dev.yaml']?.ctime,
      inode: before['Pulumi.dev.yaml']?.inode,
      content: SIMPLE_FILE,
    })
    expect(namesIn(on.folder)).toEqual(['Pulumi.dev.yaml', 'Pulumi.yaml'])
  })

  test('other secrets keep their ciphertexts when one changes', async () => {
    const on = simpleProject()
    await run('config set --secret password other', on)
    const [before, after] = [ciphertextsOf(SIMPLE_FILE), ciphertextsOf(on.text())]
    expect(after.length).toBe(before.length)
    expect(after.filter((ciphertext) => !before.includes(ciphertext)).length).toBe(1)
  })
})

describe('a value is what was asked for', () => {
  test.each(['yes', 'no', 'on', '', 'TRUE1', ' true'])(
    '--type bool %j is refused (the reference stores false)',
    async (value) => {
      const on = simpleProject()
      const { exit, stderr } = await run(['config', 'set', '--type', 'bool', 'flag', value], on)
      expect(stderr).toContain('(ERR_INVALID_VALUE)')
      expect(exit).toBe(2)
      expect(on.text()).toBe(SIMPLE_FILE)
    },
  )

  test.each(['\nx', '\n\n  x\n', '\n'])(
    'a leading newline survives: %j (the reference loses it when it reads what it wrote)',
    async (value) => {
      const on = simpleProject()
      await run(['config', 'set', 'plain', value], on)
      await run(['config', 'set', '--secret', 'password', value], on)
      expect((await run('config get plain --raw', on)).stdout).toBe(value)
      expect((await run('config get password --raw', on)).stdout).toBe(value)
    },
  )
})

describe('what can not be changed alone is refused (the reference writes every alias of the file out)', () => {
  const shared =
    'config:\n  vec:a: &shared\n    k: one\n    l: {m: two}\n  vec:b: *shared\n  vec:c:\n    <<: *shared\n    own: three\n  vec:d: &text four\n  vec:e: *text\n'
  test.each([
    ['a value with an anchor that others alias', 'config set d five'],
    ['inside a mapping that others alias', 'config set --path a.k five'],
    ['inside an alias', 'config set --path b.k five'],
    ['deeper inside an alias', 'config set --path b.l.m five'],
    ['what comes from a merge key', 'config set --path c.k five'],
    ['removing the anchor', 'config rm a'],
    ['removing inside the anchor', 'config rm --path a.k'],
    ['removing what comes from a merge key', 'config rm --path c.k'],
    ['a secret in an alias', 'config set --secret --path b.k five'],
  ])('%s', async (_name, line) => {
    const on = project(`${saltOf(SIMPLE_FILE)}\n${shared}`)
    const before = folderState(on.folder)
    const { exit, stderr } = await run(line, on)
    expect(stderr).toContain('(ERR_CANNOT_EDIT)')
    expect(stderr.endsWith('Pulumi.dev.yaml was not changed\n')).toBe(true)
    expect(exit).toBe(3)
    expect(folderState(on.folder)).toEqual(before)
  })

  test('what stands beside it can be changed', async () => {
    const on = project(shared)
    expect(await run('config set --path c.own four', on)).toMatchObject({ exit: 0, stderr: '' })
    expect(on.text()).toBe(shared.replace('own: three', 'own: four'))
  })
})

describe('one secret that does not open does not hide the others (the reference fails for the whole list)', () => {
  test('the list shows the rest, names it and exits 3', async () => {
    const on = project(damaged(SIMPLE_FILE, 'token'))
    const { exit, stdout, stderr } = await run('config --show-secrets --json', on)
    expect(exit).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({
      'vec:password': { value: 'hunter3', secret: true },
      'vec:token': { secret: true, error: 'ERR_DECRYPT_FAILED' },
    })
    expect(JSON.parse(stdout)).not.toHaveProperty('vec:token.value')
    expect(stderr).toMatch(/^warning: token does not open/m)
    expect((await run('config get password', on)).stdout).toBe('hunter3\n')
  })

  test('set replaces it and says so', async () => {
    const on = project(damaged(SIMPLE_FILE, 'token'))
    const { exit, stderr } = await run('config set --secret token fresh', on)
    expect({ exit, stderr }).toEqual({
      exit: 0,
      stderr: 'warning: the secret that stood at token did not open, and was replaced\n',
    })
    expect((await run('config get token', on)).stdout).toBe('fresh\n')
  })
})

test('a wrong passphrase, a malformed salt and a damaged value are three errors (the reference exits 1 for all)', async () => {
  const wrong = await run('config get password', simpleProject(), { ...SIMPLE, PULUMI_CONFIG_PASSPHRASE: 'wrong' })
  const malformed = await run('config get password', project(SIMPLE_FILE.replace(SALT, 'encryptionsalt: v1:AAAA')))
  const broken = await run('config get password', project(damaged(SIMPLE_FILE, 'password')))
  expect([wrong, malformed, broken].map(({ exit, stderr }) => [exit, /ERR_[A-Z_]+/.exec(stderr)?.[0]])).toEqual([
    [3, 'ERR_WRONG_PASSPHRASE'],
    [3, 'ERR_MALFORMED_SEALED_KEY'],
    [3, 'ERR_DECRYPT_FAILED'],
  ])
})

describe('secrets that Pulumi Cloud holds are left alone (the reference on another backend writes a salt into the file)', () => {
  const cloud = 'config:\n  vec:plain: hello\n  vec:s:\n    secure: AAABAIdlNBQAm6rRq0fDbXrJ5bPq3jL6\n'
  test.each([
    ['config', 0, ''],
    ['config --json', 0, ''],
    ['config get plain', 0, ''],
    ['inspect', 0, ''],
    ['config get s', 3, 'ERR_SERVICE_SECRETS'],
    ['config --show-secrets', 3, 'ERR_SERVICE_SECRETS'],
    ['verify', 3, 'ERR_SERVICE_SECRETS'],
    ['config set --secret s value', 3, 'ERR_SERVICE_SECRETS'],
    ['config set --secret new value', 3, 'ERR_SERVICE_SECRETS'],
    ['stack init dev', 3, 'ERR_SERVICE_SECRETS'],
  ])('%s', async (line, exit, code) => {
    const on = project(cloud)
    const before = folderState(on.folder)
    const { stderr, ...ran } = await run(line, on)
    expect(ran.exit).toBe(exit)
    expect(/ERR_[A-Z_]+/.exec(stderr)?.[0] ?? stderr).toBe(code)
    expect(folderState(on.folder)).toEqual(before)
  })
})

describe('before a new secret is written one that is there must open (the reference encrypts under whatever key is there)', () => {
  // The salt is whole and its passphrase right, but no secret of the file was encrypted under that key.
  const exchanged = OTHER_FILE.replace(SALT, saltOf(SIMPLE_FILE))

  test.each(['config set --secret new value', 'config set --secret --path new.inside value'])('%s', async (line) => {
    const on = project(exchanged)
    const before = folderState(on.folder)
    const { exit, stderr } = await run(line, on)
    expect(stderr).toContain('(ERR_KEY_NOT_PROVEN)')
    expect(stderr.endsWith('Pulumi.dev.yaml was not changed\n')).toBe(true)
    expect(exit).toBe(3)
    expect(folderState(on.folder)).toEqual(before)
  })

  test('plain values need no proof', async () => {
    expect(await run('config set new value', project(exchanged))).toMatchObject({ exit: 0, stderr: '' })
  })

  test('a secret of bytes that are no text proves the key', async () => {
    const text = readFileSync(vector('06-multiline', 'Pulumi.dev.yaml'), 'utf8')
    const secret = /\n {2}vec:stdinBadUtf8:\n.*\n/.exec(text)?.[0] ?? ''
    const on = project(`${saltOf(text)}\nconfig:${secret}`)
    expect(await run('config set --secret new value', on)).toEqual({ exit: 0, stdout: '', stderr: '' })
    expect((await run('config get new', on)).stdout).toBe('value\n')
  })
})
