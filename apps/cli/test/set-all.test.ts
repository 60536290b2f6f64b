import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { differencesOf } from './support/differences.ts'
import { inProcess } from './support/in-process.ts'
import { project, SIMPLE, simpleProject } from './support/project.ts'
import type { TestProject } from './support/project.ts'
import { Session } from './support/pseudo-terminal.ts'
import { stackseal } from './support/stackseal.ts'
import type { Ran } from './support/stackseal.ts'

interface Row {
  readonly plaintext?: readonly string[]
  readonly secret?: readonly string[]
  readonly json?: string
  readonly path?: boolean
  readonly yaml?: string
  readonly sets?: Readonly<Record<string, string>>
  readonly error?: string
  readonly errorContains?: string
}

const rows = (
  JSON.parse(readFileSync(new URL('../../../vectors/pulumi/tables.json', import.meta.url), 'utf8')) as {
    readonly setAll: readonly Row[]
  }
).setAll
const nameOf = ({ plaintext = [], secret = [], json = '' }: Row): string => json || [...plaintext, ...secret].join(' ')
const differences = differencesOf('setAll', rows.map(nameOf))

const argumentsOf = ({ plaintext = [], secret = [], json, path }: Row): string[] => [
  ...plaintext.flatMap((pair) => ['--plaintext', pair]),
  ...secret.flatMap((pair) => ['--secret', pair]),
  ...(json === undefined ? [] : ['--json', json]),
  ...(path === true ? ['--path'] : []),
]

const run = (args: readonly string[], on: TestProject): Promise<Ran> => inProcess(args, { cwd: on.folder, env: SIMPLE })

/** A stack with a key and nothing else. */
async function emptyStack(name: string): Promise<TestProject> {
  const on = project('', name)
  expect((await run(['stack', 'init', 'dev'], on)).exit).toBe(0)
  return on
}

const decrypted = async (ciphertext: string, on: TestProject): Promise<string> =>
  (await run(['decrypt', '--raw', ciphertext], on)).stdout

const shownJson = async (on: TestProject): Promise<Record<string, { value: string; secret: boolean }>> =>
  JSON.parse((await run(['config', '--json', '--show-secrets'], on)).stdout) as Record<
    string,
    { value: string; secret: boolean }
  >

const named = rows.map((row) => ({ name: nameOf(row), row }))
const fails = ({ row }: (typeof named)[number]): boolean => row.error !== undefined || row.errorContains !== undefined
const differs = ({ name }: (typeof named)[number]): boolean => differences.has(name)

describe('every row of the table', () => {
  test.each(named.filter((each) => !fails(each) && !differs(each)))('$name', async ({ row }) => {
    const on = await emptyStack('testProject')
    const ran = await run(['config', 'set-all', ...argumentsOf(row)], on)
    expect(ran).toEqual({ exit: 0, stdout: '', stderr: '' })
    const config = on.text().slice(on.text().indexOf('config:'))
    // The table's ciphertexts are base64 of the plaintexts.
    const opened = await Promise.all(
      [...config.matchAll(/secure: (v1:\S+)/g)].map(
        async ([, text = '']) => [text, await decrypted(text, on)] as const,
      ),
    )
    const comparable = opened.reduce((text, [secret, plain]) => text.replace(secret, btoa(plain)), config)
    expect(comparable).toBe(row.yaml ?? comparable)
    for (const [key, value] of Object.entries(row.sets ?? {})) {
      expect((await run(['config', 'get', key], on)).stdout).toBe(`${value}\n`)
    }
  })

  test.each(named.filter((each) => fails(each) && !differs(each)))('$name is refused', async ({ row }) => {
    const on = await emptyStack('testProject')
    const before = on.text()
    const { exit, stdout, stderr } = await run(['config', 'set-all', ...argumentsOf(row)], on)
    expect(stderr).toMatch(/\(ERR_(USAGE|INVALID_VALUE|INVALID_CONFIG_KEY)\)/)
    expect(stderr).toMatch(/(the stack|Pulumi\.dev\.yaml) was not changed\n$/)
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    expect(on.text()).toBe(before)
  })

  test.each(named.filter(differs))('$name differs on purpose', async ({ name, row }) => {
    const { exit, shown = {} } = differences.get(name)?.instead ?? {}
    const on = await emptyStack('proj')
    expect((await run(['config', 'set-all', ...argumentsOf(row)], on)).exit).toBe(exit)
    const secrets = Object.entries(shown).map(([key, value]) => [key, { value, secret: true }])
    expect(await shownJson(on)).toEqual(Object.fromEntries(secrets))
  })
})

describe('config set-all', () => {
  test('plain values, secrets and paths stand in one write, beside all that was there', async () => {
    const on = simpleProject()
    const before = on.text()
    const args = ['--path', '--plaintext', 'db.port=5432', '--secret', 'db.password=hunter9', '--plaintext', 'on=true']
    expect(await run(['config', 'set-all', ...args], on)).toEqual({ exit: 0, stdout: '', stderr: '' })
    expect(on.text().startsWith(before)).toBe(true)
    expect((await run(['config', 'get', 'db'], on)).stdout).toBe('{"password":"hunter9","port":5432}\n')
    expect((await run(['config', 'get', 'on', '--json'], on)).stdout).toContain('"value": "true"')
  })

  test.each([
    ['a pair without an equals sign', ['--plaintext', 'a=1', '--secret', 'MARK'], 'ERR_USAGE'],
    ['an empty pair', ['--plaintext', ''], 'ERR_USAGE'],
    ['a quote that is not closed', ['--plaintext', '"a=1'], 'ERR_USAGE'],
    ['a malformed key', ['--plaintext', 'a=1', '--plaintext', 'a:b:c=MARK'], 'ERR_INVALID_CONFIG_KEY'],
    [
      'a path that does not fit',
      ['--path', '--plaintext', 'a=1', '--plaintext', 'a.b[7]=1', '--secret', 'plain[=MARK'],
      'ERR_INVALID_PROPERTY_PATH',
    ],
    ['JSON that is none', ['--json', '{"a":MARK'], 'ERR_USAGE'],
    ['JSON of another form', ['--json', '["MARK"]'], 'ERR_USAGE'],
    ['an entry of another form', ['--json', '{"a":"MARK"}'], 'ERR_USAGE'],
    ['a value that is no text', ['--json', '{"a":{"value":5}}'], 'ERR_USAGE'],
    ['a secret that is neither', ['--json', '{"a":{"value":"MARK","secret":"yes"}}'], 'ERR_USAGE'],
    ['a covered secret', ['--json', '{"a":{"value":"1"},"b":{"secret":true}}'], 'ERR_USAGE'],
    ['an object whose text is none', ['--json', '{"a":{"value":"MARK","objectValue":{}}}'], 'ERR_USAGE'],
    [
      'a secret object whose text is none',
      ['--json', '{"a":{"value":"MARK","objectValue":{},"secret":true}}'],
      'ERR_USAGE',
    ],
    [
      'a mapping that would be a secret',
      ['--json', '{"a":{"value":"{\\"secure\\":\\"x\\"}","objectValue":{}}}'],
      'ERR_INVALID_VALUE',
    ],
  ])('%s is refused, nothing is changed and no value is told', async (_name, args, code) => {
    const on = simpleProject()
    const before = on.text()
    const { exit, stdout, stderr } = await run(['config', 'set-all', ...args], on)
    expect(stderr).toContain(`(${code})`)
    expect(stderr).toMatch(/was not changed\n$/)
    expect(stderr).not.toContain('MARK')
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    expect(on.text()).toBe(before)
  })

  test('what config --json prints can be set on another stack, numbers and secrets too', async () => {
    const on = simpleProject()
    const object = '{"9":1,"a":[true,null,"x"],"big":9007199254740993,"n":1.5}'
    const entries = {
      'vec:object': { value: object, objectValue: {}, secret: false },
      'vec:hidden': { value: object, objectValue: {}, secret: true },
      'vec:__proto__': { value: 'p', secret: false },
    }
    const text = JSON.stringify(entries).replace('"vec:__proto__":{}', '"vec:__proto__":{"value":"p"}')
    expect(await run(['config', 'set-all', '--json', text], on)).toEqual({ exit: 0, stdout: '', stderr: '' })
    const all = (await run(['config', '--json', '--show-secrets'], on)).stdout
    const other = await emptyStack('vec')
    const set = await stackseal(['config', 'set-all', '--json', '-'], { cwd: other.folder, env: SIMPLE, stdin: all })
    expect(set).toEqual({ exit: 0, stdout: '', stderr: '' })
    expect((await run(['config', '--json', '--show-secrets'], other)).stdout).toBe(all)
    expect((await run(['config', 'get', 'hidden'], other)).stdout).toBe(`${object}\n`)
    expect(other.text().match(/secure: v1:/g)?.length).toBe(4)
  })

  test('new keys are appended in the natural order, also of what is given out of order', async () => {
    const on = await emptyStack('vec')
    await run(['config', 'set-all', '--plaintext', 'k10=a', '--secret', 'k9=b', '--plaintext', 'k2=c'], on)
    expect(on.text().match(/vec:k\d+/g)).toEqual(['vec:k2', 'vec:k9', 'vec:k10'])
  })

  test('the last of several values of one key counts, a secret over a plain one', async () => {
    const on = await emptyStack('vec')
    await run(['config', 'set-all', '--secret', 'k=s', '--plaintext', 'k=a', '--plaintext', 'k=b'], on)
    expect(await shownJson(on)).toEqual({ 'vec:k': { value: 's', secret: true } })
  })

  test('nothing to set changes nothing', async () => {
    const on = simpleProject()
    const before = on.text()
    const { exit, stderr } = await run(['config', 'set-all'], on)
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: 'every value is as it should be already\n' })
    expect(on.text()).toBe(before)
  })

  test('its own --json takes text, and no error is told in JSON', async () => {
    const { stderr } = await run(['config', 'set-all', '--json', '{', '--bogus'], simpleProject())
    expect(stderr).toContain('stackseal: config set-all has no flag --bogus (ERR_USAGE)')
  })

  test('a secret on the command line gets a hint on a terminal', async () => {
    const session = new Session(['config', 'set-all', '--secret', 'k=hunter8'], {
      cwd: simpleProject().folder,
      env: SIMPLE,
    })
    expect(await session.end()).toBe(0)
    expect(session.shown).toMatch(/hint:.* the shell keeps what was typed/)
    expect(session.shown).not.toContain('hunter8')
  })
})

describe('config rm-all', () => {
  test.each(['rm-all', 'remove-all', 'delete-all'])('%s removes several keys in one write', async (word) => {
    const on = simpleProject()
    const { exit, stderr } = await run(['config', word, 'plain', 'token', 'nope'], on)
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: 'there was no nope\n' })
    expect(Object.keys(await shownJson(on))).toEqual(['vec:Upper', 'vec:password', 'vec:region'])
  })

  test('--path removes inside values', async () => {
    const on = simpleProject()
    await run(
      ['config', 'set-all', '--path', '--plaintext', 'a.b=1', '--plaintext', 'a.c=2', '--plaintext', 'l[0]=x'],
      on,
    )
    expect((await run(['config', 'rm-all', '--path', 'a.b', 'l[0]'], on)).exit).toBe(0)
    const { stdout } = await run(['config'], on)
    expect(stdout).toContain('a         {"c":2}\n')
    expect(stdout).toContain('l         []\n')
  })

  test('one malformed key, and nothing is removed', async () => {
    const on = simpleProject()
    const before = on.text()
    const { exit, stderr } = await run(['config', 'rm-all', 'plain', 'a:b:c:d'], on)
    expect(stderr).toContain('(ERR_INVALID_CONFIG_KEY)')
    expect(exit).toBe(2)
    expect(on.text()).toBe(before)
  })

  test('no key is an error of usage', async () => {
    const { exit, stderr } = await run(['config', 'rm-all'], simpleProject())
    expect(stderr).toContain('config rm-all needs <key>')
    expect(exit).toBe(2)
  })
})
