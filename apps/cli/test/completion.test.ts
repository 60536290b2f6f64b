import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../src/commands.ts'
import { folderState } from './support/folder-state.ts'
import { inProcess } from './support/in-process.ts'
import { project, SIMPLE, simpleProject } from './support/project.ts'
import { Session } from './support/pseudo-terminal.ts'
import { cleanEnv, folder, PROGRAM, stackseal } from './support/stackseal.ts'

/** What the hidden command answers: the kind of line one, and the candidates without what is said about them. */
async function answer(
  words: readonly string[],
  cwd?: string,
  env: Readonly<Record<string, string>> = SIMPLE,
): Promise<{ kind: string; candidates: string[] }> {
  const { exit, stdout, stderr } = await inProcess(['__complete', '--', ...words], {
    env,
    ...(cwd === undefined ? {} : { cwd }),
  })
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  const [kind = '', ...lines] = stdout.trimEnd().split('\n')
  return { kind, candidates: lines.map((line) => line.split('\t')[0] ?? '') }
}

const childrenOf = (group: string): string[] =>
  COMMANDS.filter(({ words }) => words.length === 2 && words[0] === group).map(({ words }) => words[1] ?? '')

describe('what can stand at the cursor', () => {
  test.each([
    [
      'commands, none that is hidden',
      [''],
      COMMANDS.filter(({ words, hidden }) => words.length === 1 && hidden !== true)
        .map(({ words }) => words[0] ?? '')
        .concat('help'),
    ],
    ['commands that begin so', ['in'], ['inspect']],
    ['commands of a group', ['stack', ''], childrenOf('stack')],
    ['commands of one that does something itself', ['config', 'set'], ['set', 'set-all']],
    ['flags of a command', ['config', 'set', '--pa'], ['--path']],
    ['flags that were not given yet', ['config', 'get', '--path', '--pa'], []],
    ['flags that may be repeated', ['config', 'set-all', '--secret', 'a=b', '--sec'], ['--secret']],
    ['global flags, before any command', ['--non'], ['--non-interactive']],
    ['no global flag where a command has its own', ['config', 'set-all', '--json', ''], []],
    ['choices of a flag', ['config', 'set', '--type', ''], ['string', 'int', 'bool', 'float']],
    ['choices behind an equals sign', ['--color=a'], ['--color=auto', '--color=always']],
    ['key URLs', ['stack', 'init', 'x', '--secrets-provider', 'a'], ['awskms://', 'azurekeyvault://']],
    ['shells', ['completion', ''], ['bash', 'zsh', 'fish', 'powershell']],
    ['topics and commands behind help', ['help', 'e'], ['encrypt', 'environment', 'exit-codes']],
    ['nothing where everything was given', ['config', 'get', 'plain', ''], []],
    ['nothing behind a word that is no command', ['nope', ''], []],
    ['no flag behind --', ['config', 'get', '--', '--p'], []],
  ])('%s: %j', async (_name, words, expected) => {
    expect((await answer(words)).candidates).toEqual(expected)
  })

  test.each([
    [['verify', ''], ':files'],
    [['--config-file', ''], ':files'],
    [['--config-file=x'], ':files'],
    [['-C', ''], ':folders'],
    [['new', '--dir', ''], ':folders'],
  ])('%j is for the shell: %s', async (words, kind) => {
    expect(await answer(words)).toEqual({ kind, candidates: [] })
  })

  test('stacks and configuration keys, of the project and stack that the words mean, without any key', async () => {
    const on = simpleProject()
    const other = project('config:\n  vec:mine: x\n  aws:region: y\n')
    writeFileSync(join(on.folder, 'Pulumi.prod.yaml'), 'config:\n  vec:here: x\n  aws:region: y\n')
    const before = folderState(on.folder)
    const none = {}
    const ask = (words: readonly string[]): ReturnType<typeof answer> => answer(words, on.folder, none)
    expect((await ask(['-s', ''])).candidates).toEqual(['dev', 'prod'])
    expect((await ask(['--stack=p'])).candidates).toEqual(['--stack=prod'])
    expect((await ask(['stack', 'select', ''])).candidates).toEqual(['dev', 'prod'])
    expect((await ask(['config', 'get', '-s', 'prod', ''])).candidates).toEqual(['here', 'aws:region'])
    expect((await ask(['config', 'rm-all', '-s', 'prod', 'here', ''])).candidates).toEqual(['aws:region'])
    expect((await ask(['-C', other.folder, '-s', 'dev', 'config', 'set', ''])).candidates).toEqual([
      'mine',
      'aws:region',
    ])
    expect((await ask(['config', 'get', ''])).candidates).toEqual([])
    expect((await answer(['config', 'get', 'p'], on.folder)).candidates).toEqual(['plain', 'password'])
    expect(folderState(on.folder)).toEqual(before)
  })

  test('whatever is wrong, there is nothing to complete and nothing is told', async () => {
    const damaged = project('config: [\n')
    expect((await answer(['config', 'get', ''], damaged.folder)).candidates).toEqual([])
    expect((await answer(['config', 'get', ''], folder('empty'))).candidates).toEqual([])
    expect((await answer(['-C', '/nowhere', '-s', ''])).candidates).toEqual([])
    expect((await answer(['--lock-timeout', 'x', 'config', 'get', ''])).candidates).toEqual([])
  })

  test('a key that would break a line or move the cursor is left out', async () => {
    const on = project('config:\n  "vec:a\\nb": x\n  "vec:c\\e[31m": x\n  vec:fine: x\n')
    expect((await answer(['config', 'get', ''], on.folder)).candidates).toEqual(['fine'])
  })
})

test('completion prints a script for each shell, and knows no other', async () => {
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const { exit, stdout } = await inProcess(['completion', shell])
    expect(stdout).toContain('stackseal __complete')
    expect(exit).toBe(0)
  }
  const { exit, stderr } = await inProcess(['completion', 'tcsh'])
  expect(stderr).toContain('completion is there for bash, zsh, fish, powershell (ERR_USAGE)')
  expect(exit).toBe(2)
})

test('the hidden command stands on no page and is never suggested', async () => {
  expect((await inProcess(['--help'])).stdout).not.toContain('__complete')
  expect((await inProcess(['__complet'])).stderr).not.toContain('__complete')
})

/** A PATH on which the built program is called stackseal. */
function withProgram(): Record<string, string> {
  const bin = folder('bin')
  writeFileSync(join(bin, 'stackseal'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`)
  chmodSync(join(bin, 'stackseal'), 0o755)
  return cleanEnv({ ...SIMPLE, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` })
}

const has = (shell: string): boolean => spawnSync(shell, ['--version']).error === undefined

/** What bash would put in at the end of a line, split into words as bash splits them. */
function inBash(line: string, cwd: string): string[] {
  const words = line.split(/ |([=:])/).filter((word) => word !== undefined)
  const split = words.filter((word, index) => word !== '' || index === words.length - 1)
  const script = [
    'source <(stackseal completion bash)',
    `COMP_WORDS=(${split.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${split.length - 1}`,
    '_stackseal stackseal',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n')
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { cwd, env: withProgram(), encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((each) => each !== '')
}

describe('in bash', () => {
  test.each([
    ['stackseal conf', ['config']],
    ['stackseal stack ', childrenOf('stack')],
    ['stackseal config get p', ['plain', 'password']],
    ['stackseal config get aws:', ['region']],
    ['stackseal config get aws:re', ['region']],
    ['stackseal --stack=', ['dev', 'prod']],
    ['stackseal --stack=d', ['dev']],
    ['stackseal --stack=prod config get w', ['with\\ space']],
    ['stackseal config set --type b', ['bool']],
    ['stackseal verify Pulumi.p', ['Pulumi.prod.yaml']],
    ['stackseal -C s', ['sub']],
    ['stackseal nope ', []],
  ])('%s', (line, expected) => {
    const on = simpleProject((text) => `${text}  aws:region: x\n`)
    writeFileSync(join(on.folder, 'Pulumi.prod.yaml'), 'config:\n  "vec:with space": x\n')
    mkdirSync(join(on.folder, 'sub'))
    expect(inBash(line, on.folder)).toEqual(expected)
  })
})

test('the Tab key completes in bash', async (context) => {
  if (!has('bash')) context.skip('bash is not installed')
  const { PATH = '' } = withProgram()
  const session = new Session([], {
    cwd: simpleProject().folder,
    env: { ...SIMPLE, PATH, PS1: 'ready> ' },
    script: 'bash --norc --noprofile -i',
  })
  await session.see('ready> ')
  session.type('source <(stackseal completion bash)\r')
  await session.see('ready> ', 2)
  session.type('stackseal config get pass\t')
  await session.see('config get password ')
  session.type('\r')
  await session.see('hunter3')
  session.type('exit\r')
  expect(await session.end()).toBe(0)
})

test('in zsh the script can be read and is registered', (context) => {
  if (!has('zsh')) context.skip('zsh is not installed')
  const script = 'autoload -U compinit && compinit -u; source <(stackseal completion zsh); print ${_comps[stackseal]}'
  const { stdout } = spawnSync('zsh', ['-f', '-c', script], { env: withProgram(), encoding: 'utf8' })
  expect(stdout).toContain('_stackseal')
})

test('in fish the script completes', (context) => {
  if (!has('fish')) context.skip('fish is not installed')
  const script = 'stackseal completion fish | source; complete -C "stackseal config set --type "'
  const { stdout } = spawnSync('fish', ['--no-config', '-c', script], { env: withProgram(), encoding: 'utf8' })
  expect(stdout.split('\n')).toEqual(expect.arrayContaining(['bool', 'float', 'int', 'string']))
})

test('in PowerShell the script completes', (context) => {
  if (!has('pwsh')) context.skip('PowerShell is not installed')
  const script =
    'stackseal completion powershell | Out-String | Invoke-Expression; (TabExpansion2 "stackseal config set --type " 28).CompletionMatches.CompletionText'
  const { stdout } = spawnSync('pwsh', ['-NoProfile', '-Command', script], { env: withProgram(), encoding: 'utf8' })
  expect(stdout.trim().split(/\s+/)).toEqual(['string', 'int', 'bool', 'float'])
})

test('what was built answers the same, and an empty last word may be told by a flag', async () => {
  const { stdout } = await stackseal(['__complete', '--new-word', '--', 'config', 'set', '--type'])
  expect(stdout).toBe(':words\nstring\nint\nbool\nfloat\n')
})
