import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TOKENS, TransitServer } from '../../../packages/provider-vault/test/transit-server.ts'
import { inProcess } from './support/in-process.ts'
import { project, simpleProject, SIMPLE } from './support/project.ts'
import type { TestProject } from './support/project.ts'
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

interface VaultStack {
  readonly on: TestProject
  /** Runs a command on the stack dev; `token` is one of the server's, `home` is where trust is kept. */
  readonly run: (line: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Ran>
  readonly env: Readonly<Record<string, string>>
}

/** A project with a stack dev on the key app, made on this machine; no secret yet. */
async function vaultStack(): Promise<VaultStack> {
  const on = project('')
  rmSync(on.file) // an empty one is waited for: Pulumi could be about to fill it
  const env = { HOME: folder('home'), PULUMI_STACK: 'dev', VAULT_ADDR: transit.origin, VAULT_TOKEN: TOKENS.owner }
  const run: VaultStack['run'] = (line, more = {}) => inProcess(line, { cwd: on.folder, env: { ...env, ...more } })
  const made = await run(['stack', 'init', 'dev', '--secrets-provider', 'hashivault://app'])
  expect(made).toMatchObject({ exit: 0 })
  return { on, run, env }
}

async function withSecret(): Promise<VaultStack> {
  const stack = await vaultStack()
  expect(await stack.run(['config', 'set', '--secret', 'token', 'hunter2'])).toMatchObject({ exit: 0 })
  transit.requests.length = 0
  return stack
}

const errorOf = ({ stderr }: Ran): unknown => JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error
const calls = (): string[] => transit.requests.map(({ path }) => path.replace('/v1/transit/', ''))

describe('a stack on a key of Vault', () => {
  test('is opened by one call, whatever the number of secrets', async () => {
    const { run, on } = await withSecret()
    await run(['config', 'set', '--secret', 'other', 'value'])
    transit.requests.length = 0
    expect(await run(['config', '--show-secrets', '--json'])).toMatchObject({ exit: 0 })
    expect(calls()).toEqual(['decrypt/app'])
    expect(on.text()).toMatch(/^secretsprovider: hashivault:\/\/app\nencryptedkey: \S+\n/)
  })

  test('verify says which key and version answered; inspect calls no service', async () => {
    const { run } = await withSecret()
    const { stdout } = await run(['verify'])
    expect(stdout).toMatch(
      /^Pulumi\.dev\.yaml: the data key opens \(hashivault:\/\/app, .*version 1\), 1 secret opens\n$/,
    )
    const json = JSON.parse((await run(['verify', '--json'])).stdout)
    expect(json).toMatchObject([{ ok: true, url: 'hashivault://app', described: { provider: 'Vault', version: '1' } }])
    transit.requests.length = 0
    expect((await run(['inspect'])).stdout).toMatch(/provider +Vault\n/)
    expect(calls()).toEqual([])
  })

  test('an error names the file, the key, and the right that is missing', async () => {
    const { run, on } = await withSecret()
    const before = on.text()
    const ran = await run(['config', 'set', '--secret', 'next', 'x', '--json'], { VAULT_TOKEN: TOKENS.nobody })
    expect({ exit: ran.exit, error: errorOf(ran) }).toEqual({
      exit: 4,
      error: {
        code: 'ERR_ACCESS_DENIED',
        message: expect.stringContaining('the data key of Pulumi.dev.yaml does not open'),
        hint: expect.stringContaining('transit/decrypt/app'),
        file: 'Pulumi.dev.yaml',
        changed: false,
      },
    })
    expect(on.text()).toBe(before)
  })
})

describe('verify --expect-denied', () => {
  test.each([
    [
      'the right is missing',
      { VAULT_TOKEN: TOKENS.sealer },
      0,
      /^Pulumi\.dev\.yaml: denied, as expected: .*\(ERR_ACCESS_DENIED\)\n$/,
    ],
    ['the key opens', {}, 3, /^Pulumi\.dev\.yaml: not denied: the data key opens \(hashivault:\/\/app/],
    ['the token is unknown', { VAULT_TOKEN: 's.unknown' }, 4, /^$/],
    ['the server is not there', { VAULT_ADDR: 'http://127.0.0.1:1' }, 5, /^$/],
  ])('where %s', async (_, env, exit, stdout) => {
    const { run } = await withSecret()
    const ran = await run(['verify', '--expect-denied'], env)
    expect(ran).toMatchObject({ exit, stdout: expect.stringMatching(stdout) })
  })

  test('of several files all have to be denied', async () => {
    const { run, on } = await withSecret()
    writeFileSync(join(on.folder, 'Pulumi.plain.yaml'), 'config:\n  vec:a: b\n')
    const denied = { VAULT_TOKEN: TOKENS.sealer }
    const both = await run(['verify', '--expect-denied', '--json', 'Pulumi.dev.yaml', 'Pulumi.plain.yaml'], denied)
    expect(JSON.parse(both.stdout)).toMatchObject([{ denied: true }, { denied: false, url: null }])
    expect(both.exit).toBe(3)
  })
})

describe('stack rewrap', () => {
  test('moves the data key to another key; every ciphertext stays, and the new sealed key was opened first', async () => {
    const { run, on } = await withSecret()
    const before = on.text()
    const { exit, stderr } = await run(['stack', 'rewrap', '--to', 'hashivault://db'])
    expect({ exit, stderr }).toEqual({
      exit: 0,
      stderr:
        'Re-wrapped the data key of Pulumi.dev.yaml: from hashivault://app (version 1) to hashivault://db (version 1)\n' +
        '  hint: whoever could open the old sealed key can still open these secrets; "stackseal stack rotate" ends that\n',
    })
    // The second encrypt holds the data key: the first sees whether it is a transit engine that answers.
    expect(calls()).toEqual(['decrypt/app', 'encrypt/db', 'encrypt/db', 'decrypt/db'])
    const header = /^secretsprovider: .*\nencryptedkey: .*\n/
    expect(on.text()).toMatch(/^secretsprovider: hashivault:\/\/db\n/)
    expect(on.text().replace(header, '')).toBe(before.replace(header, ''))
    expect(await run(['config', 'get', 'token'])).toMatchObject({ exit: 0, stdout: 'hunter2\n' })
  })

  test('under the same key gives a new text for the same data key', async () => {
    const { run, on } = await withSecret()
    const before = on.text()
    const { stdout } = await run(['stack', 'rewrap', 'dev', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ file: 'Pulumi.dev.yaml', before: { url: 'hashivault://app' } })
    expect(on.text()).not.toBe(before)
    expect(await run(['config', 'get', 'token'])).toMatchObject({ exit: 0, stdout: 'hunter2\n' })
  })

  test('keeps what was known of the key: the first secret can still be set', async () => {
    const { run } = await vaultStack()
    expect(await run(['stack', 'rewrap', '--to', 'hashivault://db'])).toMatchObject({ exit: 0 })
    expect(await run(['config', 'set', '--secret', 'a', 'b'])).toMatchObject({ exit: 0 })
  })

  test.each([
    ['to a passphrase', ['--to', 'passphrase'], {}, 2, 'ERR_REWRAP_NOT_POSSIBLE'],
    ['to a URL that is none', ['--to', 'nope'], {}, 2, 'ERR_INVALID_KEY_URL'],
    ['to a scheme that Pulumi refuses', ['--to', 'HASHIVAULT://db'], {}, 2, 'ERR_INVALID_KEY_URL'],
    ['to a key that is not there', ['--to', 'hashivault://nowhere'], {}, 3, 'ERR_KEY_NOT_FOUND'],
    ['without the right to open', [], { VAULT_TOKEN: TOKENS.sealer }, 4, 'ERR_ACCESS_DENIED'],
  ])('%s leaves the file as it is', async (_, line, env, exit, code) => {
    const { run, on } = await withSecret()
    const before = on.text()
    const ran = await run(['stack', 'rewrap', ...line, '--json'], env)
    expect({ exit: ran.exit, error: errorOf(ran) }).toMatchObject({ exit, error: { code, changed: false } })
    expect(on.text()).toBe(before)
  })

  test('where the new key seals and does not open, nothing is stored', async () => {
    const { run, on } = await withSecret()
    const before = on.text()
    transit.override = ({ path }) =>
      path.endsWith('decrypt/db')
        ? { status: 403, body: '{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}' }
        : undefined
    const ran = await run(['stack', 'rewrap', '--to', 'hashivault://db', '--json'])
    expect(errorOf(ran)).toMatchObject({ code: 'ERR_ACCESS_DENIED', changed: false })
    expect(on.text()).toBe(before)
  })

  test('where the new key opens to another data key, nothing is stored', async () => {
    const { run, on } = await withSecret()
    const before = on.text()
    const plaintext = Buffer.alloc(32, 7).toString('base64')
    transit.override = ({ path }) =>
      path.endsWith('decrypt/db') ? { status: 200, body: JSON.stringify({ data: { plaintext } }) } : undefined
    const ran = await run(['stack', 'rewrap', '--to', 'hashivault://db', '--json'])
    expect(errorOf(ran)).toMatchObject({ code: 'ERR_PROVIDER_INVALID', changed: false })
    expect(on.text()).toBe(before)
  })

  test('from a passphrase is refused, with the way to go', async () => {
    const { folder: cwd } = simpleProject()
    const ran = await inProcess(['stack', 'rewrap', '--to', 'hashivault://app', '--json'], { cwd, env: SIMPLE })
    expect({ exit: ran.exit, error: errorOf(ran) }).toMatchObject({
      exit: 2,
      error: { code: 'ERR_REWRAP_NOT_POSSIBLE', hint: expect.stringContaining('change-secrets-provider') },
    })
  })

  test('a data key that nothing proves is not sealed anew', async () => {
    const { run, on } = await vaultStack()
    const before = on.text()
    const ran = await run(['stack', 'rewrap', '--json'], { HOME: folder('home') })
    expect({ exit: ran.exit, error: errorOf(ran) }).toMatchObject({ exit: 3, error: { code: 'ERR_KEY_NOT_PROVEN' } })
    expect(on.text()).toBe(before)
  })
})

describe('PULUMI_CLOUD_SECRET_OVERRIDE', () => {
  const OVERRIDE = { PULUMI_CLOUD_SECRET_OVERRIDE: 'hashivault://app' }

  test('opens the data key through another URL, and never gets into the file', async () => {
    const { run, on } = await withSecret()
    writeFileSync(on.file, on.text().replace('hashivault://app', 'hashivault://elsewhere'))
    const header = on.text().split('config:')[0]
    expect(await run(['config', 'get', 'token'])).toMatchObject({ exit: 3 })
    expect(await run(['config', 'get', 'token'], OVERRIDE)).toMatchObject({ exit: 0, stdout: 'hunter2\n' })
    expect(await run(['config', 'set', '--secret', 'more', 'value'], OVERRIDE)).toMatchObject({ exit: 0 })
    expect(on.text().split('config:')[0]).toBe(header)
    const { stdout } = await run(['verify'], OVERRIDE)
    expect(stdout).toMatch(/\(hashivault:\/\/elsewhere, through hashivault:\/\/app, .*\), 2 secrets open\n$/)
    expect(JSON.parse((await run(['verify', '--json'], OVERRIDE)).stdout)).toMatchObject([
      { url: 'hashivault://elsewhere', openedThrough: 'hashivault://app' },
    ])
  })

  test('an error says that it was through the override', async () => {
    const { run } = await withSecret()
    const denied = await run(['verify', '--json'], { ...OVERRIDE, VAULT_TOKEN: TOKENS.nobody })
    expect(errorOf(denied)).toMatchObject({ message: expect.stringContaining('through PULUMI_CLOUD_SECRET_OVERRIDE') })
    const wrong = await run(['verify', '--json'], { PULUMI_CLOUD_SECRET_OVERRIDE: 'nope' })
    expect(errorOf(wrong)).toMatchObject({
      code: 'ERR_INVALID_KEY_URL',
      message: expect.stringContaining('PULUMI_CLOUD_SECRET_OVERRIDE'),
    })
  })

  test('counts for no passphrase', async () => {
    const { folder: cwd } = simpleProject()
    expect(await inProcess(['verify'], { cwd, env: { ...SIMPLE, ...OVERRIDE } })).toMatchObject({ exit: 0 })
  })
})

describe('trust', () => {
  test('lets the first secret be set under a key that was made elsewhere, until it is taken back', async () => {
    const { run, on } = await vaultStack()
    const home = folder('home')
    const set = (): Promise<Ran> => run(['config', 'set', '--secret', 'a', 'b', '--json'], { HOME: home })
    const refused = await set()
    expect(errorOf(refused)).toMatchObject({
      code: 'ERR_KEY_NOT_PROVEN',
      hint: expect.stringContaining('stackseal trust'),
    })
    const trusted = await run(['trust', 'dev'], { HOME: home })
    expect(trusted.stderr).toBe('Trusts hashivault://app with the sealed key that Pulumi.dev.yaml has now\n')
    const { stdout } = await run(['trust', '--list', '--json'], { HOME: home })
    expect(JSON.parse(stdout)).toEqual({
      keys: [{ file: expect.stringMatching(/Pulumi\.dev\.yaml$/), url: 'hashivault://app' }],
      modules: [],
    })

    expect((await run(['trust', 'dev', '--remove'], { HOME: home })).exit).toBe(0)
    expect((await set()).exit).toBe(3)
    await run(['trust', 'dev'], { HOME: home })
    const text = on.text()
    writeFileSync(on.file, text.replace('hashivault://app', 'hashivault:///app'))
    expect((await set()).exit).toBe(3)
    writeFileSync(on.file, text)
    expect((await set()).exit).toBe(0)
  })

  test('is kept where nobody else can write', async () => {
    const { run } = await vaultStack()
    const home = folder('home')
    await run(['trust', 'dev'], { HOME: home })
    const kept = join(home, '.local/state/stackseal')
    const note = readdirSync(join(kept, 'trusted-keys'))[0] ?? ''
    expect(statSync(kept).mode & 0o777).toBe(0o700)
    expect(statSync(join(kept, 'trusted-keys')).mode & 0o777).toBe(0o700)
    expect(statSync(join(kept, 'trusted-keys', note)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(kept, 'trusted-keys', note), 'utf8')).toContain('hashivault://app')
  })

  test.each([
    ['no stack', ['trust'], 2, 'ERR_USAGE'],
    ['an unknown stack', ['trust', 'prod'], 3, 'ERR_STACK_NOT_FOUND'],
    ['nothing to take back', ['trust', 'dev', '--remove'], 2, 'ERR_USAGE'],
    ['a list of something', ['trust', 'dev', '--list'], 2, 'ERR_USAGE'],
    ['a passphrase', ['trust', 'phrase'], 2, 'ERR_USAGE'],
    ['a stack and a module', ['trust', 'dev', '--module', 'x'], 2, 'ERR_USAGE'],
  ])('%s', async (_, line, exit, code) => {
    const { run, on } = await vaultStack()
    writeFileSync(join(on.folder, 'Pulumi.phrase.yaml'), simpleProject().text())
    const ran = await run([...line, '--json'])
    expect({ exit: ran.exit, error: errorOf(ran) }).toMatchObject({ exit, error: { code } })
  })
})

async function hangs(): Promise<VaultStack> {
  const stack = await withSecret()
  transit.override = () => 'never'
  return stack
}

test('nothing that is told holds the token, the value or the data key', async () => {
  const { run } = await withSecret()
  const lines = [
    ['config', 'get', 'region'],
    ['verify'],
    ['inspect'],
    ['stack', 'rewrap'],
    ['config', 'set', '--secret', 'a', 'b'],
  ]
  const told: string[] = []
  for (const env of [{}, { VAULT_TOKEN: TOKENS.nobody }, { VAULT_ADDR: 'http://127.0.0.1:1' }]) {
    for (const line of lines) {
      const { stdout, stderr } = await run([...line, '--debug'], env)
      told.push(stdout, stderr)
    }
  }
  const all = told.join('\n')
  const keys = transit.requests.flatMap(({ body }) => /"plaintext":"([^"]+)"/.exec(body)?.[1] ?? [])
  expect(keys.length).toBeGreaterThan(0)
  const secrets = [
    ...keys.map((key) => Buffer.from(key, 'base64')),
    ...[TOKENS.owner, TOKENS.nobody, 'hunter2'].map((text) => Buffer.from(text)),
  ]
  for (const secret of secrets.filter((bytes) => bytes.some((byte) => byte !== 0))) {
    for (const form of ['latin1', 'base64', 'base64url', 'hex'] as const)
      expect(all).not.toContain(secret.toString(form))
  }
})

describe('a service that never answers', () => {
  test('is given up after --timeout', async () => {
    const { run, on } = await hangs()
    const before = on.text()
    const begin = performance.now()
    const ran = await run(['config', 'set', '--secret', 'a', 'b', '--timeout', '0.5', '--json'])
    expect(performance.now() - begin).toBeLessThan(4_000)
    expect({ exit: ran.exit, error: errorOf(ran) }).toMatchObject({
      exit: 5,
      error: {
        code: 'ERR_TIMEOUT',
        message: expect.stringContaining('within 0.5 seconds'),
        hint: expect.stringContaining('--timeout'),
        changed: false,
      },
    })
    expect(on.text()).toBe(before)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('is left at once on %s', async (signal) => {
    const { env, on } = await hangs()
    const before = on.text()
    const { child, ended } = start(['config', 'set', '--secret', 'a', 'b'], { cwd: on.folder, env })
    while (transit.requests.length === 0) await new Promise((wake) => setTimeout(wake, 20))
    const begin = performance.now()
    child.kill(signal)
    const { exit, stderr } = await ended
    expect(performance.now() - begin).toBeLessThan(2_000)
    expect(exit).toBe(130)
    expect(stderr).toContain('(ERR_INTERRUPTED)\n  Pulumi.dev.yaml was not changed\n')
    expect(on.text()).toBe(before)
    expect(readdirSync(on.folder).toSorted()).toEqual(['Pulumi.dev.yaml', 'Pulumi.yaml'])
  })

  test('is left at once on Ctrl-C at a terminal', async () => {
    const { env, on } = await hangs()
    const session = new Session(['verify'], { cwd: on.folder, env })
    while (transit.requests.length === 0) await new Promise((wake) => setTimeout(wake, 20))
    session.type('\u0003')
    expect(await session.end()).toBe(130)
    expect(session.shown).toContain('(ERR_INTERRUPTED)')
  })
})

test('nobody types a passphrase against --timeout', async () => {
  const on = simpleProject()
  const session = new Session(['config', 'get', 'token', '--timeout', '1.5'], {
    cwd: on.folder,
    env: { PULUMI_STACK: 'dev' },
  })
  await session.see('Passphrase')
  await new Promise((wake) => setTimeout(wake, 2_000))
  session.type('correct horse\r')
  expect(await session.end()).toBe(0)
})
