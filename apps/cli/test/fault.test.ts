import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SIMPLE, simpleProject } from './support/project.ts'
import { folder, stackseal, start } from './support/stackseal.ts'

/** Makes the program fail inside, with a secret in the error's message. */
function fault(how: string): string {
  const file = join(folder('fault'), 'fault.mjs')
  const lines = ["import fs from 'node:fs'", `fs.statSync = () => { ${how} }`, '']
  writeFileSync(file, lines.join('\n'))
  return `--import=${file}`
}

const THROWN = "throw Object.assign(new TypeError('hunter2\\n    at hunter2 (file:///hunter2:1:1)'), { code: 'EIO' })"

test.each([
  ['an exception', THROWN, 'TypeError EIO'],
  ['something thrown that is no error', "throw 'hunter2'", 'string'],
])('of %s only the class is told', async (_name, how, told) => {
  const { exit, stdout, stderr } = await stackseal(['config', '-C', '.'], { node: [fault(how)] })
  expect(stderr).toContain(
    `stackseal: a fault inside Stackseal: ${told} (ERR_INTERNAL)\n  hint: run it again with --debug`,
  )
  expect(stdout + stderr).not.toContain('hunter2')
  expect(exit).toBe(1)
})

test.each([
  ['a rejected promise that nobody awaits', "Promise.reject(new RangeError('hunter2'))", 'RangeError'],
  ['an exception that nobody catches', "throw new RangeError('hunter2')", 'RangeError'],
])('of %s only the class is told', async (_name, how, told) => {
  const file = join(folder('fault'), 'fault.mjs')
  writeFileSync(file, `setTimeout(() => { ${how} }, 300)\n`)
  // It waits for standard input meanwhile.
  const { ended } = start(['config', 'set', 'x'], {
    cwd: simpleProject().folder,
    env: SIMPLE,
    node: [`--import=${file}`],
  })
  const { exit, stdout, stderr } = await ended
  expect(stderr).toContain(`stackseal: a fault inside Stackseal: ${told} (ERR_INTERNAL)\n`)
  expect(stdout + stderr).not.toContain('hunter2')
  expect(exit).toBe(1)
})

test('--debug shows where, and no message', async () => {
  const { stderr } = await stackseal(['config', '-C', '.', '--debug'], {
    node: [fault("throw new TypeError('hunter2')")],
  })
  expect(stderr).toContain('debug: thrown: TypeError\n')
  expect(stderr).toMatch(/debug: {5}at .*dist\/main\.mjs:\d+:\d+/)
  expect(stderr).not.toContain('hunter2')
})

test('a message that looks like frames is not taken for them', async () => {
  const { stderr } = await stackseal(['config', '-C', '.', '--debug'], { node: [fault(THROWN)] })
  expect(stderr).toContain('debug: thrown: TypeError EIO\n')
  expect(stderr).not.toContain('hunter2')
})

test('a crash report of Node would not hold the environment', async () => {
  const print = "throw (process._rawDebug('excluded ' + process.report.excludeEnv), new Error('x'))"
  const { stderr } = await stackseal(['config', '-C', '.'], { node: [fault(print)] })
  expect(stderr).toContain('excluded true')
})
