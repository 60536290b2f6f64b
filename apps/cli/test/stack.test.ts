import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { folder } from './support/stackseal.ts'
import type { Ran } from './support/stackseal.ts'

const PASSPHRASE = { PULUMI_CONFIG_PASSPHRASE: 'a passphrase' }

/** An empty folder and a home that is used by every command of a test. */
function place(): { readonly cwd: string; readonly run: (...args: string[]) => Promise<Ran> } {
  const cwd = folder('stack')
  const env = { ...PASSPHRASE, PULUMI_HOME: folder('pulumi-home') }
  return { cwd, run: (...args) => inProcess(args, { cwd, env }) }
}

describe('new', () => {
  test('makes a project and a stack that is selected and works', async () => {
    const { cwd, run } = place()
    const made = await run('new', '--name', 'shop', '-d', 'A shop', '--config', 'region=eu', '-c', 'aws:zone=a=b')
    expect({ ...made, stderr: '' }).toEqual({ exit: 0, stdout: '', stderr: '' })
    expect(made.stderr).toBe(`Created project shop with stack dev in ${cwd}\n`)
    expect(readFileSync(join(cwd, 'Pulumi.yaml'), 'utf8')).toBe('name: shop\nruntime: yaml\ndescription: A shop\n')
    expect(readFileSync(join(cwd, 'Pulumi.dev.yaml'), 'utf8')).toMatch(
      /^encryptionsalt: v1:\S+\nconfig:\n {2}aws:zone: a=b\n {2}shop:region: eu\n$/,
    )
    expect((await run('config', 'set', '--secret', 'x', 'v')).exit).toBe(0)
    expect((await run('config', 'get', 'x')).stdout).toBe('v\n')
  })

  test('makes the folder, and takes its name', async () => {
    const { cwd, run } = place()
    expect((await run('new', '--dir', 'my shop', '--stack', 'prod')).exit).toBe(0)
    expect(readFileSync(join(cwd, 'my shop', 'Pulumi.yaml'), 'utf8')).toBe('name: my-shop\nruntime: yaml\n')
    expect(existsSync(join(cwd, 'my shop', 'Pulumi.prod.yaml'))).toBe(true)
  })

  test('leaves an existing project alone', async () => {
    const { cwd, run } = place()
    writeFileSync(join(cwd, 'Pulumi.yaml'), 'name: old\nruntime: yaml\n')
    const { exit, stderr } = await run('new', '--name', 'shop')
    expect(stderr).toContain('(ERR_ALREADY_EXISTS)')
    expect(stderr).toContain('Pulumi.yaml was not changed\n')
    expect(exit).toBe(2)
    expect(readdirSync(cwd)).toEqual(['Pulumi.yaml'])
  })

  test.each([
    [['typescript'], 'templates are not offered (ERR_USAGE)'],
    [['--name', 'a/b'], 'ERR_INVALID_NAME'],
    [['--config', 'nothing'], '--config is not KEY=VALUE (ERR_USAGE)'],
    [['--config', '=v'], '--config is not KEY=VALUE (ERR_USAGE)'],
    [['--secrets-provider', 'foo://x'], 'ERR_UNKNOWN_PROVIDER'],
  ])('%j is refused, and nothing is made', async (args, told) => {
    const { cwd, run } = place()
    const { exit, stderr } = await run('new', ...args)
    expect(stderr).toContain(told)
    expect(exit).toBe(2)
    expect(readdirSync(cwd)).toEqual([])
  })
})

describe('stack', () => {
  test('init makes and selects stacks, ls lists them, select chooses one', async () => {
    const { cwd, run } = place()
    writeFileSync(join(cwd, 'Pulumi.yaml'), 'name: shop\nruntime: yaml\n')
    const made = await run('stack', 'init', 'dev')
    expect(made.stderr).toBe(
      'Created stack dev (Pulumi.dev.yaml)\n  hint: for Pulumi, "pulumi stack init dev" takes it over and keeps the file\n',
    )
    expect((await run('stack', 'init', 'prod', '--no-select', '--quiet')).stderr).toBe('')
    expect(await run('stack', 'ls')).toEqual({ exit: 0, stdout: 'NAME\ndev*\nprod\n', stderr: '' })
    expect(await run('stack', 'select', 'prod')).toEqual({ exit: 0, stdout: '', stderr: '' })
    const listed = await run('stack', 'ls', '--json')
    expect(JSON.parse(listed.stdout)).toEqual([
      { name: 'dev', current: false },
      { name: 'prod', current: true },
    ])
    expect((await run('config')).exit).toBe(0)
  })

  test('init with the word default says what that is', async () => {
    const { cwd, run } = place()
    writeFileSync(join(cwd, 'Pulumi.yaml'), 'name: shop\nruntime: yaml\n')
    const { stderr } = await run('stack', 'init', '-s', 'dev', '--secrets-provider', 'default')
    expect(stderr).toMatch(/^the default secrets provider is a passphrase\nCreated stack dev/)
  })

  test.each([
    [['stack', 'init'], 2, 'stack init needs <name> (ERR_USAGE)'],
    [['stack', 'init', 'a', '-s', 'b'], 2, 'the stack is named twice'],
    [['stack', 'init', 'a b'], 2, 'ERR_INVALID_NAME'],
    [['stack', 'init', 'here'], 2, 'ERR_ALREADY_EXISTS'],
    [['stack', 'select'], 2, 'stack select needs <name> (ERR_USAGE)'],
    [['stack', 'select', 'gone'], 3, 'project shop has no stack gone (ERR_STACK_NOT_FOUND)\n  hint: there are: here'],
  ])('%j is refused', async (args, number, told) => {
    const { cwd, run } = place()
    writeFileSync(join(cwd, 'Pulumi.yaml'), 'name: shop\nruntime: yaml\n')
    const file = 'encryptionsalt: v1:BtT8aIcgjS4=:v1:UjzmJoToPpNnNrwG:BgMYsOGf/6y6Hy39QvI61qRGTVog0A==\n'
    writeFileSync(join(cwd, 'Pulumi.here.yaml'), file)
    const { exit, stderr } = await run(...args)
    expect(stderr).toContain(told)
    expect(exit).toBe(number)
    expect(readFileSync(join(cwd, 'Pulumi.here.yaml'), 'utf8')).toBe(file)
  })

  test('without a stack there is a hint', async () => {
    const { cwd, run } = place()
    writeFileSync(join(cwd, 'Pulumi.yaml'), 'name: shop\nruntime: yaml\n')
    const { exit, stderr } = await run('config')
    expect(stderr).toContain('(ERR_NO_STACK)\n  hint: make one with "stackseal stack init')
    expect(exit).toBe(2)
  })
})
