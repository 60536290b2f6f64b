import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SIMPLE, simpleProject } from './support/project.ts'
import { folder, stackseal, start } from './support/stackseal.ts'

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

/** Has the program hold its lock for a second before it replaces the file. */
function slowRename(): string {
  const file = join(folder('slow'), 'slow.mjs')
  const lines = [
    "import fs from 'node:fs'",
    'const { renameSync } = fs',
    'fs.renameSync = (...paths) => {',
    "  process._rawDebug('renaming')",
    '  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500)',
    '  renameSync(...paths)',
    '}',
    '',
  ]
  writeFileSync(file, lines.join('\n'))
  return `--import=${file}`
}

test('while another process holds the lock: told who, after --lock-timeout; Ctrl-C ends the wait; later it goes on', async () => {
  const on = simpleProject()
  const holder = start(['config', 'set', 'a', '1'], { cwd: on.folder, env: SIMPLE, node: [slowRename()] })
  holder.child.stdin.end()
  await holder.says('renaming')
  const impatient = stackseal(['config', 'set', 'b', '2', '--lock-timeout', '0.2'], { cwd: on.folder, env: SIMPLE })
  const waiting = start(['config', 'set', 'c', '3', '--debug'], { cwd: on.folder, env: SIMPLE })
  const patient = stackseal(['config', 'set', 'd', '4'], { cwd: on.folder, env: SIMPLE })
  await waiting.says('read ')
  waiting.child.kill('SIGINT')

  const locked = await impatient
  expect(locked.stderr).toContain('(ERR_LOCKED)')
  expect(locked.stderr).toContain('Pulumi.dev.yaml was not changed')
  expect(locked.exit).toBe(5)
  expect((await waiting.ended).exit).toBe(130)
  expect((await holder.ended).exit).toBe(0)
  expect((await patient).exit).toBe(0)
  expect(on.text()).toMatch(/vec:a: "1"\n/)
  expect(on.text()).toMatch(/vec:d: "4"\n/)
  expect(on.text()).not.toMatch(/vec:[bc]:/)
  expect(readdirSync(on.folder).toSorted()).toEqual(['Pulumi.dev.yaml', 'Pulumi.yaml'])
})
