import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { project } from './support/project.ts'
import type { TestProject } from './support/project.ts'
import { folder, stackseal } from './support/stackseal.ts'
import type { Ran } from './support/stackseal.ts'
import { installProvider, LOADED, providerCode, suggest } from './support/third-party.ts'

const MODULE = 'stackseal-provider-memo'

/** A project without stacks, and a home of its own in which trust is kept. */
function empty(): { readonly on: TestProject; readonly run: (...line: string[]) => Promise<Ran> } {
  const on = project('')
  rmSync(on.file)
  const home = folder('home')
  const run = (...line: string[]): Promise<Ran> =>
    stackseal(line, { cwd: on.folder, env: { HOME: home, PULUMI_STACK: 'prod' } })
  return { on, run }
}

/** The same with a stack prod on the key memo://key, made with --provider. */
async function withStack(): Promise<ReturnType<typeof empty>> {
  const made = empty()
  installProvider(made.on)
  const { exit, stderr } = await made.run(
    'stack',
    'init',
    'prod',
    '--secrets-provider',
    'memo://key',
    '--provider',
    MODULE,
  )
  expect({ exit, stderr }).toMatchObject({ exit: 0 })
  return made
}

const errorOf = ({ stderr }: Ran): unknown => JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error

test('a package of the project makes a stack, sets and gets, by --provider and by STACKSEAL_PROVIDERS', async () => {
  const { on, run } = await withStack()
  expect((await run('config', 'set', '--secret', 'token', 'hunter2', '--provider', MODULE)).exit).toBe(0)
  expect(await run('config', 'get', 'token', '--provider', MODULE)).toMatchObject({ exit: 0, stdout: 'hunter2\n' })
  const env = { PULUMI_STACK: 'prod', STACKSEAL_PROVIDERS: ` other-module-that-is-not-needed-here-, ${MODULE}` }
  // Named modules are looked at in order; one that is not there is told, whatever the next one has.
  const listed = await stackseal(['config', 'get', 'token'], {
    cwd: on.folder,
    env: { ...env, STACKSEAL_PROVIDERS: MODULE },
  })
  expect(listed).toMatchObject({ exit: 0, stdout: 'hunter2\n' })
  expect(await stackseal(['config', 'get', 'token'], { cwd: on.folder, env })).toMatchObject({ exit: 2 })
})

test('a path is one from the working folder, and need not be in the project', async () => {
  const { on, run } = await withStack()
  const elsewhere = join(on.folder, 'tools/memo.mjs')
  mkdirSync(join(on.folder, 'tools'))
  writeFileSync(
    elsewhere,
    `${providerCode(['memo']).replace('export default', 'const provider =')}\nexport default [provider]\n`,
  )
  expect((await run('verify', '--provider', './tools/memo.mjs')).exit).toBe(0)
  expect((await run('-C', 'tools', 'verify', '--provider', './memo.mjs')).exit).toBe(0)
  expect((await run('verify', '--provider', elsewhere)).exit).toBe(0)
})

test('a package may be a link into a store, and one that leads out of itself is refused', async () => {
  const { on, run } = await withStack()
  const installed = join(on.folder, 'node_modules', MODULE)
  const store = join(on.folder, 'store')
  renameSync(installed, store)
  symlinkSync(store, installed)
  expect((await run('verify', '--provider', MODULE)).exit).toBe(0)
  renameSync(join(store, 'index.js'), join(on.folder, 'elsewhere.mjs'))
  symlinkSync(join(on.folder, 'elsewhere.mjs'), join(store, 'index.js'))
  const ran = await run('verify', '--provider', MODULE, '--json')
  expect(errorOf(ran)).toMatchObject({ code: 'ERR_PROVIDER_INVALID', message: expect.stringContaining('outside') })
  expect(ran.stderr).not.toContain(LOADED)
})

describe('without its module', () => {
  test('an unknown scheme says what to install and where to name it', async () => {
    const { run } = empty()
    const ran = await run('stack', 'init', 'prod', '--secrets-provider', 'memo://key', '--json')
    expect(ran.exit).toBe(2)
    expect(errorOf(ran)).toMatchObject({
      code: 'ERR_UNKNOWN_PROVIDER',
      hint: expect.stringMatching(/stackseal-provider.*--provider MODULE or STACKSEAL_PROVIDERS/),
      changed: false,
    })
  })

  test.each([
    [MODULE, `install it there: npm install ${MODULE}`],
    ['./nowhere.mjs', 'check the path of the module'],
    ['no/such path', 'check the path of the module'],
  ])('%s, which is not there, says so', async (name, hint) => {
    const { run } = empty()
    const ran = await run('stack', 'init', 'prod', '--secrets-provider', 'memo://key', '--provider', name, '--json')
    expect({ exit: ran.exit, error: errorOf(ran) }).toMatchObject({
      exit: 2,
      error: { code: 'ERR_UNKNOWN_PROVIDER', message: expect.stringContaining(name), hint, changed: false },
    })
  })
})

describe('a module that is none', () => {
  test.each([
    ['no default export', 'export const provider = 1', 'ERR_PROVIDER_INVALID'],
    ['another contract', providerCode(['memo'], { contract: 9 }), 'ERR_PROVIDER_INVALID'],
    ['an empty list', 'export default []', 'ERR_PROVIDER_INVALID'],
    ['no schemes', 'export default { contract: 1 }', 'ERR_PROVIDER_INVALID'],
    [
      'no openKey',
      'export default { contract: 1, name: "x", schemes: ["memo"], createKey() {} }',
      'ERR_PROVIDER_INVALID',
    ],
    ['a fault at import', 'throw new Error("hunter2")', 'ERR_PROVIDER_FAILED'],
    ['a scheme that it declares and does not have', providerCode(['other']), 'ERR_UNKNOWN_PROVIDER'],
  ])('%s', async (_, code, expected) => {
    const { on, run } = empty()
    installProvider(on, { code })
    const ran = await run('stack', 'init', 'prod', '--secrets-provider', 'memo://key', '--provider', MODULE, '--json')
    expect(errorOf(ran)).toMatchObject({ code: expected, changed: false })
    expect(ran.stderr).not.toContain('hunter2')
  })

  test('two that claim one scheme are refused', async () => {
    const { on, run } = empty()
    installProvider(on)
    installProvider(on, { name: 'other-memo' })
    const both = ['--provider', MODULE, '--provider', 'other-memo']
    const ran = await run('stack', 'init', 'prod', '--secrets-provider', 'memo://key', ...both, '--json')
    expect(errorOf(ran)).toMatchObject({ code: 'ERR_PROVIDER_INVALID', message: expect.stringContaining('other-memo') })
  })
})

describe('a scheme that stackseal has itself', () => {
  test('is not taken over by a module that is named', async () => {
    const { on, run } = empty()
    installProvider(on, { schemes: ['hashivault', 'memo'] })
    const taken = await run(
      'stack',
      'init',
      'prod',
      '--secrets-provider',
      'hashivault://key',
      '--provider',
      MODULE,
      '--json',
    )
    expect(errorOf(taken)).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING' })
    expect(taken.stderr).not.toContain(LOADED)
    const used = await run('stack', 'init', 'prod', '--secrets-provider', 'memo://key', '--provider', MODULE)
    expect(used.exit).toBe(0)
    expect(used.stderr).toContain('also claims hashivault, which stackseal has itself: that part is ignored')
  })

  test("nor by a project's package.json", async () => {
    const { on, run } = empty()
    installProvider(on, { schemes: ['hashivault'] })
    suggest(on, { hashivault: MODULE })
    const ran = await run('stack', 'init', 'prod', '--secrets-provider', 'hashivault://key', '--json')
    expect(errorOf(ran)).toMatchObject({ code: 'ERR_CREDENTIALS_MISSING' })
    expect((await run('providers')).stdout).toMatch(
      /^hashivault +stackseal-provider-memo +package\.json +ignored: built in$/m,
    )
  })
})

describe("what a project's package.json suggests", () => {
  test('is not loaded by itself: the error says how to trust it', async () => {
    const { on, run } = await withStack()
    suggest(on, { memo: MODULE })
    for (const line of [['verify'], ['config', 'set', '--secret', 'a', 'b']]) {
      const ran = await run(...line, '--json')
      expect({ exit: ran.exit, error: errorOf(ran) }).toMatchObject({
        exit: 4,
        error: { code: 'ERR_MODULE_NOT_TRUSTED', hint: expect.stringContaining(`stackseal trust --module ${MODULE}`) },
      })
      expect(ran.stderr).not.toContain(LOADED)
    }
  })

  test('that is not installed says so, and what comes after', async () => {
    const { on, run } = empty()
    suggest(on, { memo: 'not-installed' })
    const ran = await run('stack', 'init', 'prod', '--secrets-provider', 'memo://key', '--json')
    expect(errorOf(ran)).toMatchObject({
      code: 'ERR_UNKNOWN_PROVIDER',
      hint: expect.stringMatching(/npm install not-installed, then stackseal trust --module not-installed/),
    })
  })

  test('is loaded once it is trusted, and no longer when its package.json changes', async () => {
    const { on, run } = await withStack()
    suggest(on, { memo: MODULE })
    expect((await run('trust', '--module', MODULE)).stderr).toContain(`Trusts ${MODULE} 1.2.3 for memo: in`)
    expect((await run('verify')).exit).toBe(0)
    expect((await run('trust', '--list')).stdout).toContain(MODULE)

    writeFileSync(
      join(on.folder, 'node_modules', MODULE, 'package.json'),
      JSON.stringify({ name: MODULE, type: 'module', exports: './index.js' }),
    )
    const changed = await run('verify', '--json')
    expect(errorOf(changed)).toMatchObject({
      code: 'ERR_MODULE_NOT_TRUSTED',
      message: expect.stringContaining('changed'),
    })
    expect(changed.stderr).not.toContain(LOADED)
    expect((await run('trust', '--module', MODULE)).stderr).toContain('as it has changed')
    expect((await run('verify')).exit).toBe(0)

    expect((await run('trust', '--module', MODULE, '--remove')).exit).toBe(0)
    expect((await run('verify')).exit).toBe(4)
    expect((await run('trust', '--module', MODULE, '--remove')).exit).toBe(2)
  })

  test('is trusted for this project alone', async () => {
    const { on, run } = await withStack()
    suggest(on, { memo: MODULE })
    await run('trust', '--module', MODULE)
    const other = project('config: {}\n')
    installProvider(other)
    suggest(other, { memo: MODULE })
    const ran = await run('-C', other.folder, 'stack', 'init', 'new', '--secrets-provider', 'memo://key', '--json')
    expect(errorOf(ran)).toMatchObject({ code: 'ERR_MODULE_NOT_TRUSTED' })
  })

  test('may not be a path, and what it does not suggest can not be trusted', async () => {
    const { on, run } = await withStack()
    writeFileSync(join(on.folder, 'evil.mjs'), providerCode(['memo']))
    suggest(on, { memo: './evil.mjs' })
    const ran = await run('verify', '--json')
    expect(errorOf(ran)).toMatchObject({ code: 'ERR_UNKNOWN_PROVIDER' })
    expect(ran.stderr).not.toContain(LOADED)
    expect((await run('trust', '--module', './evil.mjs')).exit).toBe(2)
    expect((await run('trust', '--module', MODULE)).exit).toBe(2)
  })

  test('is not loaded to inspect, to list, or to list the providers', async () => {
    const { on, run } = await withStack()
    suggest(on, { memo: MODULE })
    await run('trust', '--module', MODULE)
    for (const line of [['inspect'], ['stack', 'ls'], ['config'], ['providers'], ['trust', '--list']]) {
      const ran = await run(...line, '--provider', MODULE)
      expect({ line, exit: ran.exit, stderr: ran.stderr }).toEqual({ line, exit: 0, stderr: '' })
    }
  })
})

test('the list of providers says where each comes from', async () => {
  const { on, run } = empty()
  installProvider(on)
  installProvider(on, { name: 'silent', declared: false })
  suggest(on, { memo: MODULE, age: 'stackseal-provider-age' })
  const { stdout } = await run('providers', '--json', '--provider', 'silent')
  expect(JSON.parse(stdout)).toEqual(
    expect.arrayContaining([
      { scheme: 'passphrase', module: '@stackseal/provider-passphrase', from: 'stackseal', state: 'built in' },
      { scheme: 'hashivault', module: '@stackseal/provider-vault', from: 'stackseal', state: 'built in' },
      { scheme: null, module: 'silent', from: '--provider', state: 'named' },
      { scheme: 'memo', module: MODULE, from: 'package.json', state: 'not trusted' },
      { scheme: 'age', module: 'stackseal-provider-age', from: 'package.json', state: 'not installed' },
    ]),
  )
})
