import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SIMPLE, simpleProject } from './support/project.ts'
import { start } from './support/stackseal.ts'

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s while a value is read ends with 130', async (signal) => {
  const on = simpleProject()
  const before = on.text()
  const { child, ended, says } = start(['config', 'set', '--secret', 'x', '--debug'], { cwd: on.folder, env: SIMPLE })
  child.stdin.write('half of a val')
  await says('read ')
  child.kill(signal)
  const { exit, stdout, stderr } = await ended
  expect(stderr).toContain('stackseal: interrupted (ERR_INTERRUPTED)\n  Pulumi.dev.yaml was not changed\n')
  expect({ exit, stdout }).toEqual({ exit: 130, stdout: '' })
  expect(on.text()).toBe(before)
})

test('an interruption while the lock is waited for leaves the lock and the file alone', async () => {
  const on = simpleProject()
  const holder = start(['config', 'set', 'x', '--debug'], { cwd: on.folder, env: SIMPLE })
  await holder.says('read ')
  holder.child.kill('SIGKILL')
  await holder.ended
  expect(readdirSync(on.folder).toSorted()).toEqual(['Pulumi.dev.yaml', 'Pulumi.yaml'])
})
