import { stripVTControlCharacters } from 'node:util'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TOKENS, TransitServer } from '../../../packages/provider-vault/test/transit-server.ts'
import { inProcess } from './support/in-process.ts'
import { manyStacks } from './support/many-stacks.ts'
import type { ManyStacks } from './support/many-stacks.ts'
import { Session } from './support/pseudo-terminal.ts'
import { folder, start } from './support/stackseal.ts'
import type { Ran } from './support/stackseal.ts'

let transit: TransitServer
beforeAll(async () => {
  transit = await TransitServer.start()
})
afterAll(() => transit.close())
beforeEach(() => {
  transit.override = undefined
  transit.requests.length = 0
})

interface World {
  readonly on: ManyStacks
  readonly env: Readonly<Record<string, string>>
  readonly run: (line: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Ran>
}

async function world(count: number, keys: number): Promise<World> {
  const env = {
    HOME: folder('home'),
    STACKSEAL_STATE_DIR: folder('notes'),
    VAULT_ADDR: transit.origin,
    VAULT_TOKEN: TOKENS.owner,
  }
  const on = await manyStacks(count, keys, env)
  transit.requests.length = 0
  const run: World['run'] = async (line, more = {}) => {
    const ran = await inProcess(line, { cwd: on.folder, env: { ...env, ...more } })
    // On a slow machine some of these take longer than a second.
    return { ...ran, stderr: ran.stderr.replaceAll(/^[a-z -]+: \[#*\.*\] .* left\n/gm, '') }
  }
  return { on, env, run }
}

const calls = (): string[] => transit.requests.map(({ path }) => path.replace('/v1/transit/', ''))
const opens = (key: string): number => calls().filter((call) => call === `decrypt/${key}`).length
const damaged = (text: string): string => text.replace(/(secure: v1:[^:]+:)..../, '$1____')
const ALL = 'stacks/*/Pulumi.prod.yaml'

describe('1,000 stack files under 3 sealed keys', () => {
  test('verify opens each sealed key once', async () => {
    const { run } = await world(1_000, 3)
    const { exit, stdout, stderr } = await run(['verify', ALL])
    expect(exit).toBe(0)
    expect(stdout.split('\n').filter((line) => / ok {2}1 secret opens /.test(line))).toHaveLength(1_000)
    expect(stderr.endsWith('1000 stacks: 1000 ok\n')).toBe(true)
    expect(calls()).toEqual(['decrypt/app', 'decrypt/app', 'decrypt/app'])
  })

  test('inspect calls no service', async () => {
    const { run } = await world(1_000, 3)
    const { exit, stdout } = await run(['inspect', 'stacks', '--json'])
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toHaveLength(1_000)
    expect(calls()).toEqual([])
  })
})

test('a re-wrap opens and seals each sealed key once, and those that shared one still do', async () => {
  const { run, on } = await world(60, 3)
  const { exit, stderr } = await run(['stack', 'rewrap', 'stacks', '--to', 'hashivault://db', '--jobs', '16'])
  expect(exit).toBe(0)
  expect(stderr).toContain('60 stacks: 60 changed\n')
  expect(opens('app')).toBe(3)
  expect(opens('db')).toBe(3)
  const sealed = on.files.map((_, i) => /encryptedkey: (\S+)/.exec(on.text(i))?.[1])
  expect(new Set(sealed).size).toBe(3)
  transit.requests.length = 0
  expect((await run(['verify', 'stacks'])).exit).toBe(0)
  expect(calls()).toEqual(['decrypt/db', 'decrypt/db', 'decrypt/db'])
})

describe('a change of many stacks', () => {
  const CHANGE = ['stack', 'change-secrets-provider', 'hashivault://db', '--config-only']

  test('opens each old sealed key once, gives every stack a key of its own, and passes over what is done', async () => {
    const { run, on } = await world(12, 3)
    const { exit, stdout, stderr } = await run([...CHANGE, ALL])
    expect(stdout.trimEnd().split('\n')).toEqual(
      on.files
        .toSorted()
        .map((file) => expect.stringMatching(`^${file} +changed +1 secret from hashivault://app to hashivault://db$`)),
    )
    expect(stderr.endsWith('12 stacks: 12 changed\n')).toBe(true)
    expect(exit).toBe(0)
    expect(opens('app')).toBe(3)
    expect(new Set(on.files.map((_, i) => /encryptedkey: (\S+)/.exec(on.text(i))?.[1])).size).toBe(12)
    const before = on.files.map((_, i) => on.text(i))
    transit.requests.length = 0
    const again = await run([...CHANGE, ALL])
    expect(again).toMatchObject({ exit: 0, stderr: '12 stacks: 12 passed over\n' })
    expect(again.stdout).toContain('passed over  already under hashivault://db\n')
    expect(on.files.map((_, i) => on.text(i))).toEqual(before)
    expect(calls()).toEqual([])
    expect((await run(['verify', 'stacks'])).exit).toBe(0)
  })

  test('what fails is told with its code and hint, does not hold up the others, and a second run does the rest', async () => {
    const { run, on } = await world(9, 3)
    const good = on.text(4)
    on.write(4, damaged(good))
    on.write(5, 'config: [\n')
    const { exit, stdout, stderr } = await run([...CHANGE, ALL])
    expect(exit).toBe(3)
    expect(stderr).toContain('hint: run it again when the cause is gone: what is done is passed over\n')
    expect(stdout).toMatch(/p4\/Pulumi\.prod\.yaml +failed +ERR_MALFORMED_CIPHERTEXT\n/)
    expect(stdout).toMatch(/p5\/Pulumi\.prod\.yaml +failed +ERR_MALFORMED_FILE\n/)
    // On a slow machine lines of progress stand before them.
    expect(stderr).toMatch(
      /^stackseal: stacks\/p4\/Pulumi\.prod\.yaml: a secret does not open: config token \(ERR_MALFORMED_CIPHERTEXT\)\n {2}hint: set each of them anew.*\n {2}does not open: config token\nstackseal: stacks\/p5\/Pulumi\.prod\.yaml can not be read.*\(ERR_MALFORMED_FILE\)\n/m,
    )
    expect(stderr).toContain('9 stacks: 7 changed, 2 failed\n')
    expect(on.text(4)).toBe(damaged(good))
    on.write(4, good)
    const second = await run([...CHANGE, ALL, '--json'])
    const answers = JSON.parse(second.stdout) as { readonly outcome: string; readonly file: string }[]
    expect(answers.map(({ outcome }) => outcome)).toEqual(
      on.files
        .toSorted()
        .map((file) => (file.includes('p4') ? 'changed' : file.includes('p5') ? 'failed' : 'passed over')),
    )
    expect(answers.find(({ file }) => file.includes('p5'))).toMatchObject({
      error: { code: 'ERR_MALFORMED_FILE', changed: false, message: expect.any(String) as string },
    })
    expect(second.exit).toBe(3)
    expect(second.stderr).not.toContain('stackseal:')
  })

  test('a key service that refuses is asked once for each sealed key', async () => {
    const { run } = await world(60, 3)
    const { exit, stdout } = await run([...CHANGE, 'stacks'], { VAULT_TOKEN: TOKENS.nobody })
    expect(exit).toBe(4)
    expect(stdout.match(/ERR_ACCESS_DENIED/g)).toHaveLength(60)
    expect(opens('app')).toBe(3)
  })

  test('a dry run changes nothing', async () => {
    const { run, on } = await world(3, 3)
    const before = on.files.map((_, i) => on.text(i))
    const { exit, stdout, stderr } = await run([...CHANGE, 'stacks', '--dry-run'])
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '3 stacks: 3 would change\n' })
    expect(stdout).toContain('would change  1 secret from hashivault://app to hashivault://db\n')
    expect(on.files.map((_, i) => on.text(i))).toEqual(before)
  })

  test('works on no more stacks at once than --jobs says', async () => {
    const { run } = await world(8, 8)
    for (const jobs of [1, 3]) {
      transit.requests.length = 0
      transit.override = () => 'never'
      const running = run(['verify', 'stacks', '--jobs', String(jobs), '--timeout', '0.8'])
      await setTimeout(400)
      expect(transit.requests).toHaveLength(jobs)
      transit.override = undefined
      expect((await running).exit).toBe(5)
    }
    for (const jobs of ['0', '65', 'x', '1.5']) {
      expect(await run(['verify', 'stacks', '--jobs', jobs])).toMatchObject({
        exit: 2,
        stderr: expect.stringContaining('--jobs') as string,
      })
    }
  })
})

test('a rotation gives each stack a new data key at every run, and does not promise to pass over what is done', async () => {
  const { run, on } = await world(4, 2)
  writeFileSync(join(on.folder, 'stacks/p0/Pulumi.plain.yaml'), 'config:\n  p0:a: b\n')
  on.write(3, damaged(on.text(3)))
  for (let time = 1; time <= 2; time++) {
    const before = on.files.map((_, i) => on.text(i))
    const { exit, stdout, stderr } = await run(['stack', 'rotate', 'stacks', '--config-only'])
    expect(exit).toBe(3)
    expect(stdout).toMatch(/p0\/Pulumi\.plain\.yaml +passed over +it has no key\n/)
    expect(stderr).toContain('5 stacks: 1 passed over, 3 changed, 1 failed\n')
    expect(stderr).toContain('hint: run it again for those that are left')
    expect(on.files.map((_, i) => on.text(i) === before[i])).toEqual([false, false, false, true])
  }
})

describe('on a passphrase', () => {
  const CHANGE = ['stack', 'change-secrets-provider', 'passphrase', '--config-only']

  test('the old one is asked for once and the new one twice, for all; a second run asks for the new one alone', async () => {
    const env = { HOME: folder('home'), STACKSEAL_STATE_DIR: folder('notes') }
    const on = await manyStacks(4, 2, { PULUMI_CONFIG_PASSPHRASE: 'old words' }, 'passphrase:')
    const session = new Session([...CHANGE, ALL], { cwd: on.folder, env })
    await session.see('New passphrase, which will protect the secrets of all these stacks')
    session.type('new words\r')
    await session.see('The same passphrase again')
    session.type('new words\r')
    await session.see('Passphrase that opens the secrets')
    session.type('old words\r')
    expect(await session.end()).toBe(0)
    const shown = stripVTControlCharacters(session.shown)
    expect(shown.split('Passphrase that opens')).toHaveLength(2)
    expect(shown.split('New passphrase,')).toHaveLength(2)
    expect(shown).toContain('4 stacks: 4 changed')
    expect(shown).not.toContain('words')
    expect(new Set(on.files.map((_, i) => /encryptionsalt: (\S+)/.exec(on.text(i))?.[1])).size).toBe(4)

    const again = new Session([...CHANGE, ALL], { cwd: on.folder, env })
    await again.see('New passphrase,')
    again.type('new words\r')
    await again.see('The same passphrase again')
    again.type('new words\r')
    expect(await again.end()).toBe(0)
    const second = stripVTControlCharacters(again.shown)
    expect(second).not.toContain('Passphrase that opens')
    expect(second).toContain('passed over')
    expect(second).toContain('already the new passphrase opens it')
    expect(second).toContain('4 stacks: 4 passed over')
  })

  test('an empty new passphrase ends the run before it begins', async () => {
    const env = { STACKSEAL_STATE_DIR: folder('notes'), PULUMI_CONFIG_PASSPHRASE: 'old words' }
    const on = await manyStacks(2, 1, env, 'passphrase:')
    const before = on.files.map((_, i) => on.text(i))
    const ran = await inProcess([...CHANGE, ALL], { cwd: on.folder, env: { ...env, STACKSEAL_NEW_PASSPHRASE: '' } })
    expect(ran).toMatchObject({ exit: 2, stdout: '' })
    expect(ran.stderr.match(/the new passphrase is empty/g)).toHaveLength(1)
    expect(on.files.map((_, i) => on.text(i))).toEqual(before)
  })
})

describe('the table', () => {
  test('stands in columns on a terminal that is wide enough, and in blocks on one that is not', async () => {
    const { on, env } = await world(2, 1)
    const wide = new Session(['verify', 'stacks'], { cwd: on.folder, env, columns: 120 })
    expect(await wide.end()).toBe(0)
    expect(stripVTControlCharacters(wide.shown).replaceAll('\r', '')).toMatch(
      /^stacks\/p0\/Pulumi\.prod\.yaml {2}ok {2}1 secret opens \(hashivault:\/\/app, key app, .*\)\nstacks\/p1/,
    )
    const narrow = new Session(['verify', 'stacks'], { cwd: on.folder, env, columns: 40 })
    expect(await narrow.end()).toBe(0)
    const lines = stripVTControlCharacters(narrow.shown).replaceAll('\r', '').split('\n')
    expect(lines.slice(0, 2)).toEqual([
      'stacks/p0/Pulumi.prod.yaml',
      expect.stringMatching(/^ {2}ok: 1 secret opens/) as string,
    ])
    expect(lines.filter((line) => line.length > 40)).toEqual([])
  })

  test('a bar tells how far a run is on a terminal', async () => {
    const { on, env } = await world(8, 8)
    transit.override = () => 'never'
    const args = ['verify', 'stacks', '--jobs', '2', '--timeout', '0.6']
    const session = new Session(args, { cwd: on.folder, env })
    expect(await session.end()).toBe(5)
    expect(session.shown).toMatch(/checking: \[#+\.*\] \d+ %, \d of 8 stacks, \d+ s left/)
  })
})

test('Ctrl-C begins no more stacks; those that were begun are as they were or done, and the table says which', async () => {
  const { on, env, run } = await world(6, 6)
  const args = [
    'stack',
    'change-secrets-provider',
    'hashivault://db',
    'stacks',
    '--config-only',
    '--jobs',
    '1',
    '--json',
  ]
  const seen = { answers: 0 }
  const before = on.files.map((_, i) => on.text(i))
  // The third stack's key is never opened.
  transit.override = ({ path }) => (path.endsWith('decrypt/app') && ++seen.answers > 2 ? 'never' : undefined)
  const started = start(args, { cwd: on.folder, env })
  started.child.stdin.end()
  while (seen.answers < 3) await setTimeout(20)
  started.child.kill('SIGINT')
  const { exit, stdout } = await started.ended
  expect(exit).toBe(130)
  const outcomes = (JSON.parse(stdout) as { readonly outcome: string }[]).map(({ outcome }) => outcome)
  expect(outcomes).toEqual(['changed', 'changed', 'interrupted', 'not begun', 'not begun', 'not begun'])
  expect(on.files.map((_, i) => on.text(i) === before[i])).toEqual([false, false, true, true, true, true])
  transit.override = undefined
  expect((await run(args)).exit).toBe(0)
  expect((await run(['verify', 'stacks'])).exit).toBe(0)
})

const files = async (cwd: string, ...args: readonly string[]): Promise<string[]> => {
  const { stdout } = await inProcess(['inspect', '--json', ...args], { cwd })
  return (JSON.parse(stdout) as { readonly file: string }[]).map(({ file }) => file)
}

function tree(): string {
  const at = folder('tree')
  for (const [place, ...names] of [
    ['a', 'Pulumi.yaml', 'Pulumi.dev.yaml', 'Pulumi.prod.yaml', 'Pulumi.dev.json', 'Pulumi.dev.yaml.bak'],
    ['a/copies', 'Pulumi.dev.yaml'],
    ['b/c', 'Pulumi.yaml', 'Pulumi.dev.yaml'],
    ['b/node_modules/x', 'Pulumi.yaml', 'Pulumi.dev.yaml'],
    ['.git/x', 'Pulumi.yaml', 'Pulumi.dev.yaml'],
    ['alone', 'Pulumi.dev.yml'],
  ]) {
    mkdirSync(join(at, place as string), { recursive: true })
    for (const name of names) {
      writeFileSync(join(at, place as string, name), name === 'Pulumi.yaml' ? 'name: p\nruntime: yaml\n' : '{}\n')
    }
  }
  return at
}

describe('what is named', () => {
  test('a folder means the stacks of every project below; copies, node_modules and .git are none', async () => {
    const at = tree()
    const all = ['a/Pulumi.dev.yaml', 'a/Pulumi.prod.yaml', 'alone/Pulumi.dev.yml', 'b/c/Pulumi.dev.yaml']
    expect(await files(at, '.')).toEqual(all)
    expect(await files(at, 'b', 'a/')).toEqual(['b/c/Pulumi.dev.yaml', 'a/Pulumi.dev.yaml', 'a/Pulumi.prod.yaml'])
    expect(await files(join(at, 'a'), '../b')).toEqual(['../b/c/Pulumi.dev.yaml'])
  })

  test('a pattern means the stack files and folders that match, and each file comes once', async () => {
    const at = tree()
    expect(await files(at, '**/Pulumi.prod.yaml', 'a')).toEqual(['a/Pulumi.prod.yaml', 'a/Pulumi.dev.yaml'])
    expect(await files(at, '{a,alone}/Pulumi.dev.*')).toEqual([
      'a/Pulumi.dev.json',
      'a/Pulumi.dev.yaml',
      'alone/Pulumi.dev.yml',
    ])
    expect(await files(at, '?', '[a]/*')).toEqual([
      'a/Pulumi.dev.yaml',
      'a/Pulumi.prod.yaml',
      'b/c/Pulumi.dev.yaml',
      'a/Pulumi.dev.json',
    ])
  })

  test('links to stack files count, links to folders are not followed', async () => {
    const at = tree()
    symlinkSync('Pulumi.dev.yaml', join(at, 'b/c/Pulumi.same.yaml'))
    symlinkSync('../../a', join(at, 'b/c/elsewhere'))
    symlinkSync('..', join(at, 'b/c/circle'))
    symlinkSync('nowhere', join(at, 'b/c/Pulumi.gone.yaml'))
    // Both names lead to one file.
    expect(await files(at, 'b')).toEqual(['b/c/Pulumi.dev.yaml'])
  })

  test.each([
    ['nothing/*', 'no stack file matches nothing/*'],
    ['b/*/x/*', 'no stack file matches b/*/x/*'],
    ['a/copies', 'there is no stack file below a/copies'],
  ])('%s is an error', async (argument, message) => {
    const ran = await inProcess(['verify', argument], { cwd: tree() })
    expect(ran).toMatchObject({ exit: 3, stderr: expect.stringContaining(`${message} (ERR_FILE_NOT_FOUND)`) as string })
  })

  test('names, files and folders go together; a stack goes before a folder of its name', async () => {
    const { on, run } = await world(3, 1)
    const cwd = join(on.folder, 'stacks/p0')
    mkdirSync(join(cwd, 'prod'))
    const named = await run([
      '-C',
      cwd,
      'stack',
      'rewrap',
      'prod',
      '../p1/Pulumi.prod.yaml',
      '../p2',
      '--to',
      'hashivault://db',
    ])
    expect({ exit: named.exit, files: named.stdout.match(/^\S+/gm) }).toEqual({
      exit: 0,
      files: ['Pulumi.prod.yaml', '../p1/Pulumi.prod.yaml', '../p2/Pulumi.prod.yaml'],
    })
    expect(await run(['-C', cwd, 'stack', 'rewrap', 'prod', '.', '-s', 'prod'])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('named twice') as string,
    })
  })

  test('a copy of a stack file is not changed together with the state of the stack', async () => {
    const { on, run } = await world(1, 1)
    mkdirSync(join(on.folder, 'stacks/p0/copy'))
    writeFileSync(join(on.folder, 'stacks/p0/copy/Pulumi.prod.yaml'), on.text(0))
    const ran = await run(['stack', 'rotate', 'stacks/p0/copy/Pulumi.prod.yaml'])
    expect(ran).toMatchObject({ exit: 3, stderr: expect.stringContaining('is not the file of a stack') as string })
  })
})
