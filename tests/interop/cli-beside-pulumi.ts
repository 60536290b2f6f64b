import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { type CliService, stage } from '../services/cli/cli-service.ts'
import { Playground, skipWithoutPulumi } from './playground.ts'
import { out } from './run-command.ts'

/** Tests that both command lines read and write each other's stacks on a key of a service, also after a re-wrap. */
export function testBesidePulumi(start: () => Promise<CliService>): void {
  let service: CliService
  let playground: Playground
  beforeAll(async () => {
    service = await start()
    playground = new Playground(service.env)
  })
  afterAll(async () => {
    playground[Symbol.dispose]()
    await service.stop()
  })

  test('Pulumi inits and sets; Stackseal reads, sets and re-wraps; Pulumi reads', async (context) => {
    skipWithoutPulumi(context)
    const cwd = playground.project('of-pulumi')
    const { keyUrl } = service
    const header = (): string =>
      /^encryptedkey: .*$/m.exec(readFileSync(join(cwd, 'Pulumi.dev.yaml'), 'utf8'))?.[0] ?? ''
    await out(playground.pulumi(cwd, ['stack', 'init', 'dev', '--secrets-provider', keyUrl]))
    await out(playground.pulumi(cwd, ['config', 'set', '--secret', 'a', 'of Pulumi']))
    const before = header()
    expect(await out(playground.stackseal(cwd, ['config', 'get', 'a']))).toBe('of Pulumi\n')
    await out(playground.stackseal(cwd, ['config', 'set', '--secret', 'b', 'of Stackseal']))
    await stage(service, 'rotate')
    await out(playground.stackseal(cwd, ['stack', 'rewrap']))
    expect(header()).not.toBe(before)
    expect(await out(playground.pulumi(cwd, ['config', 'get', 'a']))).toBe('of Pulumi\n')
    expect(await out(playground.pulumi(cwd, ['config', 'get', 'b']))).toBe('of Stackseal\n')
  })

  test('Stackseal inits and sets, and re-wraps to another key; Pulumi reads and sets; Stackseal reads', async (context) => {
    skipWithoutPulumi(context)
    const cwd = playground.project('of-stackseal', undefined, 'name: other\nruntime: yaml\n')
    const { keyUrl, otherKeyUrl } = service
    await out(playground.stackseal(cwd, ['stack', 'init', 'dev', '--secrets-provider', keyUrl]))
    await out(playground.stackseal(cwd, ['config', 'set', '--secret', 'a', 'of Stackseal']))
    await out(playground.stackseal(cwd, ['stack', 'rewrap', '--to', otherKeyUrl]))
    const made = readFileSync(join(cwd, 'Pulumi.dev.yaml'), 'utf8')
    await out(playground.pulumi(cwd, ['stack', 'select', 'dev']))
    expect(readFileSync(join(cwd, 'Pulumi.dev.yaml'), 'utf8')).toBe(made)
    expect(await out(playground.pulumi(cwd, ['config', 'get', 'a']))).toBe('of Stackseal\n')
    await out(playground.pulumi(cwd, ['config', 'set', '--secret', 'b', 'of Pulumi']))
    expect(await out(playground.stackseal(cwd, ['config', 'get', 'b']))).toBe('of Pulumi\n')
    expect(await out(playground.stackseal(cwd, ['verify']))).toContain('2 secrets open')
  })
}
