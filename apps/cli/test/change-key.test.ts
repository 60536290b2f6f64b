import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KilledChange, whyNoStrace } from './support/killed-change.ts'
import { SIMPLE, simpleProject } from './support/project.ts'
import { type Ran, stackseal } from './support/stackseal.ts'

const ROTATE = ['stack', 'rotate', '--config-only']

function rotate(on: ReturnType<typeof simpleProject>, args: readonly string[], stdin?: string): Promise<Ran> {
  return stackseal([...ROTATE, ...args], {
    cwd: on.folder,
    env: { ...SIMPLE, HOME: on.folder },
    ...(stdin === undefined ? {} : { stdin }),
  })
}

test('an empty standard input never makes an empty passphrase', async () => {
  const on = simpleProject()
  const before = on.text()
  for (const args of [[], ['--new-passphrase-stdin']]) {
    const { exit, stderr } = await rotate(on, args, '')
    expect(exit).not.toBe(0)
    expect(stderr).toContain('new passphrase')
    expect(stderr).toContain('was not changed')
    expect(on.text()).toBe(before)
  }
})

test('an empty new passphrase is an error, unless it is allowed', async () => {
  const on = simpleProject()
  const before = on.text()
  const file = join(on.folder, 'empty.txt')
  writeFileSync(file, ' \n')
  expect(await rotate(on, ['--new-passphrase-file', file])).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('--allow-empty-passphrase') as string,
  })
  expect(on.text()).toBe(before)
  expect((await rotate(on, ['--new-passphrase-file', file, '--allow-empty-passphrase'])).exit).toBe(0)
  const read = await stackseal(['config', 'get', 'password'], {
    cwd: on.folder,
    env: { ...SIMPLE, PULUMI_CONFIG_PASSPHRASE: '' },
  })
  expect(read.exit).toBe(0)
})

test('a reader and doctor tell of an interrupted change, and change nothing', async (context) => {
  const reason = whyNoStrace()
  if (reason !== undefined) context.skip(`no call can be tampered with: ${reason}`)
  const change = await KilledChange.with(2)
  await change.leftHalf()
  const before = [readFileSync(change.file, 'utf8'), readFileSync(change.state, 'utf8')]
  expect((await change.command(['config'])).stderr).toContain('"stackseal stack recover" finishes it')
  const doctor = await change.command(['doctor'])
  expect(doctor.stdout).toContain('has not ended and waits to be finished')
  expect(doctor.stdout).toContain('run: stackseal stack recover')
  expect([readFileSync(change.file, 'utf8'), readFileSync(change.state, 'utf8')]).toEqual(before)
  expect(await change.next(['stack', 'recover'])).toMatchObject({ between: true, exit: 0, key: 'new', leftovers: [] })
  change.remove()
})
