import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from './project.ts'

/** What stands in for a passphrase, for a secret, and for one that waits in plain text. */
export const PASSPHRASE = 'MARK-passphrase-7f3a'
export const SECRET = 'MARK-secret-c41d'
export const PLAIN_SECRET = 'MARK-waiting-90be'

/** A command line that is given a mark, or works on a stack that holds one. */
export interface LeakCase {
  readonly name: string
  readonly args: readonly string[]
  readonly stdin?: string | Uint8Array
  readonly prepare?: (on: TestProject) => void
  readonly env?: Readonly<Record<string, string>>
  /** Where nothing fails: what --debug tells must not hold anything either. */
  readonly exit?: number
}

const change =
  (edit: (text: string) => string) =>
  (on: TestProject): void =>
    writeFileSync(on.file, edit(on.text()))
const damage = change((text) =>
  text.replaceAll(/(secure: v1:[^:]+:)(.)/g, (_all, start: string, c: string) => start + (c === 'A' ? 'B' : 'A')),
)

/** A state in clear, with these outputs. */
function stateInClear(outputs: object): string {
  const resource = { urn: 'urn:pulumi:dev::vec::a:b:C::n', custom: false, type: 'a:b:C', outputs }
  return JSON.stringify({ version: 3, deployment: { manifest: {}, resources: [resource] } })
}

const signed = (members: object): object => ({
  '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
  ...members,
})
const IN_CLEAR = stateInClear({ s: signed({ plaintext: JSON.stringify(SECRET) }) })
const TO_STACK_FILE = ['--to-stack-file', 'Pulumi.dev.yaml']
const backendFolder = (on: TestProject): void => mkdirSync(join(on.folder, 'backend'))
const BACKEND = { PULUMI_BACKEND_URL: 'file://backend' }

const STATE_CASES: readonly LeakCase[] = [
  { name: 'a state sealed', args: ['state', 'seal', ...TO_STACK_FILE], stdin: IN_CLEAR, exit: 0 },
  {
    name: 'a state sealed into a file',
    args: ['state', 'seal', ...TO_STACK_FILE, '-o', 'o.json'],
    stdin: IN_CLEAR,
    exit: 0,
  },
  { name: 'a state under a new key', args: ['state', 'rekey', '--to', 'passphrase'], stdin: IN_CLEAR, exit: 0 },
  { name: 'a state without a key, sealed', args: ['state', 'seal'], stdin: IN_CLEAR },
  { name: 'a state in clear, looked at', args: ['state', 'inspect', '--json'], stdin: IN_CLEAR, exit: 0 },
  { name: 'a state in clear, checked', args: ['state', 'verify'], stdin: IN_CLEAR, exit: 0 },
  { name: 'a state that is cut off', args: ['state', 'seal', ...TO_STACK_FILE], stdin: IN_CLEAR.slice(0, -9) },
  {
    name: 'a secret of a state that is no JSON',
    args: ['state', 'seal', ...TO_STACK_FILE],
    stdin: stateInClear({ s: signed({ plaintext: `"${SECRET}` }) }),
  },
  {
    name: 'a secret of a state that is no ciphertext',
    args: ['state', 'verify'],
    stdin: stateInClear({ s: signed({ ciphertext: SECRET }) }),
  },
  { name: 'an import', args: ['stack', 'import'], stdin: IN_CLEAR, prepare: backendFolder, env: BACKEND, exit: 0 },
  {
    name: 'an import that is refused',
    args: ['stack', 'import', '--json'],
    stdin: IN_CLEAR.replace('urn:pulumi:dev', 'urn:pulumi:other'),
    prepare: backendFolder,
    env: BACKEND,
  },
]

export const LEAK_CASES: readonly LeakCase[] = [
  ...STATE_CASES,
  { name: 'a set that works', args: ['config', 'set', '--secret', 'new', SECRET], exit: 0 },
  { name: 'the same from standard input', args: ['config', 'set', '--secret', 'new'], stdin: SECRET, exit: 0 },
  { name: 'an equal value', args: ['config', 'set', '--secret', 's', SECRET], exit: 0 },
  { name: 'a listing of what is covered', args: ['config', '--json'], exit: 0 },
  { name: 'a check', args: ['verify'], exit: 0 },
  { name: 'a value encrypted', args: ['encrypt', SECRET], exit: 0 },
  { name: 'a value encrypted, from standard input', args: ['encrypt'], stdin: SECRET, exit: 0 },
  {
    name: 'a value encrypted under no key',
    args: ['encrypt', SECRET],
    prepare: change((text) => text.replace(/^encryptionsalt: .*\n/m, '')),
  },
  { name: 'a secret taken for a ciphertext', args: ['decrypt', SECRET] },
  { name: 'a look', args: ['inspect'], exit: 0 },
  { name: 'a look at everything', args: ['doctor'], exit: 0 },
  { name: 'several values', args: ['config', 'set-all', '--secret', `new=${SECRET}`], exit: 0 },
  {
    name: 'several values in JSON',
    args: ['config', 'set-all', '--json', `{"new":{"value":"${SECRET}","secret":true}}`],
    exit: 0,
  },
  { name: 'JSON that is none', args: ['config', 'set-all', '--json', `{"new":{"value":"${SECRET}"`] },
  { name: 'a pair without a key', args: ['config', 'set-all', '--secret', SECRET] },
  { name: 'a use that is left out', args: ['up', SECRET] },
  { name: 'the wrong passphrase', args: ['config', 'get', 's'], env: { PULUMI_CONFIG_PASSPHRASE: `${PASSPHRASE}!` } },
  {
    name: 'the wrong passphrase, in JSON',
    args: ['config', 'get', 's', '--json'],
    env: { PULUMI_CONFIG_PASSPHRASE: `${PASSPHRASE}!` },
  },
  {
    name: 'the wrong passphrase, set',
    args: ['config', 'set', '--secret', 'new', SECRET],
    env: { PULUMI_CONFIG_PASSPHRASE: `${PASSPHRASE}!` },
  },
  {
    name: 'a passphrase as the name of its file',
    args: ['config', 'get', 's'],
    env: { PULUMI_CONFIG_PASSPHRASE: '', PULUMI_CONFIG_PASSPHRASE_FILE: 'nowhere' },
  },
  { name: 'damaged secrets', args: ['config', '--show-secrets'], prepare: damage },
  { name: 'damaged secrets, got', args: ['config', 'get', '--path', 'o.list[0]'], prepare: damage },
  { name: 'damaged secrets, set', args: ['config', 'set', '--secret', 'new', SECRET], prepare: damage },
  { name: 'damaged secrets, checked', args: ['verify'], prepare: damage },
  {
    name: 'a malformed salt',
    args: ['config', 'set', '--secret', 'new', SECRET],
    prepare: change((text) => text.replace(/^encryptionsalt: v1/m, 'encryptionsalt: v2')),
  },
  {
    name: 'no salt',
    args: ['config', 'set', '--secret', 'new', SECRET],
    prepare: change((text) => text.replace(/^encryptionsalt: .*\n/m, '')),
  },
  { name: 'too many arguments', args: ['config', 'set', '--secret', 'new', 'two', SECRET] },
  { name: 'a value for a flag that takes none', args: ['config', 'set', `--secret=${SECRET}`, 'new'] },
  { name: 'a value that begins with a dash', args: ['config', 'set', '--secret', 'new', `-${SECRET}`] },
  { name: 'a value that looks like a flag', args: ['config', 'set', '--secret', 'new', `--${SECRET}=1`] },
  { name: 'a value that is no choice', args: ['config', 'set', '--type', SECRET, 'new', 'x'] },
  { name: 'a value of another type', args: ['config', 'set', '--type', 'int', 'new', SECRET] },
  { name: 'a value of another type, bool', args: ['config', 'set', '--type', 'bool', 'new', SECRET] },
  { name: 'a malformed key beside it', args: ['config', 'set', '--secret', 'a:b:c:d', SECRET] },
  { name: 'a path that does not fit', args: ['config', 'set', '--secret', '--path', 'o.list.x', SECRET] },
  { name: 'a reserved mapping', args: ['config', 'set', '--path', 'e.secure', SECRET] },
  { name: 'a value that looks like a secret', args: ['config', 'set', 'token', `x9$kQ2!pL7@w${SECRET}`] },
  { name: 'a mistyped command', args: ['config', 'sett', 'new', SECRET] },
  { name: 'bytes that are no text', args: ['config', 'set', 'new'], stdin: Buffer.from(`${SECRET}\u00ff`, 'latin1') },
  {
    name: 'an alias',
    args: ['config', 'set', '--secret', '--path', 'b.k', SECRET],
    prepare: change((text) => `${text}  vec:a: &a {k: v}\n  vec:b: *a\n`),
  },
  {
    name: 'the lock of another',
    args: ['config', 'set', '--lock-timeout', '0', '--secret', 'new', SECRET],
    prepare: (on) => writeFileSync(join(on.folder, '.Pulumi.dev.yaml.stackseal-lock'), 'someone else'),
  },
  { name: 'no project', args: ['-C', '/', 'config', 'set', '--secret', 'new', SECRET] },
  { name: 'no such stack', args: ['-s', 'prod', 'config', 'set', '--secret', 'new', SECRET] },
  {
    name: 'no YAML, a secret waiting in it',
    args: ['config', 'set', 'a', 'b'],
    prepare: change((text) => `${text}  vec:w: !secret ${PLAIN_SECRET}: x\n`),
  },
  {
    name: 'no YAML, a quote not closed',
    args: ['config'],
    prepare: change((text) => `${text}  vec:w: !secret "${PLAIN_SECRET}\n`),
  },
  {
    name: 'no project text, a secret waiting in it',
    args: ['config'],
    prepare: (on) => writeFileSync(join(on.folder, 'Pulumi.yaml'), `name: [${PLAIN_SECRET}\n`),
  },
  {
    name: 'a secret waiting in the file',
    args: ['config', 'set', 'a', 'b'],
    prepare: change((text) => `${text}  vec:w: !secret ${PLAIN_SECRET}\n`),
    exit: 0,
  },
  {
    name: 'a secret waiting, listed',
    args: ['config'],
    prepare: change((text) => `${text}  vec:w: !secret ${PLAIN_SECRET}\n`),
    exit: 0,
  },
  {
    name: 'a secret waiting, looked at',
    args: ['inspect', '--json'],
    prepare: change((text) => `${text}  vec:w: !secret ${PLAIN_SECRET}\n`),
    exit: 0,
  },
  { name: 'a stack that is there', args: ['stack', 'init', 'dev'] },
  { name: 'a new stack', args: ['stack', 'init', 'prod'], exit: 0 },
  { name: 'an unknown provider', args: ['stack', 'init', 'prod', '--secrets-provider', 'nothing://key'] },
]
