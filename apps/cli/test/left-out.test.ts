import { expect, test } from 'vitest'
import { COMMANDS } from '../src/commands.ts'
import { GLOBAL_FLAGS } from '../src/global-flags.ts'
import { LEFT_OUT_COMMANDS, LEFT_OUT_FLAGS } from '../src/left-out.ts'
import { folderState } from './support/folder-state.ts'
import { inProcess } from './support/in-process.ts'
import { SIMPLE, simpleProject } from './support/project.ts'
import { stackseal } from './support/stackseal.ts'

const spellings = ({ words, aliases = [] }: (typeof LEFT_OUT_COMMANDS)[number]): string[][] => {
  const own = words.split(' ')
  return [own, ...aliases.map((alias) => [...own.slice(0, -1), alias])]
}

test.each(LEFT_OUT_COMMANDS.flatMap((row) => spellings(row).map((words) => [words.join(' '), words, row] as const)))(
  '%s answers with one line that says what to use',
  async (_name, words, row) => {
    const { exit, stdout, stderr } = await inProcess([...words, 'more', '--yes'])
    expect(stderr).toBe(`stackseal: there is no ${row.words} here: ${row.answer} (ERR_USAGE)\n`)
    expect(row.answer).toMatch(/use |leave it out/)
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
  },
)

test.each(
  LEFT_OUT_FLAGS.flatMap((row) =>
    spellings(row).map((words) => {
      const flag = words.at(-1) ?? ''
      const command = words.length === 1 ? ['config'] : words.slice(0, -1)
      return [[...command, flag.length === 1 ? `-${flag}` : `--${flag}`].join(' '), row] as const
    }),
  ),
)('%s answers with what to do instead, and changes nothing', async (line, row) => {
  const on = simpleProject()
  const before = folderState(on.folder)
  const words = line.split(' ')
  const { exit, stdout, stderr } = await inProcess(words, { cwd: on.folder, env: SIMPLE })
  expect(stderr.split('\n')[0]).toBe(`stackseal: there is no ${words.at(-1)} here: ${row.answer} (ERR_USAGE)`)
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
  expect(folderState(on.folder)).toEqual(before)
})

test('nothing that is here is called left out', () => {
  const here = COMMANDS.flatMap(({ words, aliases = [] }) => [
    words,
    ...aliases.map((alias) => [...words.slice(0, -1), alias]),
  ])
  const commands = new Set(here.map((words) => words.join(' ')))
  expect(
    LEFT_OUT_COMMANDS.flatMap(spellings)
      .map((words) => words.join(' '))
      .filter((words) => commands.has(words)),
  ).toEqual([])
  const flags = new Set([
    ...GLOBAL_FLAGS.flatMap(({ name, short }) => [name, short ?? name]),
    ...COMMANDS.flatMap(({ words, flags: own = [] }) =>
      own.flatMap(({ name, short }) => [[...words, name].join(' '), [...words, short ?? name].join(' ')]),
    ),
  ])
  expect(
    LEFT_OUT_FLAGS.flatMap(spellings)
      .map((words) => words.join(' '))
      .filter((words) => flags.has(words)),
  ).toEqual([])
})

test('a word that is only mistyped is still told as that', async () => {
  expect((await inProcess(['confg'])).stderr).toContain('did you mean config?')
  expect((await inProcess(['stack', 'initt'])).stderr).toContain('did you mean stack init?')
})

test('the built program says it too, in JSON where that is asked for', async () => {
  const { exit, stderr } = await stackseal(['up', '--json'])
  const { error } = JSON.parse(stderr) as { error: { code: string; message: string } }
  expect(error.code).toBe('ERR_USAGE')
  expect(error.message).toBe('there is no up here: Stackseal deploys nothing; use "pulumi up"')
  expect(exit).toBe(2)
})
