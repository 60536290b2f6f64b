import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Session } from './support/pseudo-terminal.ts'
import { shell, stackseal } from './support/stackseal.ts'

// The escape character that begins every color.
const ESCAPE = '\u001b'

test('a full disk under standard output is an error', async (context) => {
  context.skip(!existsSync('/dev/full'), 'this system has no /dev/full')
  const { exit, stderr } = await shell('$STACKSEAL --help >/dev/full')
  expect(stderr).toContain('stackseal: standard output could not be written: ENOSPC (ERR_IO)')
  expect(exit).toBe(1)
})

test('a full disk under standard error changes nothing', async (context) => {
  context.skip(!existsSync('/dev/full'), 'this system has no /dev/full')
  const { exit, stdout } = await shell('$STACKSEAL confg 2>/dev/full')
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
})

test('a reader that closes the pipe early ends the command quietly', async () => {
  const { stdout, stderr } = await shell('{ $STACKSEAL --help; echo "exit $?" >&2; } | :')
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'exit 0\n' })
})

test('there are colors on a terminal and none in a pipe', async () => {
  const terminal = new Session(['--help'])
  await terminal.end()
  expect(terminal.shown).toContain(`${ESCAPE}[1mUsage:`)
  expect((await stackseal(['--help'])).stdout).not.toContain(ESCAPE)
})

test.each([
  ['NO_COLOR', ['--help'], { NO_COLOR: '1' }],
  ['--color never', ['--help', '--color', 'never'], {}],
  ['a dumb terminal', ['--help'], { TERM: 'dumb' }],
])('%s switches colors off on a terminal', async (_name, args, env) => {
  const terminal = new Session(args, { env })
  await terminal.end()
  expect(terminal.shown).toContain('Usage:')
  expect(terminal.shown).not.toContain(ESCAPE)
})

test('an empty NO_COLOR means nothing', async () => {
  const terminal = new Session(['--help'], { env: { NO_COLOR: '' } })
  await terminal.end()
  expect(terminal.shown).toContain(ESCAPE)
})

test('--color always colors a pipe, NO_COLOR or not', async () => {
  const { stdout } = await stackseal(['--help', '--color=always'], { env: { NO_COLOR: '1' } })
  expect(stdout).toContain(`${ESCAPE}[1mUsage:`)
})

test('control characters of an argument do not reach the terminal', async () => {
  const { stderr } = await stackseal(['con\u001b]0;title\u0007\u202e\u009bfig'])
  expect(stderr).toContain('there is no command con\\u001b]0;title\\u0007\\u202e\\u009bfig')
})
