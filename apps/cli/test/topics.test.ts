import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERRORS, StacksealError } from '@stackseal/core'
import { describe, expect, test } from 'vitest'
import { exitNumber } from '../src/exit-number.ts'
import { TOPICS } from '../src/topic.ts'
import type { ErrorCode } from '@stackseal/core'
import { inProcess } from './support/in-process.ts'
import { Session } from './support/pseudo-terminal.ts'
import { stackseal } from './support/stackseal.ts'

const names = TOPICS.map(({ name }) => name)
const pageOf = async (name: string): Promise<string> => (await inProcess(['help', name])).stdout

describe.each(names)('help %s', (name) => {
  test('is a page of at most 80 columns', async () => {
    const { exit, stdout, stderr } = await inProcess(['help', name])
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    // What is meant to be typed or read by a program is never broken.
    const prose = stdout.split('\n').filter((line) => !/[{[]|:\/\//.test(line))
    expect(prose.filter((line) => line.length > 80)).toEqual([])
    expect(stdout.length).toBeGreaterThan(600)
  })

  test('is wrapped for a narrow terminal', async () => {
    const session = new Session(['help', name, '--color', 'never'], { columns: 50 })
    expect(await session.end()).toBe(0)
    const prose = session.shown.split('\r\n').filter((line) => !/[{[_/]|:\/\//.test(line))
    expect(prose.filter((line) => line.length > 50)).toEqual([])
  })

  test('is named on the page of the program', async () => {
    expect((await inProcess(['--help'])).stdout).toContain(`\n  ${name} `)
  })
})

test('help exit-codes names every code under its number', async () => {
  const page = await pageOf('exit-codes')
  const codes = Object.keys(ERRORS) as ErrorCode[]
  const numberAbove = (code: string): string | undefined =>
    [...page.slice(0, page.indexOf(`  ${code} `)).matchAll(/^(\d+) {2}/gm)].at(-1)?.[1]
  const wrong = codes.filter((code) => numberAbove(code) !== String(exitNumber(new StacksealError(code, ''))))
  expect(wrong).toEqual([])
})

test('help environment names every variable that is read', async () => {
  const page = await pageOf('environment')
  const root = join(import.meta.dirname, '../../..')
  const files = globSync('{apps/cli,packages/*}/src/**/*.ts', { cwd: root })
  const read = files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/env\['([A-Z][A-Z0-9_]+)'\]/g)].map(
      ([, variable = '']) => variable,
    ),
  )
  expect(read).toContain('PULUMI_STACK')
  const families = new Set([...page.matchAll(/\b([A-Z]+_)\*/g)].map(([, family]) => family))
  const missing = new Set(
    read.filter((variable) => !page.includes(variable) && !families.has(`${variable.split('_')[0]}_`)),
  )
  expect([...missing]).toEqual([])
})

test('a topic that is mistyped is suggested, and a command wins over nothing', async () => {
  const { exit, stderr } = await inProcess(['help', 'enviroment'])
  expect(stderr).toContain('did you mean environment?')
  expect(exit).toBe(2)
  expect((await inProcess(['environment'])).stderr).toContain('there is no command environment')
})

test('what was built prints the same page', async () => {
  expect((await stackseal(['help', 'files'])).stdout).toBe(await pageOf('files'))
})
