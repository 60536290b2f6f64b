import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Playground, PULUMI, skipWithoutPulumi } from './playground.ts'
import { out } from './run-command.ts'

const SETS: readonly (readonly string[])[] = [
  ['plain', 'x'],
  ['aws:region', 'eu-west-1'],
  ['html', '<a href="x">&</a>'],
  ['--path', 'o.list[0]', '5'],
  ['--path', 'o.list[1].k', 'true'],
  ['--path', 'o.a b', 'text'],
  ['--type', 'int', 'n', '42'],
  ['unicode', 'é🙂\u2028'],
  ['plain', 'y'],
]

function text(folder: string): string {
  return readFileSync(join(folder, 'Pulumi.dev.json'), 'utf8')
}

describe('a project with JSON files', () => {
  let playground: Playground

  beforeAll(() => {
    if (existsSync(PULUMI)) playground = new Playground()
  })
  afterAll(() => playground?.[Symbol.dispose]())

  test('is edited to the bytes that Pulumi writes, as long as the file is one of Pulumi', async (context) => {
    skipWithoutPulumi(context)
    const [ours, theirs] = [playground.jsonProject('ours'), playground.jsonProject('theirs')]
    await out(playground.pulumi(theirs, ['stack', 'init', 'dev']))
    playground.jsonProject('ours', text(theirs))
    for (const words of SETS) {
      await out(playground.pulumi(theirs, ['config', 'set', '-s', 'dev', ...words]))
      await out(playground.stackseal(ours, ['config', 'set', '-s', 'dev', ...words]))
      // Difference: a number right under its key becomes text when Pulumi saves the file once more.
      expect(text(ours).replace(': 42,', ': "42",')).toBe(text(theirs).replace(': 42,', ': "42",'))
    }
    for (const key of ['plain', 'o', 'html', 'aws:region', 'n', 'unicode']) {
      await out(playground.pulumi(theirs, ['config', 'rm', '-s', 'dev', key]))
      await out(playground.stackseal(ours, ['config', 'rm', '-s', 'dev', key]))
    }
    expect(text(ours)).toBe(text(theirs))
  })

  test('has its secrets read by each of the two that the other one wrote', async (context) => {
    skipWithoutPulumi(context)
    const folder = playground.jsonProject('secrets')
    await out(playground.stackseal(folder, ['stack', 'init', 'shared']))
    // With a backend that is a folder the stack is whole: Pulumi goes on with it as it is.
    await out(playground.stackseal(folder, ['config', 'set', '-s', 'shared', '--secret', 'ours'], 'from stackseal <&>'))
    await out(playground.pulumi(folder, ['config', 'set', '-s', 'shared', '--secret', 'theirs', 'from pulumi']))
    await out(playground.stackseal(folder, ['config', 'set', '-s', 'shared', '--secret', '--path', 'o.l[0]'], 'inner'))
    const listing = ['config', '-s', 'shared', '--show-secrets', '--json']
    const [ours, theirs] = [
      await out(playground.stackseal(folder, listing)),
      await out(playground.pulumi(folder, listing)),
    ]
    expect(ours).toBe(theirs)
    expect(Object.keys(JSON.parse(theirs) as object)).toEqual(['proj:o', 'proj:ours', 'proj:theirs'])
  })
})
