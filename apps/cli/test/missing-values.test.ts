import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { project, SIMPLE, simpleProject } from './support/project.ts'
import type { TestProject } from './support/project.ts'

const ONE = `warning: empty has no value in Pulumi.dev.yaml; Pulumi takes it as "" now, and as null in a later version: set it to "" if that is meant\n`
const TWO = `warning: empty, other:nothing have no value in Pulumi.dev.yaml; Pulumi takes them as "" now, and as null in a later version: set them to "" if that is meant\n`

/** {@link simpleProject} with keys without a value, and a second stack. */
async function withoutValues(more: string): Promise<TestProject> {
  const on = simpleProject()
  writeFileSync(on.file, `${on.text().trimEnd()}\n${more}`)
  expect((await inProcess(['stack', 'init', 'prod', '--no-select'], { cwd: on.folder, env: SIMPLE })).exit).toBe(0)
  return on
}

describe('a key without a value is warned of where the reference warns', () => {
  test.each([
    [['config']],
    [['config', '--json']],
    [['config', '--show-secrets']],
    [['config', 'get', 'plain']],
    [['config', 'get', 'empty']],
    [['config', 'set', 'new', 'x']],
    [['config', 'set', '--secret', 'new', 'x']],
    [['config', 'set', 'empty', 'x']],
    [['config', 'set-all', '--plaintext', 'new=x']],
    [['config', 'rm', 'plain']],
    [['config', 'rm', 'empty']],
    [['config', 'rm-all', 'plain']],
    [['config', 'cp', '-d', 'prod']],
    [['config', 'cp', 'plain', '-d', 'prod']],
  ])('%j', async (args) => {
    const on = await withoutValues('  vec:empty:\n')
    const { exit, stderr } = await inProcess(args, { cwd: on.folder, env: SIMPLE })
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: ONE })
  })

  test.each([
    ['rotate', ['stack', 'rotate', '--config-only']],
    ['change-secrets-provider', ['stack', 'change-secrets-provider', 'passphrase', '--config-only', '--json']],
  ])('stack %s', async (_, args) => {
    const on = await withoutValues('  vec:empty:\n  vec:later: !secret x\n')
    const env = { ...SIMPLE, STACKSEAL_NEW_PASSPHRASE: 'another', HOME: on.folder }
    const { exit, stderr } = await inProcess(args, { cwd: on.folder, env })
    expect(exit).toBe(0)
    expect(stderr).toContain(ONE)
    expect(stderr).toMatch(/^warning: line \d+ of Pulumi\.dev\.yaml is marked !secret and stands there in plain text$/m)
  })

  test('several keys stand in one line, without the namespace of the project', async () => {
    const on = await withoutValues('  vec:empty: ~\n  other:nothing: null\n')
    expect((await inProcess(['config'], { cwd: on.folder, env: SIMPLE })).stderr).toBe(TWO)
  })

  test('an empty text and a null inside a value are values', async () => {
    const on = await withoutValues('  vec:empty: ""\n  vec:deep: {a: ~}\n')
    expect((await inProcess(['config'], { cwd: on.folder, env: SIMPLE })).stderr).toBe('')
  })

  test('the copy has the empty text, as that of the reference', async () => {
    const on = await withoutValues('  vec:empty:\n')
    await inProcess(['config', 'cp', 'empty', '-d', 'prod'], { cwd: on.folder, env: SIMPLE })
    const { stdout, stderr } = await inProcess(['config', 'get', 'empty', '-s', 'prod'], {
      cwd: on.folder,
      env: SIMPLE,
    })
    expect({ stdout, stderr }).toEqual({ stdout: '\n', stderr: '' })
  })
})

test('a JSON stack file has them too', async () => {
  const on = project('')
  const json = { encryptionsalt: /v1:\S+/.exec(simpleProject().text())?.[0], config: { 'vec:empty': null } }
  writeFileSync(join(on.folder, 'other.json'), JSON.stringify(json))
  const args = ['config', '-s', 'dev', '--config-file', 'other.json']
  const { stderr } = await inProcess(args, { cwd: on.folder, env: SIMPLE })
  expect(stderr).toBe(ONE.replace('Pulumi.dev.yaml', 'other.json'))
})
