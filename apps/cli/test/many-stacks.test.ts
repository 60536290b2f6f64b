import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TOKENS, TransitServer } from '../../../packages/provider-vault/test/transit-server.ts'
import { inProcess } from './support/in-process.ts'
import { manyStacks } from './support/many-stacks.ts'
import type { ManyStacks } from './support/many-stacks.ts'
import { folder } from './support/stackseal.ts'
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
  const run: World['run'] = (line, more = {}) => inProcess(line, { cwd: on.folder, env: { ...env, ...more } })
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
