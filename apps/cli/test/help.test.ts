import { expect, test } from 'vitest'
import { COMMANDS } from '../src/commands.ts'
import { inProcess } from './support/in-process.ts'
import { Session } from './support/pseudo-terminal.ts'
import { stackseal } from './support/stackseal.ts'

const pages = [[], ...COMMANDS.map((command) => [...command.words])]

test.each(pages.map((words) => [words.join(' ') || 'stackseal', words] as const))(
  'the help page of %s',
  async (_name, words) => {
    const { exit, stdout, stderr } = await inProcess([...words, '--help'])
    expect(stdout).toMatchSnapshot()
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(stderr).toBe('')
    expect(exit).toBe(0)
  },
)

test('help, -h and --help show the same page', async () => {
  const [a, b, c] = await Promise.all([
    inProcess(['help', 'config', 'get']),
    inProcess(['config', 'get', '-h']),
    inProcess(['--help', 'config', 'get']),
  ])
  expect(a.stdout).toContain('stackseal config get <key> [flags]')
  expect(b).toEqual(a)
  expect(c).toEqual(a)
})

test('the program and a group without a command show their help', async () => {
  const [program, group] = await Promise.all([inProcess([]), inProcess(['stack'])])
  expect(program).toEqual(await inProcess(['--help']))
  expect(group).toEqual(await inProcess(['stack', '--help']))
})

test.each([
  [120, 120],
  [60, 60],
  [20, 40],
])('on a terminal of %i columns help is wrapped at %i', async (columns, wrapped) => {
  const session = new Session(['config', 'set', '--help', '--color', 'never'], { columns })
  expect(await session.end()).toBe(0)
  // A command of an example is never broken.
  const lines = session.shown.split('\r\n').filter((line) => !line.startsWith('  stackseal '))
  const widest = Math.max(...lines.map((line) => line.length))
  expect(widest).toBeLessThanOrEqual(wrapped)
  expect(widest).toBeGreaterThan(wrapped - 15)
})

test('every command that does something has an example that calls it', () => {
  const without = COMMANDS.filter((command) => command.load !== undefined).filter((command) => {
    const call = ['stackseal', ...command.words].join(' ')
    return command.examples?.some((example) => example.line.startsWith(call)) !== true
  })
  expect(without.map((command) => command.words.join(' '))).toEqual([])
})

test('what was built prints the same page', async () => {
  expect(await stackseal(['--help'])).toEqual(await inProcess(['--help']))
})

test('--version prints the version alone', async () => {
  const { exit, stdout, stderr } = await stackseal(['--version'])
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
