import { existsSync, readFileSync } from 'node:fs'
import { vector } from './project.ts'

/** One command on a damaged file, and what the reference made of it. */
export interface DamagedRow {
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

/** What stands in place of encryptionsalt in rows about key services. */
const HEADERS: Readonly<Record<string, string>> = {
  'encryptedkey without secretsprovider': 'encryptedkey: AAAA',
  'encryptedkey not base64': 'secretsprovider: awskms://alias/x?region=us-east-1\nencryptedkey: "!!!"',
  'awskms no credentials, encryptedkey there': 'secretsprovider: awskms://alias/x?region=us-east-1\nencryptedkey: AAAA',
  'awskms no credentials': 'secretsprovider: awskms://alias/x?region=us-east-1\nencryptedkey: AAAA',
}

/** Files that a failed change of the provider left. */
const LEFT: readonly (readonly [start: string, file: string])[] = [
  ['after that failed change', 'ciphertext-bit-flip-change-provider.after.yaml'],
  ['...then', 'state-secret-undecryptable-change-provider.after.yaml'],
  ['...locked', 'state-locked-change-provider.after.yaml'],
]

/** Rows of commands that are here too, on a configuration under a passphrase or a key service. */
export const DAMAGED_ROWS: readonly DamagedRow[] = (JSON.parse(read('results.json')) as DamagedRow[]).filter(
  ({ cmd }) => /^pulumi config( (get|set|rm|cp) | --|$)/.test(cmd),
)

/** The file from before or after a row's command, where it was kept, which is where the command changed it. */
export function keptFile({ case: folder, label }: DamagedRow, when: 'before' | 'after'): string | undefined {
  const file = `${label.replaceAll(/[^A-Za-z0-9]+/g, '-')}.${when}.yaml`
  return existsSync(vector('bad', folder, file)) ? read(folder, file) : undefined
}

/** The stack file on which a row's command was run, made of the whole one after the words of the label. */
export function damagedFile({ case: folder, label }: DamagedRow): string {
  const left = LEFT.find(([start]) => label.startsWith(start))
  if (left !== undefined) return read(folder, left[1])
  const whole = WHOLE[folder]
  if (whole === undefined) throw new Error(`nothing is known of the files of ${folder}`)
  if (/^b0[12]/.test(folder)) return whole
  const name = label.replace(/: (get|set|list).*$/, '')
  if (name.startsWith('Secure')) return whole.replace('secure:', 'Secure:')
  if (folder.startsWith('b03')) return withCiphertext(whole, known(CIPHERTEXTS, name.replace(/^ciphertext /, '')))
  if (folder.startsWith('b04')) return withSalt(whole, known(SALTS, name.replace(/^salt /, '')))
  if (folder.startsWith('b06')) return known(YAMLS, name.replace(/^yaml /, ''))(whole)
  if (name === 'awskms and encryptionsalt both')
    return `secretsprovider: awskms://alias/x\nencryptedkey: AAAA\n${whole}`
  const provider = /^file secretsprovider (.*), no encryptedkey/.exec(name)?.[1]
  const header = provider === undefined ? known(HEADERS, name) : `secretsprovider: "${provider}"`
  return whole.replace(/^encryptionsalt: .*/m, header)
}

function withCiphertext(whole: string, damage: (parts: Parts) => string): string {
  return whole.replace(
    /(vec:s:\n +secure: )(\S+):(\S+):(\S+)/,
    (_all, before: string, version: string, nonce: string, sealed: string) => before + damage([version, nonce, sealed]),
  )
}

function withSalt(whole: string, damage: (parts: SaltParts) => string | undefined): string {
  return whole.replace(
    /^encryptionsalt: (v1):(\S+?):(\S+)\n/m,
    (_all, version: string, salt: string, check: string) => {
      const value = damage([version, salt, check])
      return value === undefined ? '' : `encryptionsalt: ${value}\n`
    },
  )
}

function known<T>(table: Readonly<Record<string, T>>, name: string): T {
  const entry = table[name]
  if (entry === undefined) throw new Error(`it is not known what was done to the file for: ${name}`)
  return entry
}
