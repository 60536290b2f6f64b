import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderState } from './support/folder-state.ts'
import { inProcess } from './support/in-process.ts'
import { SIMPLE, simpleProject } from './support/project.ts'
import type { TestProject } from './support/project.ts'
import { folder } from './support/stackseal.ts'
import type { Ran } from './support/stackseal.ts'

const run = (line: string, on: TestProject): Promise<Ran> => inProcess(line.split(' '), { cwd: on.folder, env: SIMPLE })

function linked(): { readonly on: TestProject; readonly outside: TestProject } {
  const outside = simpleProject()
  const made = folder('linked')
  const file = join(made, 'Pulumi.dev.yaml')
  writeFileSync(join(made, 'Pulumi.yaml'), 'name: vec\nruntime: yaml\n')
  symlinkSync(outside.file, file)
  return { on: { folder: made, file, text: outside.text }, outside }
}

describe('a link that leaves the project is not followed (the reference follows it, and writes there)', () => {
  test.each([
    'config',
    'config get region',
    'config set region x',
    'config rm region',
    'verify',
    'inspect',
    'stack init dev',
  ])('%s', async (line) => {
    const { on, outside } = linked()
    const before = [folderState(on.folder), folderState(outside.folder)]
    const { exit, stdout, stderr } = await run(line, on)
    expect({ exit, stdout }).toEqual({ exit: 4, stdout: '' })
    expect(stderr).toContain('(ERR_LINK_NOT_FOLLOWED)')
    expect([folderState(on.folder), folderState(outside.folder)]).toEqual(before)
  })

  test('a folder that is a link out of the project neither', async () => {
    const outside = simpleProject()
    const made = folder('linked')
    writeFileSync(join(made, 'Pulumi.yaml'), 'name: vec\nruntime: yaml\nstackConfigDir: stacks\n')
    symlinkSync(outside.folder, join(made, 'stacks'))
    const { exit, stderr } = await run('config set region x', { ...outside, folder: made })
    expect(stderr).toContain('(ERR_LINK_NOT_FOLLOWED)')
    expect(exit).toBe(4)
    expect(outside.text()).toBe(simpleProject().text())
  })

  test('--follow-links follows it, and it stays a link', async () => {
    const { on, outside } = linked()
    expect(await run('config set region x --follow-links', on)).toMatchObject({ exit: 0, stderr: '' })
    expect(outside.text()).toBe(simpleProject().text().replace('eu-central-1', 'x'))
    expect(lstatSync(on.file).isSymbolicLink()).toBe(true)
  })

  test('one that stays inside the project is followed, and stays a link', async () => {
    const made = folder('linked')
    writeFileSync(join(made, 'Pulumi.yaml'), 'name: vec\nruntime: yaml\n')
    mkdirSync(join(made, 'stacks'))
    writeFileSync(join(made, 'stacks', 'dev.yaml'), simpleProject().text())
    const file = join(made, 'Pulumi.dev.yaml')
    symlinkSync('stacks/dev.yaml', file)
    const on = { folder: made, file, text: () => readFileSync(file, 'utf8') }
    expect(await run('config set region x', on)).toMatchObject({ exit: 0, stderr: '' })
    expect(on.text()).toBe(simpleProject().text().replace('eu-central-1', 'x'))
    expect(lstatSync(file).isSymbolicLink()).toBe(true)
  })
})
