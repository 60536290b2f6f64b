import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { project, vector } from './support/project.ts'
import type { Ran } from './support/stackseal.ts'

/** One command on a damaged file, and what the reference made of it. */
interface Row {
  readonly case: string
  readonly label: string
  readonly cmd: string
  readonly env: Readonly<Record<string, string>>
  readonly unset: readonly string[]
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
  readonly file_changed: boolean
}

const read = (...path: string[]): string => readFileSync(vector('bad', ...path), 'utf8')

/** The files before anything was done to them. */
const WHOLE: Readonly<Record<string, string>> = {
  'b01-wrong-passphrase': read('b01-wrong-passphrase', 'wrong-passphrase-set-plain.before.yaml'),
  'b02-missing-passphrase': read('b02-missing-passphrase', 'no-passphrase-set-plain.before.yaml'),
  'b03-corrupt-ciphertext': read('b03-corrupt-ciphertext', 'Pulumi.dev.yaml').replace('Secure:', 'secure:'),
  'b04-corrupt-salt': read('b04-corrupt-salt', 'salt-quoted-with-newline-set-secret.before.yaml').replace(
    /"(.*)\\n"/,
    '$1',
  ),
  'b05-providers': read('b05-providers', 'change-secrets-provider-default.before.yaml'),
  'b06-yaml': read('b06-yaml', 'yaml-value-hex-set-plain.before.yaml').replace('  vec:d: 0x1F\n', ''),
}

type Parts = readonly [version: string, first: string, second: string]

/** Another first character in base64: other bits, the same length. */
const flip = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
const flipLast = (text: string): string =>
  text.replace(/(.)(=*)$/, (_all, last: string, pad: string) => (last === 'A' ? 'Q' : 'A') + pad)
const joined = (...parts: readonly string[]): string => parts.join(':')

/** What was put in place of the ciphertext of s, by the words of the label. */
const CIPHERTEXTS: Readonly<Record<string, (parts: Parts) => string>> = {
  'bit flip': ([v, n, c]) => joined(v, n, flip(c)),
  'tag flip': ([v, n, c]) => joined(v, n, flipLast(c)),
  'nonce flip': ([v, n, c]) => joined(v, flip(n), c),
  'truncated base64': ([v, n, c]) => joined(v, n, c.slice(0, -2)),
  'truncated at 4': ([v, n, c]) => joined(v, n, c.slice(0, -4)),
  'not base64': ([v, n]) => joined(v, n, '!!!!'),
  'base64url chars': ([v, n, c]) => joined(v, n, `${c.slice(0, 28)}-_${c.slice(30)}`),
  'no padding': ([v, n, c]) => joined(v, n, c.replace(/=+$/, '')),
  'empty ciphertext': ([v, n]) => `"${joined(v, n, '')}"`,
  'short (15 bytes)': ([v, n]) => joined(v, n, 'AAAAAAAAAAAAAAAAAAAA'),
  'two parts': ([v, n]) => joined(v, n),
  'four parts': ([v, n, c]) => joined(v, n, c, 'AAAA'),
  v2: ([, n, c]) => joined('v2', n, c),
  'no version': ([, n, c]) => joined(n, c),
  'short nonce': ([v, , c]) => joined(v, 'AAAAAAAA', c),
  'long nonce': ([v, n, c]) => joined(v, `${n}AAAA`, c),
  'empty nonce': ([v, , c]) => joined(v, '', c),
  'empty string': () => '""',
  'plain word': () => 'hello',
  'trailing space quoted': ([v, n, c]) => `"${joined(v, n, c)} "`,
  number: () => '5',
  null: () => 'null',
  true: () => 'true',
  list: () => '[a]',
  map: () => '{a: b}',
}

type SaltParts = readonly [version: string, salt: string, check: string]

const SALTS: Readonly<Record<string, (parts: SaltParts) => string | undefined>> = {
  'salt bit flip': ([v, s, c]) => joined(v, flip(s), c),
  'verifier flip': ([v, s, c]) => joined(v, s, flipLast(c)),
  v2: ([, s, c]) => joined('v2', s, c),
  'inner v2': ([v, s, c]) => joined(v, s, c.replace('v1', 'v2')),
  'salt only': ([v, s]) => joined(v, s),
  'one word': () => 'hello',
  'salt not base64': ([v, , c]) => joined(v, '!!!!', c),
  'salt truncated base64': ([v, s, c]) => joined(v, s.slice(0, -1), c),
  'salt of 4 bytes': ([v, , c]) => joined(v, 'AAAAAA==', c),
  'salt empty': ([v, , c]) => joined(v, '', c),
  'verifier truncated': ([v, s, c]) => joined(v, s, c.slice(0, -8)),
  'verifier missing': ([v, s]) => joined(v, s, ''),
  'quoted with newline': (parts) => `"${joined(...parts)}\\n"`,
  number: () => '5',
  list: () => '[a]',
  null: () => 'null',
  missing: () => undefined,
  'missing, no passphrase': () => undefined,
  'empty string': () => "''",
}

const YAMLS: Readonly<Record<string, (text: string) => string>> = {
  'config is list': (text) => text.replace(/^config:\n(.|\n)*/m, 'config:\n  - a\n'),
  'config null': () => read('b06-yaml', 'yaml-config-null-set-plain.before.yaml'),
  'key without namespace': (text) => `${text}  nons: x\n`,
  'key with three parts': (text) => `${text}  a:b:c: x\n`,
  'duplicate key': (text) => `${text}  vec:plain: again\n`,
  'empty file': () => '',
  'only comment': () => '# x\n',
  'unknown top key': (text) => `${text}extra: 1\n`,
  'value list': (text) => `${text}  vec:l: [1, a, true, null, 1.5]\n`,
  'value binary tag': (text) => `${text}  vec:d: !!binary aGk=\n`,
  'value custom tag': (text) => `${text}  vec:d: !foo bar\n`,
  'value float big': (text) => `${text}  vec:d: 12345678901234567890123\n`,
  'value hex': (text) => `${text}  vec:d: 0x1F\n`,
  'value octal 0123': (text) => `${text}  vec:d: 0123\n`,
  'value yes': (text) => `${text}  vec:d: yes\n`,
  'value .inf': (text) => `${text}  vec:d: .inf\n`,
  'value nested map int key': (text) => `${text}  vec:d:\n    1: a\n    true: b\n`,
  'value nested null': (text) => `${text}  vec:d:\n    a: null\n    b: ~\n`,
}

/** The damaged file of a row; undefined where it is no configuration on a passphrase. */
function damaged(row: Row): string | undefined {
  const whole = WHOLE[row.case]
  if (whole === undefined || !row.cmd.startsWith('pulumi config') || row.cmd.startsWith('pulumi config cp'))
    return undefined
  const name = row.label.replace(/: (get|set|list).*$/, '')
  if (name.startsWith('Secure')) return whole.replace('secure:', 'Secure:')
  const ciphertext = CIPHERTEXTS[name.replace(/^ciphertext /, '')]
  if (row.case.startsWith('b03') && ciphertext !== undefined) {
    return whole.replace(
      /(vec:s:\n +secure: )(\S+):(\S+):(\S+)/,
      (_all, before: string, ...parts) => before + ciphertext(parts.slice(0, 3) as unknown as Parts),
    )
  }
  const salt = SALTS[name.replace(/^salt /, '')]
  if (row.case.startsWith('b04') && salt !== undefined) {
    return whole.replace(/^encryptionsalt: (v1):(\S+?):(\S+)\n/m, (_all, ...parts) => {
      const value = salt(parts.slice(0, 3) as unknown as SaltParts)
      return value === undefined ? '' : `encryptionsalt: ${value}\n`
    })
  }
  const yaml = YAMLS[name.replace(/^yaml /, '')]
  if (row.case.startsWith('b06') && yaml !== undefined) return yaml(whole)
  const provider = /^file secretsprovider (.*), no encryptedkey/.exec(name)?.[1]
  if (provider !== undefined) return whole.replace(/^encryptionsalt: .*/m, `secretsprovider: "${provider}"`)
  if (name === 'encryptedkey without secretsprovider')
    return whole.replace(/^encryptionsalt: .*/m, 'encryptedkey: AAAA')
  return row.case.startsWith('b01') || row.case.startsWith('b02') ? whole : undefined
}

/** What each of the reference's errors is here. */
const CODES: readonly (readonly [RegExp, code: RegExp, exit: number])[] = [
  [/passphrase must be set/, /ERR_PASSPHRASE_MISSING/, 4],
  [/unable to read PULUMI_CONFIG_PASSPHRASE_FILE/, /ERR_PASSPHRASE_MISSING/, 4],
  [/incorrect passphrase/, /ERR_WRONG_PASSPHRASE|ERR_MALFORMED_SEALED_KEY/, 3],
  [/malformed state value|unknown state version|^error: illegal base64/, /ERR_MALFORMED_SEALED_KEY/, 3],
  [/message authentication failed/, /ERR_DECRYPT_FAILED/, 3],
  [/bad value|unknown value version/, /ERR_MALFORMED_CIPHERTEXT/, 3],
  [/already defined/, /ERR_DUPLICATE_KEY/, 3],
  [/invalid YAML|yaml:/, /ERR_MALFORMED_FILE/, 3],
]

/**
 * Where the reference goes on with a damaged header and makes a new key, which leaves the old secrets unreadable, here
 * is an error: docs/decisions/0003-fresh-keys-only-by-init.md.
 */
const MISSING_KEY = /^salt (null|missing|empty string)|no encryptedkey|encryptedkey without secretsprovider/

const rows = (JSON.parse(read('results.json')) as Row[]).filter((row) => damaged(row) !== undefined)
const isSet = (row: Row): boolean => row.cmd.includes(' set ')
const losesKey = (row: Row): boolean => MISSING_KEY.test(row.label) && !row.label.endsWith('set plain')
const named = (some: readonly Row[]): [string, Row][] => some.map((row) => [`${row.case}: ${row.label}`, row])

/** Runs a row's command on its file; what was told, and the file before and after. */
async function ran(
  row: Row,
): Promise<Ran & { readonly told: string; readonly before: string; readonly after: string }> {
  const on = project(damaged(row) ?? '')
  const before = on.text()
  const env: Record<string, string> = { PULUMI_CONFIG_PASSPHRASE: 'correct horse', PULUMI_STACK: 'dev', ...row.env }
  for (const name of row.unset) if (!(name in row.env)) delete env[name]
  const result = await inProcess(row.cmd.split(' ').slice(1), { cwd: on.folder, env })
  return { ...result, told: `${result.stdout}${result.stderr}`, before, after: on.text() }
}

test('most rows about configuration on a passphrase are here', () => {
  expect(rows.length).toBeGreaterThan(120)
})

test.each(named(rows.filter(losesKey)))('no new key is made: %s', async (_name, row) => {
  const { exit, told, before, after } = await ran(row)
  expect(told).toMatch(/ERR_MISSING_SEALED_KEY|ERR_MALFORMED_FILE/)
  expect(exit).toBe(3)
  expect(after).toBe(before)
})

test.each(named(rows.filter((row) => !losesKey(row) && row.exit === 0 && !isSet(row))))(
  'read as the reference reads it: %s',
  async (_name, row) => {
    const { exit, stdout, stderr, before, after } = await ran(row)
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: row.stdout, stderr: '' })
    expect(after).toBe(before)
  },
)

test.each(named(rows.filter((row) => !losesKey(row) && row.exit === 0 && isSet(row))))(
  'set as in the reference, every other line kept: %s',
  async (_name, row) => {
    const { exit, stdout, stderr, before, after } = await ran(row)
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: '', stderr: '' })
    const kept = after.split('\n')
    expect(before.split('\n').filter((line) => !kept.includes(line) && !line.startsWith('config:'))).toEqual([])
    expect(after).not.toBe(before)
  },
)

test.each(named(rows.filter((row) => !losesKey(row) && row.exit !== 0)))('refused: %s', async (_name, row) => {
  const { exit, stderr, told, before, after } = await ran(row)
  const [, code, number] = CODES.find(([pattern]) => pattern.test(row.stderr)) ?? [undefined, /^$/, -1]
  expect(told).toMatch(code)
  expect(exit).toBe(number)
  expect(after).toBe(before)
  expect(stderr.includes('Pulumi.dev.yaml was not changed')).toBe(isSet(row))
})
