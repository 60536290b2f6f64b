import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { project, SIMPLE, simpleProject } from './support/project.ts'
import type { TestProject } from './support/project.ts'
import { Session } from './support/pseudo-terminal.ts'
import { stackseal } from './support/stackseal.ts'
import type { Ran } from './support/stackseal.ts'

const run = (args: readonly string[], on: TestProject, env: Readonly<Record<string, string>> = SIMPLE): Promise<Ran> =>
  inProcess(args, { cwd: on.folder, env })

interface Two extends TestProject {
  readonly prod: () => string
}

/** {@link simpleProject} with a second stack, prod, which has a comment, a value of its own and one to be overwritten. */
async function twoStacks(): Promise<Two> {
  const on = simpleProject()
  expect((await run(['stack', 'init', 'prod', '--no-select'], on)).exit).toBe(0)
  const file = join(on.folder, 'Pulumi.prod.yaml')
  writeFileSync(file, `${readFileSync(file, 'utf8')}config:\n  # mine\n  vec:own: stays\n  vec:plain: old # goes\n`)
  return { ...on, prod: () => readFileSync(file, 'utf8') }
}

const shown = async (on: TestProject, stack: string): Promise<unknown> =>
  JSON.parse((await run(['config', '-s', stack, '--json', '--show-secrets'], on)).stdout)

describe('config cp', () => {
  test.each(['cp', 'copy'])(
    '%s without a key copies everything; the source and what else stands there stay',
    async (word) => {
      const on = await twoStacks()
      const before = on.text()
      expect(await run(['config', word, '--dest', 'prod'], on)).toEqual({ exit: 0, stdout: '', stderr: '' })
      const own = { 'vec:own': { value: 'stays', secret: false } }
      expect(await shown(on, 'prod')).toEqual({ ...own, ...((await shown(on, 'dev')) as object) })
      expect(on.prod()).toContain('  # mine\n  vec:own: stays\n')
      expect(on.text()).toBe(before)
      const ciphertexts = [...before.matchAll(/secure: (\S+)/g)].map(([, text = '']) => text)
      expect(ciphertexts.length).toBe(3)
      expect(ciphertexts.filter((text) => on.prod().includes(text))).toEqual([])
    },
  )

  test('one key, plain or secret, and one inside a value', async () => {
    const on = await twoStacks()
    await run(['config', 'set-all', '--path', '--secret', 'db.password=inner', '--plaintext', 'db.port=1'], on)
    expect((await run(['config', 'cp', 'token', '-d', 'prod'], on)).exit).toBe(0)
    expect((await run(['config', 'cp', 'region', '-d', 'prod'], on, { PULUMI_STACK: 'dev' })).exit).toBe(0)
    expect((await run(['config', 'cp', '--path', 'db.password', '-d', 'prod'], on)).exit).toBe(0)
    expect(Object.keys((await shown(on, 'prod')) as object)).toEqual([
      'vec:db',
      'vec:own',
      'vec:plain',
      'vec:region',
      'vec:token',
    ])
    expect((await run(['config', 'get', 'db', '-s', 'prod'], on)).stdout).toBe('{"password":"inner"}\n')
  })

  test.each([
    ['a list of names', 'environment:\n  - one\n  - two # which\n', 'environment:\n  - one\n  - two\n'],
    ['a list in flow style', 'environment: [one]\n', 'environment:\n  - one\n'],
    ['a definition', 'environment:\n  values:\n    a: 1\n', 'environment:\n  values:\n    a: 1\n'],
    [
      'a definition with imports',
      'environment:\n  imports:\n    - one\n  values:\n    a: 1\n',
      'environment:\n  imports:\n    - one\n  values:\n    a: 1\n',
    ],
  ])(
    'the environment goes with the whole configuration, and not with a key: %s',
    async (_what, environment, copied) => {
      const on = await twoStacks()
      writeFileSync(on.file, `${on.text().trimEnd()}\n${environment}`)
      const before = on.text()
      expect((await run(['config', 'cp', 'plain', '-d', 'prod'], on)).exit).toBe(0)
      expect(on.prod()).not.toContain('environment')
      expect(await run(['config', 'cp', '-d', 'prod'], on)).toEqual({ exit: 0, stdout: '', stderr: '' })
      expect(on.prod().endsWith(`\n${copied}`)).toBe(true)
      expect(on.text()).toBe(before)
      expect((await run(['config', 'cp', '-d', 'prod'], on)).stderr).toBe('stack prod has it already\n')
      // And takes the place of the one that is there.
      writeFileSync(on.file, on.text().replace(environment, 'environment:\n  - three\n'))
      expect((await run(['config', 'cp', '-d', 'prod'], on)).exit).toBe(0)
      expect(on.prod().endsWith('\nenvironment:\n  - three\n')).toBe(true)
      // An empty one leaves it alone.
      writeFileSync(on.file, on.text().replace('environment:\n  - three\n', 'environment: []\n'))
      const kept = on.prod()
      await run(['config', 'cp', '-d', 'prod'], on)
      expect(on.prod()).toBe(kept)
    },
  )

  test('what is the same already changes nothing', async () => {
    const on = await twoStacks()
    await run(['config', 'cp', '-d', 'prod'], on)
    const before = on.prod()
    const { exit, stderr } = await run(['config', 'cp', '-d', 'prod'], on)
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: 'stack prod has it already\n' })
    expect(on.prod()).toBe(before)
  })

  test.each([
    ['no destination', ['token'], 2, 'config cp needs --dest <STACK>'],
    ['the same stack', ['--dest', 'dev'], 2, 'current stack and destination stack are the same'],
    ['an unknown stack', ['--dest', 'nope'], 3, '(ERR_STACK_NOT_FOUND)'],
    ['an unknown source', ['-s', 'nope', '--dest', 'prod'], 3, '(ERR_STACK_NOT_FOUND)'],
    ['an unknown key', ['nope', '--dest', 'prod'], 3, "configuration key 'nope' not found for stack 'dev'"],
    ['a malformed key', ['a:b:c:d', '--dest', 'prod'], 2, '(ERR_INVALID_CONFIG_KEY)'],
  ])('%s is refused, and neither stack changes', async (_name, args, number, told) => {
    const on = await twoStacks()
    const before = [on.text(), on.prod()]
    const { exit, stdout, stderr } = await run(['config', 'cp', ...args], on)
    expect(stderr).toContain(told)
    expect(stderr).toContain('was not changed')
    expect({ exit, stdout }).toEqual({ exit: number, stdout: '' })
    expect([on.text(), on.prod()]).toEqual(before)
  })

  test('a secret that does not open, and nothing is copied', async () => {
    const on = await twoStacks()
    writeFileSync(
      on.file,
      on
        .text()
        .replace(
          /(vec:token:\n +secure: v1:[^:]+:)(.)/,
          (_all, head: string, c: string) => head + (c === 'A' ? 'B' : 'A'),
        ),
    )
    const before = on.prod()
    const { exit, stderr } = await run(['config', 'cp', '--dest', 'prod'], on)
    expect(stderr).toContain('(ERR_DECRYPT_FAILED)')
    expect(stderr).toContain('token')
    expect(stderr).not.toContain('hunter3')
    expect(exit).toBe(3)
    expect(on.prod()).toBe(before)
  })

  test('on a terminal each stack asks for its own passphrase by name', async () => {
    const on = simpleProject()
    const other = { ...SIMPLE, PULUMI_CONFIG_PASSPHRASE: 'another one' }
    await run(['stack', 'init', 'prod', '--no-select'], on, other)
    const session = new Session(['config', 'cp', 'password', '-d', 'prod'], {
      cwd: on.folder,
      env: { PULUMI_STACK: 'dev' },
    })
    await session.see('Stack dev: Passphrase that opens')
    session.type('correct horse\r')
    await session.see('Stack prod: Passphrase that opens')
    session.type('another one\r')
    expect(await session.end()).toBe(0)
    expect((await run(['config', 'get', 'password', '-s', 'prod'], on, other)).stdout).toBe('hunter3\n')
  })

  test('one passphrase for both is asked for once', async () => {
    const on = await twoStacks()
    const session = new Session(['config', 'cp', '-d', 'prod'], { cwd: on.folder, env: { PULUMI_STACK: 'dev' } })
    await session.see('Stack dev: Passphrase that opens')
    session.type('correct horse\r')
    expect(await session.end()).toBe(0)
    expect(session.shown).not.toContain('Stack prod')
  })
})

describe('config encrypt', () => {
  test('encrypts what is marked, in its place, and moves nothing else', async () => {
    const on = simpleProject(
      (text) =>
        `${text}  # new\n  vec:waiting: !secret hidden one # soon\n  vec:deep:\n    list: [!secret "x y", plain]\n`,
    )
    const before = on.text()
    const { exit, stdout, stderr } = await run(['config', 'encrypt'], on)
    expect({ exit, stdout, stderr }).toEqual({
      exit: 0,
      stdout: '',
      stderr: 'encrypted waiting\nencrypted deep.list[0]\n',
    })
    const after = on.text()
    expect(after).not.toMatch(/hidden one|x y|!secret/)
    expect(after).toContain('  # new\n  vec:waiting:')
    expect(after).toContain('# soon\n')
    expect(after.startsWith(before.slice(0, before.indexOf('  # new')))).toBe(true)
    expect((await run(['config', 'get', 'waiting'], on)).stdout).toBe('hidden one\n')
    expect((await run(['config', 'get', 'deep'], on)).stdout).toBe('{"list":["x y","plain"]}\n')
    expect((await run(['verify'], on)).exit).toBe(0)
  })

  test('where nothing is marked nothing changes, and no key is needed', async () => {
    const on = simpleProject()
    const before = on.text()
    const { exit, stderr } = await run(['config', 'encrypt'], on, { PULUMI_STACK: 'dev' })
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: 'no value is marked !secret\n' })
    expect(on.text()).toBe(before)
  })

  test.each([
    ['the wrong passphrase', { ...SIMPLE, PULUMI_CONFIG_PASSPHRASE: 'wrong' }, 3, 'ERR_WRONG_PASSPHRASE'],
    ['no passphrase', { PULUMI_STACK: 'dev' }, 4, 'ERR_PASSPHRASE_MISSING'],
  ])('%s, and the file is not changed', async (_name, env, number, code) => {
    const on = simpleProject((text) => `${text}  vec:waiting: !secret hidden\n`)
    const before = on.text()
    const { exit, stderr } = await run(['config', 'encrypt'], on, env)
    expect(stderr).toContain(`(${code})`)
    expect(stderr).toContain('Pulumi.dev.yaml was not changed')
    expect(stderr).not.toContain('hidden')
    expect(exit).toBe(number)
    expect(on.text()).toBe(before)
  })
})

const salt = (text: string): string | undefined => /^encryptionsalt: .*$/m.exec(text)?.[0]

describe('stack init --copy-config-from', () => {
  test('makes a stack with the configuration of another, under a key of its own', async () => {
    const on = simpleProject()
    const before = on.text()
    const { exit } = await stackseal(['stack', 'init', 'prod', '--copy-config-from', 'dev'], {
      cwd: on.folder,
      env: SIMPLE,
    })
    expect(exit).toBe(0)
    expect(await shown(on, 'prod')).toEqual(await shown(on, 'dev'))
    expect(on.text()).toBe(before)
    expect(salt(readFileSync(join(on.folder, 'Pulumi.prod.yaml'), 'utf8'))).not.toBe(salt(before))
  })

  test.each([
    ['a stack that is not there', 'nope', (text: string) => text, 'ERR_STACK_NOT_FOUND'],
    [
      'one with a secret that does not open',
      'dev',
      (text: string) =>
        text.replace(
          /(vec:token:\n +secure: v1:[^:]+:)(.)/,
          (_all, head: string, c: string) => head + (c === 'A' ? 'B' : 'A'),
        ),
      'ERR_DECRYPT_FAILED',
    ],
  ])('%s, and no stack is made', async (_name, source, change, code) => {
    const on = simpleProject(change)
    const { exit, stderr } = await run(['stack', 'init', 'prod', '--copy-config-from', source], on)
    expect(stderr).toContain(`(${code})`)
    expect(exit).toBe(3)
    expect((await run(['stack', 'ls'], on)).stdout).toBe('NAME\ndev\n')
  })

  test('a stack that has no configuration gives none', async () => {
    const on = project('')
    expect((await run(['stack', 'init', 'prod', '--copy-config-from', 'dev'], on)).exit).toBe(0)
    expect(await shown(on, 'prod')).toEqual({})
  })
})
