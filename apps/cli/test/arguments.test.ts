import { expect, test } from 'vitest'
import { parseCommandLine } from '../src/arguments.ts'
import { COMMANDS } from '../src/commands.ts'
import { GLOBAL_FLAGS } from '../src/global-flags.ts'
import { inProcess } from './support/in-process.ts'

const parse = (line: string) => parseCommandLine(line.split(' '), COMMANDS, GLOBAL_FLAGS)

test.each([
  ['-s dev config get k', 'config get', ['k'], { stack: 'dev' }],
  ['config -s dev get k', 'config get', ['k'], { stack: 'dev' }],
  ['config get -s dev k', 'config get', ['k'], { stack: 'dev' }],
  ['config get k -s dev', 'config get', ['k'], { stack: 'dev' }],
  ['config get k -sdev', 'config get', ['k'], { stack: 'dev' }],
  ['config get k --stack=dev', 'config get', ['k'], { stack: 'dev' }],
  ['config get k --stack a --stack b', 'config get', ['k'], { stack: 'b' }],
  ['config get k --stack=', 'config get', ['k'], { stack: '' }],
  ['config get k -C -odd', 'config get', ['k'], { cwd: '-odd' }],
  ['config set --type int k 5', 'config set', ['k', '5'], { type: 'int' }],
  ['config set k -5', 'config set', ['k', '-5'], {}],
  ['config set k -.5', 'config set', ['k', '-.5'], {}],
  ['config set k -5s --type string', 'config set', ['k', '-5s'], { type: 'string' }],
  ['config set k -- -v', 'config set', ['k', '-v'], {}],
  ['config set k -- --secret', 'config set', ['k', '--secret'], { secret: undefined }],
  ['config set k -', 'config set', ['k', '-'], {}],
  ['config set -- -k -5', 'config set', ['-k', '-5'], {}],
  ['config remove k', 'config rm', ['k'], {}],
  ['config delete k', 'config rm', ['k'], {}],
  ['stack new dev', 'stack init', ['dev'], {}],
  ['stack list', 'stack ls', [], {}],
  ['config', 'config', [], {}],
  ['config --show-secrets', 'config', [], { 'show-secrets': 'true' }],
  ['config --show-secrets=false', 'config', [], { 'show-secrets': 'false' }],
  ['verify a b c', 'verify', ['a', 'b', 'c'], {}],
] as const)('%s', (line, words, args, flags) => {
  const parsed = parse(line)
  expect(parsed.wants).toBe('run')
  expect(parsed.command?.words.join(' ')).toBe(words)
  expect(parsed.arguments).toEqual(args)
  expect(Object.fromEntries(Object.keys(flags).map((name) => [name, parsed.flags.text(name)]))).toEqual(flags)
})

test('a flag that repeats keeps every value', () => {
  expect(parse('new -c a=1 --config b=2 -c=c').flags.texts('config')).toEqual(['a=1', 'b=2', '=c'])
})

test.each([
  ['frobnicate', 'there is no command frobnicate', 'see stackseal --help'],
  ['confg', 'there is no command confg', 'did you mean config?'],
  ['ocnfig', 'there is no command ocnfig', 'did you mean config?'],
  ['insp', 'there is no command insp', 'did you mean inspect?'],
  ['config gte k', 'there is no command config gte', 'did you mean config get?'],
  ['config romeve k', 'there is no command config romeve', 'did you mean config remove?'],
  ['stack frob', 'there is no command stack frob', 'see stackseal stack --help'],
  ['config --show-secret', 'config has no flag --show-secret', 'did you mean --show-secrets?'],
  ['config get k --frobnicate', 'config get has no flag --frobnicate', 'see stackseal config get --help'],
  ['config get k -x', 'config get has no flag -x', 'see stackseal config get --help'],
  ['--stak dev config', 'stackseal has no flag --stak', 'did you mean --stack?'],
  ['config get', 'config get needs <key>', 'usage: stackseal config get <key> [flags]'],
  ['config get a b', 'config get takes 1 argument, 2 were given', 'usage: stackseal config get <key> [flags]'],
  ['stack ls a', 'stack ls takes no arguments, 1 were given', 'usage: stackseal stack ls [flags]'],
  [
    'config set k --type int32 5',
    '--type is one of string, int, bool, float',
    'see stackseal config set --help\n  the stack was not changed',
  ],
  ['config -s', '--stack needs a value: --stack <NAME>', 'see stackseal config --help'],
  [
    'config --lock-timeout soon',
    '--lock-timeout is not a number of seconds',
    'give a number from 0 to 86400, such as --lock-timeout 30',
  ],
  ['help frobnicate', 'there is no command frobnicate', 'see stackseal --help'],
])('%s is refused with exit number 2', async (line, message, hint) => {
  const { exit, stdout, stderr } = await inProcess(line.split(' '))
  expect(stderr).toBe(`stackseal: ${message} (ERR_USAGE)\n  hint: ${hint}\n`)
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
})

test.each([
  [['config', 'set', '--secret', 'k', 'hunter2', 'hunter3']],
  [['config', 'set', 'k', '--secret=hunter2']],
  [['config', 'set', '--secret', 'k', '-----BEGIN hunter2 KEY-----']],
  [['config', 'set', '--secret', 'k', '--hunter2']],
  [['config', 'set', 'k', '--type', 'hunter2']],
])('a secret in the wrong place is not repeated: %j', async (args) => {
  const { exit, stdout, stderr } = await inProcess(args)
  expect(exit).toBe(2)
  expect(stdout + stderr).not.toContain('hunter')
})

test('an error with --json is one line on standard error', async () => {
  const { exit, stdout, stderr } = await inProcess(['confg', '--json'])
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
  expect(stderr.endsWith('}\n')).toBe(true)
  expect(JSON.parse(stderr)).toEqual({
    error: {
      code: 'ERR_USAGE',
      message: 'there is no command confg',
      hint: 'did you mean config?',
      file: null,
      changed: null,
    },
  })
})

test('behind -- nothing asks for JSON', async () => {
  const { stderr } = await inProcess(['confg', '--', '--json'])
  expect(stderr).toMatch(/^stackseal: /)
})

test('a folder of --cwd that is not there is refused', async () => {
  const { exit, stderr } = await inProcess(['-C', '/nowhere/at/all', 'config'])
  expect(exit).toBe(3)
  expect(stderr).toBe('stackseal: the folder /nowhere/at/all that --cwd names is not there (ERR_FILE_NOT_FOUND)\n')
})
