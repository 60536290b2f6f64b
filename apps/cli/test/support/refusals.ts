import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SIMPLE, vector } from './project.ts'
import type { TestProject } from './project.ts'

export interface Refusal {
  readonly name: string
  readonly line: string
  readonly exit: number
  readonly code: string
  /** What it says was not changed. */
  readonly what?: string
  readonly prepare?: (on: TestProject) => void
  readonly env?: Readonly<Record<string, string>>
  /** Whether `config rm` refuses it too. */
  readonly remove?: boolean
}

const SELECTED = { PULUMI_CONFIG_PASSPHRASE: 'correct horse' }
const writeTo =
  (name: string, text: string) =>
  (on: TestProject): void =>
    writeFileSync(join(on.folder, name), text)
const rewrite =
  (change: (text: string) => string) =>
  (on: TestProject): void =>
    writeFileSync(on.file, change(on.text()))

export const SET: readonly Refusal[] = [
  { name: 'no key', line: 'config set', exit: 2, code: 'ERR_USAGE', what: 'the stack' },
  { name: 'too many arguments', line: 'config set a b c', exit: 2, code: 'ERR_USAGE', what: 'the stack' },
  { name: 'an unknown flag', line: 'config set --secrte a b', exit: 2, code: 'ERR_USAGE', what: 'the stack' },
  { name: 'an unknown type', line: 'config set --type date a b', exit: 2, code: 'ERR_USAGE', what: 'the stack' },
  {
    name: 'flags that exclude each other',
    line: 'config set --secret --plaintext a b',
    exit: 2,
    code: 'ERR_USAGE',
    what: 'the stack',
  },
  {
    name: 'a malformed waiting time',
    line: 'config set --lock-timeout soon a b',
    exit: 2,
    code: 'ERR_USAGE',
    what: 'the stack',
  },
  {
    remove: true,
    name: 'a folder that is not there',
    line: 'config set -C /nonexistent a b',
    exit: 3,
    code: 'ERR_FILE_NOT_FOUND',
    what: 'the stack',
  },
  {
    remove: true,
    name: 'no project',
    line: 'config set a b',
    exit: 2,
    code: 'ERR_NO_PROJECT',
    what: 'the stack',
    prepare: (on) => rmSync(join(on.folder, 'Pulumi.yaml')),
  },
  {
    remove: true,
    name: 'a malformed project',
    line: 'config set a b',
    exit: 3,
    code: 'ERR_MALFORMED_FILE',
    what: 'Pulumi.yaml',
    prepare: writeTo('Pulumi.yaml', 'name: [\n'),
  },
  {
    remove: true,
    name: 'no stack',
    line: 'config set a b',
    exit: 2,
    code: 'ERR_NO_STACK',
    what: 'the stack',
    env: SELECTED,
  },
  {
    remove: true,
    name: 'an unknown stack',
    line: 'config set -s prod a b',
    exit: 3,
    code: 'ERR_STACK_NOT_FOUND',
    what: 'Pulumi.prod.yaml',
  },
  {
    remove: true,
    name: 'a stack name that is none',
    line: 'config set -s a*b a b',
    exit: 2,
    code: 'ERR_INVALID_NAME',
    what: 'the stack',
  },
  { remove: true, name: 'a malformed key', line: 'config set a:b:c:d x', exit: 2, code: 'ERR_INVALID_CONFIG_KEY' },
  {
    remove: true,
    name: 'a malformed path',
    line: 'config set --path a[ x',
    exit: 2,
    code: 'ERR_INVALID_PROPERTY_PATH',
  },
  {
    name: 'a path that does not fit',
    line: 'config set --path plain[1] x',
    exit: 2,
    code: 'ERR_INVALID_PROPERTY_PATH',
    prepare: rewrite((text) => `${text}  vec:list: [a]\n`.replace('vec:plain: changed', 'vec:plain: {a: b}')),
  },
  { name: 'a value of another type', line: 'config set --type int a x', exit: 2, code: 'ERR_INVALID_VALUE' },
  {
    name: 'the wrong passphrase',
    line: 'config set --secret a x',
    exit: 3,
    code: 'ERR_WRONG_PASSPHRASE',
    env: { ...SIMPLE, PULUMI_CONFIG_PASSPHRASE: 'wrong' },
  },
  {
    name: 'no passphrase',
    line: 'config set --secret a x',
    exit: 4,
    code: 'ERR_PASSPHRASE_MISSING',
    env: { PULUMI_STACK: 'dev' },
  },
  {
    name: 'a passphrase file that is not there',
    line: 'config set --secret a x',
    exit: 4,
    code: 'ERR_PASSPHRASE_MISSING',
    env: { PULUMI_STACK: 'dev', PULUMI_CONFIG_PASSPHRASE_FILE: 'nowhere' },
  },
  {
    name: 'a malformed salt',
    line: 'config set --secret a x',
    exit: 3,
    code: 'ERR_MALFORMED_SEALED_KEY',
    prepare: rewrite((text) => text.replace(/^encryptionsalt: .*/m, 'encryptionsalt: hello')),
  },
  {
    name: 'a missing salt',
    line: 'config set --secret a x',
    exit: 3,
    code: 'ERR_MISSING_SEALED_KEY',
    prepare: rewrite((text) => text.replace(/^encryptionsalt: .*\n/m, '')),
  },
  {
    name: 'an unknown provider',
    line: 'config set --secret a x',
    exit: 2,
    code: 'ERR_UNKNOWN_PROVIDER',
    prepare: rewrite((text) =>
      text.replace(/^encryptionsalt: .*/m, 'secretsprovider: nothing://key\nencryptedkey: AAAA'),
    ),
  },
  {
    name: 'a key that is not proven',
    line: 'config set --secret a x',
    exit: 3,
    code: 'ERR_KEY_NOT_PROVEN',
    prepare: (on) =>
      writeFileSync(
        on.file,
        `${/^encryptionsalt: .*/m.exec(on.text())?.[0] ?? ''}\n${readFileSync(vector('03-path-objects', 'Pulumi.dev.yaml'), 'utf8').replace(/^encryptionsalt: .*\n/m, '')}`,
      ),
  },
  {
    name: 'secrets of Pulumi Cloud',
    line: 'config set --secret a x',
    exit: 3,
    code: 'ERR_SERVICE_SECRETS',
    prepare: (on) => writeFileSync(on.file, 'config:\n  vec:s: {secure: AAAB}\n'),
  },
  {
    remove: true,
    name: 'a file that is no YAML',
    line: 'config set a x',
    exit: 3,
    code: 'ERR_MALFORMED_FILE',
    prepare: rewrite(() => 'config: [\n'),
  },
  {
    remove: true,
    name: 'a file that is no text',
    line: 'config set a x',
    exit: 3,
    code: 'ERR_MALFORMED_FILE',
    prepare: (on) => writeFileSync(on.file, Uint8Array.of(0xff, 0xfe, 0)),
  },
  {
    remove: true,
    name: 'a key that stands twice',
    line: 'config set a x',
    exit: 3,
    code: 'ERR_DUPLICATE_KEY',
    prepare: rewrite((text) => `${text}  vec:plain: again\n`),
  },
  {
    remove: true,
    name: 'an alias',
    line: 'config set --path b.k x',
    exit: 3,
    code: 'ERR_CANNOT_EDIT',
    prepare: rewrite((text) => `${text}  vec:a: &a {k: v}\n  vec:b: *a\n`),
  },
  {
    remove: true,
    name: 'a folder in its place',
    line: 'config set a x',
    exit: 3,
    code: 'ERR_MALFORMED_FILE',
    prepare: (on) => {
      rmSync(on.file)
      mkdirSync(on.file)
    },
  },
  {
    remove: true,
    name: 'a link out of the project',
    line: 'config set a x',
    exit: 4,
    code: 'ERR_LINK_NOT_FOLLOWED',
    prepare: (on) => {
      rmSync(on.file)
      symlinkSync('/etc/hostname', on.file)
    },
  },
  {
    remove: true,
    name: 'the lock of another machine',
    line: 'config set --lock-timeout 0 a x',
    exit: 5,
    code: 'ERR_LOCKED',
    prepare: writeTo('.Pulumi.dev.yaml.stackseal-lock', 'someone else'),
  },
]

/** The refusals that do not come from the value, for the same line without it. */
export const REMOVE: readonly Refusal[] = SET.filter(({ remove }) => remove === true).map((refusal) => ({
  ...refusal,
  line: refusal.line.replace('config set', 'config rm').replace(/ \S+$/, ''),
}))

export const OTHERS: readonly Refusal[] = [
  { name: 'no key to remove', line: 'config rm', exit: 2, code: 'ERR_USAGE', what: 'the stack' },
  { name: 'a stack that is there', line: 'stack init dev', exit: 2, code: 'ERR_ALREADY_EXISTS' },
  { name: 'a stack without a name', line: 'stack init', exit: 2, code: 'ERR_USAGE', what: 'the stack', env: SELECTED },
  { name: 'a name that is none', line: 'stack init a*b', exit: 2, code: 'ERR_INVALID_NAME', what: 'the stack' },
  {
    name: 'an unknown provider',
    line: 'stack init prod --secrets-provider nothing://key',
    exit: 2,
    code: 'ERR_UNKNOWN_PROVIDER',
    what: 'the stack',
  },
  {
    name: 'a stack on no passphrase',
    line: 'stack init prod',
    exit: 4,
    code: 'ERR_PASSPHRASE_MISSING',
    what: 'the stack',
    env: { PULUMI_STACK: 'dev' },
  },
  {
    name: 'a stack whose salt is gone',
    line: 'stack init dev',
    exit: 3,
    code: 'ERR_MISSING_SEALED_KEY',
    prepare: rewrite((text) => text.replace(/^encryptionsalt: .*\n/m, '')),
  },
  {
    name: 'a stack that is not there',
    line: 'stack select prod',
    exit: 3,
    code: 'ERR_STACK_NOT_FOUND',
    what: 'the selected stack',
  },
  { name: 'a project that is there', line: 'new', exit: 2, code: 'ERR_ALREADY_EXISTS', what: 'Pulumi.yaml' },
  { name: 'a template', line: 'new typescript', exit: 2, code: 'ERR_USAGE', what: 'the project' },
]
