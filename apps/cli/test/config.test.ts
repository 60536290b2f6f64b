import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { project, SIMPLE, simpleProject, vector } from './support/project.ts'
import type { TestProject } from './support/project.ts'
import { folder, stackseal, stacksealBytes } from './support/stackseal.ts'
import type { Ran } from './support/stackseal.ts'

const run = (args: readonly string[], on: TestProject, env: Readonly<Record<string, string>> = SIMPLE): Promise<Ran> =>
  inProcess(args, { cwd: on.folder, env })

/** What opens the vector 06-multiline. */
const PASSPHRASE_OF_LINES = {
  PULUMI_CONFIG_PASSPHRASE: (
    JSON.parse(readFileSync(vector('06-multiline', 'commands.json'), 'utf8')) as { passphrase: string }
  ).passphrase,
}

/** Flips one bit of the ciphertext of a secret of {@link simpleProject}. */
const damage =
  (name: string) =>
  (text: string): string =>
    text.replace(
      new RegExp(`(vec:${name}:\\n +secure: v1:[^:]+:)(.)`),
      (_all, before: string, first: string) => before + (first === 'A' ? 'B' : 'A'),
    )

/** The lines that differ. */
function changedLines(before: string, after: string): string[] {
  const old = new Set(before.split('\n'))
  return after.split('\n').filter((line) => !old.has(line))
}

describe('config', () => {
  test('lists keys and values, secrets covered', async () => {
    const { exit, stdout, stderr } = await run(['config'], simpleProject())
    expect(stdout).toBe(
      [
        'KEY       VALUE',
        'Upper     [secret]',
        'password  [secret]',
        'plain     changed',
        'region    eu-central-1',
        'token     [secret]',
        '',
      ].join('\n'),
    )
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  })

  test("lists to the reference's JSON, and needs no passphrase for it", async () => {
    const { exit, stdout } = await run(['config', '--json'], simpleProject(), { PULUMI_STACK: 'dev' })
    expect(stdout).toBe(readFileSync(vector('01-simple', 'config.json'), 'utf8'))
    expect(exit).toBe(0)
  })

  test('a secret that does not open does not hide the others', async () => {
    const { exit, stdout, stderr } = await run(['config', '--show-secrets'], simpleProject(damage('password')))
    expect(stdout).toContain('token     s3cr3t-token\n')
    expect(stdout).toContain('password  [unreadable: ERR_DECRYPT_FAILED]\n')
    expect(stderr).toMatch(/^warning: .*password does not open: .* \(ERR_DECRYPT_FAILED\)\n$/)
    expect(exit).toBe(3)
  })

  test('--stack wins over PULUMI_STACK, and an unknown stack is named with those that are there', async () => {
    const { exit, stdout, stderr } = await run(['config', '-s', 'prod'], simpleProject())
    expect({ exit, stdout }).toEqual({ exit: 3, stdout: '' })
    expect(stderr).toContain('(ERR_STACK_NOT_FOUND)\n  hint: there are: dev')
  })

  test('--config-file names the file', async () => {
    const on = simpleProject()
    writeFileSync(join(on.folder, 'other.yaml'), 'config:\n  vec:here: yes\n')
    const { stdout } = await run(['config', '--config-file', 'other.yaml'], on)
    expect(stdout).toBe('KEY   VALUE\nhere  yes\n')
  })

  test('no project is an error of usage', async () => {
    const { exit, stderr } = await inProcess(['config'], { cwd: folder('empty'), env: SIMPLE })
    expect(stderr).toContain('(ERR_NO_PROJECT)\n  hint: ')
    expect(exit).toBe(2)
  })
})

describe('config get', () => {
  test.each([
    [['plain'], 'changed\n'],
    [['password'], 'hunter3\n'],
    [['vec:password'], 'hunter3\n'],
    [['password', '--raw'], 'hunter3'],
    [['password', '--json'], '{\n  "value": "hunter3",\n  "secret": true\n}\n'],
    [['plain', '-j'], '{\n  "value": "changed",\n  "secret": false\n}\n'],
  ])('%j', async (args, answer) => {
    expect(await run(['config', 'get', ...args], simpleProject())).toEqual({ exit: 0, stdout: answer, stderr: '' })
  })

  test('a plain value needs no passphrase', async () => {
    const { exit, stdout } = await run(['config', 'get', 'plain'], simpleProject(), { PULUMI_STACK: 'dev' })
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'changed\n' })
  })

  test.each([
    ['a missing key', ['nope'], SIMPLE, 3, 'stack dev has no configuration key nope (ERR_CONFIG_KEY_NOT_FOUND)'],
    ['a malformed key', ['a:b:c:d'], SIMPLE, 2, 'ERR_INVALID_CONFIG_KEY'],
    ['a malformed path', ['--path', 'a['], SIMPLE, 2, 'ERR_INVALID_PROPERTY_PATH'],
    ['the wrong passphrase', ['password'], { ...SIMPLE, PULUMI_CONFIG_PASSPHRASE: 'wrong' }, 3, 'ERR_WRONG_PASSPHRASE'],
    ['no passphrase', ['password'], { PULUMI_STACK: 'dev' }, 4, 'ERR_PASSPHRASE_MISSING'],
  ])('%s is refused', async (_name, args, env, number, told) => {
    const { exit, stdout, stderr } = await run(['config', 'get', ...args], simpleProject(), env)
    expect(stderr).toContain(told)
    expect({ exit, stdout }).toEqual({ exit: number, stdout: '' })
  })

  test('a secret that is not UTF-8 goes into a pipe byte for byte, and into JSON as the reference puts it there', async () => {
    const on = project(readFileSync(vector('06-multiline', 'Pulumi.dev.yaml')))
    const env = { ...SIMPLE, ...PASSPHRASE_OF_LINES }
    const piped = await stacksealBytes(['config', 'get', 'stdinBadUtf8', '--raw'], { cwd: on.folder, env })
    expect(piped.stdout.toString('hex')).toBe('636166e920fffe')
    const { stdout } = await run(['config', 'get', 'stdinBadUtf8', '--json'], on, env)
    expect(JSON.parse(stdout)).toEqual({ value: 'caf\ufffd \ufffd\ufffd', secret: true })
  })

  test('a damaged secret is named', async () => {
    const { exit, stdout, stderr } = await run(['config', 'get', 'password'], simpleProject(damage('password')))
    expect(stderr).toMatch(/^stackseal: password does not open: .* \(ERR_DECRYPT_FAILED\)\n/)
    expect({ exit, stdout }).toEqual({ exit: 3, stdout: '' })
  })
})

describe('config set', () => {
  test('changes one line, and nothing where the value is there already', async () => {
    const on = simpleProject()
    const before = on.text()
    expect(await run(['config', 'set', 'region', 'eu-west-1'], on)).toEqual({ exit: 0, stdout: '', stderr: '' })
    expect(changedLines(before, on.text())).toEqual(['  vec:region: eu-west-1'])
    const after = on.text()
    const again = await run(['config', 'set', 'region', 'eu-west-1'], on)
    expect(again).toEqual({ exit: 0, stdout: '', stderr: 'region has this value already\n' })
    expect(on.text()).toBe(after)
  })

  test('encrypts a secret, which opens again, and keeps the ciphertext of one that stays the same', async () => {
    const on = simpleProject()
    const before = on.text()
    await run(['config', 'set', '--secret', 'password', 'hunter3'], on)
    expect(on.text()).toBe(before)
    await run(['config', 'set', '--secret', 'password', 'hunter4'], on)
    expect(changedLines(before, on.text())).toEqual([expect.stringMatching(/^ {4}secure: v1:[^:]+:[^:]+$/)])
    expect((await run(['config', 'get', 'password'], on)).stdout).toBe('hunter4\n')
  })

  test.each([
    [['--path', 'list[0].port', '8080'], '  vec:list:\n    - port: 8080\n'],
    [['--type', 'int', 'n', '-5'], '  vec:n: -5\n'],
    [['n', '-5'], '  vec:n: "-5"\n'],
    [['flags', '--', '--verbose'], '  vec:flags: --verbose\n'],
    [['--plaintext', 'aws:region', 'x'], '  aws:region: x\n'],
    [['empty', ''], '  vec:empty: ""\n'],
  ])('%j', async (args, written) => {
    const on = simpleProject()
    const before = on.text()
    expect(await run(['config', 'set', ...args], on)).toEqual({ exit: 0, stdout: '', stderr: '' })
    expect(on.text()).toBe(before + written)
  })

  test.each([
    [
      'the wrong passphrase',
      ['--secret', 'x', 'v'],
      { ...SIMPLE, PULUMI_CONFIG_PASSPHRASE: 'wrong' },
      3,
      'ERR_WRONG_PASSPHRASE',
    ],
    ['no passphrase', ['--secret', 'x', 'v'], { PULUMI_STACK: 'dev' }, 4, 'ERR_PASSPHRASE_MISSING'],
    ['a value of another type', ['--type', 'bool', 'x', 'yes'], SIMPLE, 2, 'ERR_INVALID_VALUE'],
    ['a malformed key', ['a:b:c:d', 'v'], SIMPLE, 2, 'ERR_INVALID_CONFIG_KEY'],
    ['a malformed path', ['--path', 'a[', 'v'], SIMPLE, 2, 'ERR_INVALID_PROPERTY_PATH'],
  ])('%s: refused, and the file is not changed', async (_name, args, env, number, code) => {
    const on = simpleProject()
    const before = on.text()
    const { exit, stdout, stderr } = await run(['config', 'set', ...args], on, env)
    expect(stderr).toContain(`(${code})`)
    expect(stderr.endsWith('  Pulumi.dev.yaml was not changed\n')).toBe(true)
    expect({ exit, stdout }).toEqual({ exit: number, stdout: '' })
    expect(on.text()).toBe(before)
  })

  test('with --json a refusal says what was not changed', async () => {
    const { stderr } = await run(['config', 'set', '--secret', 'x', 'v', '--json'], simpleProject(), {
      PULUMI_STACK: 'dev',
    })
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'ERR_PASSPHRASE_MISSING', file: 'Pulumi.dev.yaml', changed: false },
    })
  })

  test('a damaged secret is replaced, and that is said', async () => {
    const on = simpleProject(damage('password'))
    const { exit, stderr } = await run(['config', 'set', '--secret', 'password', 'new'], on)
    expect(stderr).toBe('warning: the secret that stood at password did not open, and was replaced\n')
    expect(exit).toBe(0)
    expect((await run(['config', 'get', 'password'], on)).stdout).toBe('new\n')
  })

  test.each([
    ['--secret', '--plaintext'],
    ['--secret', '--type=int'],
    ['--plaintext', '--type=int'],
  ])('%s and %s exclude each other', async (a, b) => {
    const { exit, stderr } = await run(['config', 'set', 'k', '1', a, b], simpleProject())
    expect(stderr).toContain('--secret, --plaintext and --type exclude each other (ERR_USAGE)')
    expect(exit).toBe(2)
  })

  test.each([
    ['one newline is dropped', [], 'a\n', 'a'],
    ['of two newlines one stays', [], 'a\n\n', 'a\n'],
    ['--raw keeps it', ['--raw'], 'a\n', 'a\n'],
    ['nothing is the empty text', [], '', ''],
    ['lines and a byte order mark stay', [], '\ufeffa\r\nb\n', '\ufeffa\r\nb'],
  ])('a secret from standard input: %s', async (_name, flags, stdin, value) => {
    const on = simpleProject()
    const set = await stackseal(['config', 'set', '--secret', 'x', ...flags], { cwd: on.folder, env: SIMPLE, stdin })
    expect(set).toEqual({ exit: 0, stdout: '', stderr: '' })
    expect((await run(['config', 'get', 'x', '--raw'], on)).stdout).toBe(value)
  })

  test('a carriage return before the last newline stays', async (context) => {
    context.skip(process.platform === 'win32', 'on Windows a carriage return belongs to the line end')
    const on = simpleProject()
    await stackseal(['config', 'set', 'x'], { cwd: on.folder, env: SIMPLE, stdin: 'a\r\n' })
    expect((await run(['config', 'get', 'x', '--raw'], on)).stdout).toBe('a\r')
  })

  test('standard input that is not UTF-8 is refused', async () => {
    const on = simpleProject()
    const before = on.text()
    const { exit, stderr } = await stackseal(['config', 'set', 'x'], {
      cwd: on.folder,
      env: SIMPLE,
      stdin: Uint8Array.of(0x61, 0xff),
    })
    expect(stderr).toContain('standard input is not UTF-8 text (ERR_INVALID_VALUE)')
    expect(exit).toBe(2)
    expect(on.text()).toBe(before)
  })
})

describe('config rm', () => {
  test('removes one key, and what is not there silently', async () => {
    const on = simpleProject()
    const before = on.text()
    expect(await run(['config', 'rm', 'region'], on)).toEqual({ exit: 0, stdout: '', stderr: '' })
    expect(on.text()).toBe(before.replace('  vec:region: eu-central-1\n', ''))
    const after = on.text()
    expect(await run(['config', 'remove', 'region', '-q'], on)).toEqual({ exit: 0, stdout: '', stderr: '' })
    expect(on.text()).toBe(after)
  })

  test('needs no passphrase, and removes inside a value', async () => {
    const on = project('config:\n  vec:list:\n    - a # first\n    - b\n')
    expect((await run(['config', 'rm', '--path', 'list[1]'], on, { PULUMI_STACK: 'dev' })).exit).toBe(0)
    expect(on.text()).toBe('config:\n  vec:list:\n    - a # first\n')
  })
})

test('a value marked !secret is a secret, also while it stands in plain text; who writes is warned', async () => {
  const on = project('config:\n  vec:a: !secret hunter2\n  vec:b:\n    c: [1, !secret hunter3]\n    d: x\n')
  const listed = await run(['config'], on)
  expect(listed.stdout).toBe('KEY  VALUE\na    [secret]\nb    {"c":[1,"[secret]"],"d":"x"}\n')
  const json = await run(['config', '--json'], on)
  expect(JSON.parse(json.stdout)).toEqual({ 'vec:a': { secret: true }, 'vec:b': { secret: true } })
  const shown = await run(['config', '--show-secrets'], on)
  expect(shown.stdout).toBe('KEY  VALUE\na    hunter2\nb    {"c":[1,"hunter3"],"d":"x"}\n')
  const got = await run(['config', 'get', '--path', 'b.c[1]', '--json'], on)
  expect(JSON.parse(got.stdout)).toEqual({ value: 'hunter3', secret: true })
  expect((await run(['config', 'get', '--path', 'b.d', '--json'], on)).stdout).toContain('"secret": false')
  const set = await run(['config', 'set', 'e', 'x'], on)
  expect(set).toEqual({
    exit: 0,
    stdout: '',
    stderr: [2, 4]
      .map((line) => `warning: line ${line} of Pulumi.dev.yaml is marked !secret and stands there in plain text\n`)
      .join(''),
  })
})

test('a stack file that is a link out of the project is not followed, unless --follow-links says so', async () => {
  const outside = simpleProject()
  const on = project('')
  const inside = join(folder('linked'), 'Pulumi.dev.yaml')
  writeFileSync(join(inside, '..', 'Pulumi.yaml'), 'name: vec\nruntime: yaml\n')
  symlinkSync(outside.file, inside)
  const at = { ...on, folder: join(inside, '..') }
  const refused = await run(['config'], at)
  expect(refused.stderr).toContain('(ERR_LINK_NOT_FOLLOWED)')
  expect(refused.exit).toBe(4)
  expect((await run(['config', 'get', 'plain', '--follow-links'], at)).stdout).toBe('changed\n')
})

test('--debug tells phases and times, and no value', async () => {
  const { stderr, stdout } = await run(['config', 'get', 'password', '--debug'], simpleProject())
  expect(stdout).toBe('hunter3\n')
  expect(stderr).toMatch(/^debug: +\d+ ms {2}stackseal .*, config get in /)
  expect(stderr).toMatch(/debug: +\d+ ms {2}provider passphrase: opening a data key took \d+ ms\n/)
  expect(stderr).not.toMatch(/hunter3|correct horse/)
})
