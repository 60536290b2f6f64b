import { expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { project, SIMPLE } from './support/project.ts'

test.each([
  ['config', ['config']],
  ['config get', ['config', 'get', 'empty']],
  ['config set', ['config', 'set', 'other', 'x']],
])('%s tells of a key without a value, in the words of the reference', async (_name, args) => {
  const on = project('config:\n  vec:empty:\n')
  const { exit, stderr } = await inProcess(args, { cwd: on.folder, env: SIMPLE })
  expect(stderr).toMatch(/^warning: No value for configuration key "vec:empty"\. This is currently treated as an empty/)
  expect(stderr.split('\n').length).toBe(2)
  expect(exit).toBe(0)
})

test('a key with a value is not warned of', async () => {
  const on = project('config:\n  vec:full: ""\n')
  expect((await inProcess(['config'], { cwd: on.folder, env: SIMPLE })).stderr).toBe('')
})
