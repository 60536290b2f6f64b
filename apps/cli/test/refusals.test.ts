import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { folderState } from './support/folder-state.ts'
import { inProcess } from './support/in-process.ts'
import { SIMPLE, simpleProject } from './support/project.ts'
import { OTHERS, REMOVE, SET } from './support/refusals.ts'
import { folder, PROGRAM, stackseal } from './support/stackseal.ts'

const OTHER_USER = 65_534

// Every refusal of a command that writes ends with what was not changed, and nothing was.

describe.each([
  ['config set', SET],
  ['config rm', REMOVE],
  ['others', OTHERS],
])('%s', (_name, refusals) => {
  test.each(refusals)('$name: $line', async ({ line, exit, code, what = 'Pulumi.dev.yaml', prepare, env = SIMPLE }) => {
    const on = simpleProject()
    prepare?.(on)
    const home = folder('home')
    const before = folderState(on.folder)
    const ran = await inProcess(line.split(' '), { cwd: on.folder, env: { HOME: home, PULUMI_HOME: home, ...env } })
    expect({ exit: ran.exit, stdout: ran.stdout }).toEqual({ exit, stdout: '' })
    expect(ran.stderr).toContain(`(${code})`)
    expect(ran.stderr.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`^  (.*/)?${what} was not changed$`))
    expect(folderState(on.folder)).toEqual(before)
    expect(folderState(home)).toEqual({})
  })
})

// Root may write everywhere, so another user has to try.
test('a folder in which this user may not write: Pulumi.dev.yaml was not changed', async (context) => {
  if (process.getuid?.() !== 0) context.skip('only root can run a program as another user')
  const read = spawnSync(process.execPath, [PROGRAM, '--version'], { uid: OTHER_USER })
  if (read.status !== 0) context.skip('the program lies where another user can not read it')
  const on = simpleProject()
  chmodSync(on.folder, 0o755)
  chmodSync(on.file, 0o644)
  const before = folderState(on.folder)
  const ran = await stackseal(['config', 'set', 'a', 'x'], { cwd: on.folder, env: SIMPLE, uid: OTHER_USER })
  expect(ran.stderr).toContain('(ERR_IO)')
  expect(ran.stderr.trimEnd()).toMatch(/Pulumi\.dev\.yaml was not changed$/)
  expect(ran.exit).toBe(1)
  expect(folderState(on.folder)).toEqual(before)
})
