import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { ROOT } from './project-files.ts'

// What the built command line loads for commands that need no key: start-up time is spent here, and what is not loaded
// can neither leak nor fail. A change of this list is meant to be seen in review.
const CLI = join(ROOT, 'apps/cli')
const work = mkdtempSync(join(tmpdir(), 'stackseal-modules-'))
afterAll(() => rmSync(work, { recursive: true }))

const project = join(work, 'project')
mkdirSync(project)
writeFileSync(join(project, 'Pulumi.yaml'), 'name: proj\nruntime: yaml\n')
writeFileSync(join(project, 'Pulumi.plain.yaml'), 'config:\n  proj:name: value\n  proj:port: "8080"\n')

writeFileSync(
  join(project, 'Pulumi.vault.yaml'),
  `secretsprovider: hashivault://app\nencryptedkey: ${btoa('vault:v1:AAAA')}\n`,
)

writeFileSync(join(project, 'state.json'), '{"version":3,"deployment":{"manifest":{}}}\n')

const withSecrets = globSync('vectors/pulumi/stacks/01-simple/**/Pulumi.*.yaml', { cwd: ROOT })[0] ?? ''

/** Runs a command; gives the modules that it loaded, Node's by name and the command line's own by their path. */
function modulesOf(...commandLine: string[]): string[] {
  const list = join(work, 'modules.json')
  const record = pathToFileURL(join(import.meta.dirname, 'record-modules.ts')).href
  const command = ['--import', record, join(CLI, 'dist/stackseal.mjs'), ...commandLine]
  const env = { PATH: process.env['PATH'], HOME: work, XDG_CACHE_HOME: work, RECORD_MODULES_TO: list }
  const result = spawnSync('node', command, { cwd: project, env, encoding: 'utf8' })
  expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: '' })
  expect(result.stdout).not.toBe('')
  const urls = JSON.parse(readFileSync(list, 'utf8')) as string[]
  const base = pathToFileURL(`${CLI}/`).href
  return urls.map((url) => (url.startsWith(base) ? url.slice(base.length) : url)).toSorted()
}

// A text that stands in the code of a part and that the build does not change.
const PARTS = {
  'the YAML parser': 'YAMLParseError',
  'the passphrase provider': 'pbkdf2',
  'the Vault provider': 'is not a text that Vault has sealed',
  'the SDK of Vault': 'AxiosError',
  'the SDK of AWS KMS': 'TrentService',
  'the SDK of Azure Key Vault': 'RemoteCryptographyProvider',
  'the SDK of Google Cloud KMS': 'google.cloud.kms.v1.KeyManagementService',
  'the loader of other modules': 'registerHooks',
  'the word lists': 'trustno1',
  'the reader of states': 'what follows a backslash is no escape',
  'the file backend': 'can not be a backend: it is not a folder',
}
type Part = keyof typeof PARTS

interface Row {
  readonly name: string
  readonly commandLine: readonly string[]
  readonly mayLoad: readonly Part[]
}

const COMMANDS: readonly Row[] = [
  { name: '--version', commandLine: ['--version'], mayLoad: [] },
  { name: '--help', commandLine: ['--help'], mayLoad: [] },
  { name: 'config of plain values', commandLine: ['config', '--stack', 'plain'], mayLoad: [] },
  { name: 'a help topic', commandLine: ['help', 'files'], mayLoad: [] },
  { name: 'doctor', commandLine: ['doctor', '--stack', 'plain'], mayLoad: [] },
  { name: 'a completion script', commandLine: ['completion', 'bash'], mayLoad: [] },
  { name: 'completion of commands', commandLine: ['__complete', '--', 'con'], mayLoad: [] },
  { name: 'completion of keys', commandLine: ['__complete', '--', 'config', 'get', '-s', 'plain', ''], mayLoad: [] },
  { name: 'config get of a plain value', commandLine: ['config', 'get', '-s', 'plain', 'name'], mayLoad: [] },
  { name: 'state inspect', commandLine: ['state', 'inspect', 'state.json'], mayLoad: ['the reader of states'] },
  // It says what a built-in provider can tell of its sealed key without opening it.
  { name: 'inspect', commandLine: ['inspect', join(ROOT, withSecrets)], mayLoad: ['the passphrase provider'] },
  { name: 'inspect of a key', commandLine: ['inspect', 'Pulumi.vault.yaml'], mayLoad: ['the Vault provider'] },
]

test.each(COMMANDS)('$name loads these modules and no others', ({ commandLine }) => {
  expect(modulesOf(...commandLine)).toMatchSnapshot()
})

test.each(COMMANDS)(
  '$name loads no package, no YAML parser and no provider beyond $mayLoad',
  ({ commandLine, mayLoad }) => {
    const own = modulesOf(...commandLine).filter((module) => !module.startsWith('node:'))
    expect(own.filter((module) => !module.startsWith('dist/'))).toEqual([])
    const code = own.map((module) => readFileSync(join(CLI, module), 'utf8')).join('')
    const loaded = Object.entries(PARTS).flatMap(([part, text]) => (code.includes(text) ? [part] : []))
    expect(loaded.filter((part) => !mayLoad.some((allowed) => allowed === part))).toEqual([])
  },
)

test.each(Object.entries(PARTS))('%s is in the build, in one chunk', (_, text) => {
  const chunks = globSync('dist/*.mjs', { cwd: CLI })
  expect(chunks.filter((chunk) => readFileSync(join(CLI, chunk), 'utf8').includes(text))).toHaveLength(1)
})
