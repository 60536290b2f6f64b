import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Playground, PULUMI, skipWithoutPulumi } from './playground.ts'
import { out } from './run-command.ts'

const LISTING = ['config', '-s', 'dev', '--show-secrets', '--json']
const EDITS: readonly (readonly string[])[] = [
  ['config', 'set', '-s', 'dev', 'plain', 'other'],
  ['config', 'set', '-s', 'dev', '--path', 'o.list[0]', '5'],
  ['config', 'rm', '-s', 'dev', 'gone'],
]
const FORMS: readonly (readonly [name: string, block: string])[] = [
  ['a list', 'environment:\n  - shared/prod   # of the team\n  - base\n'],
  ['a list on one line', 'environment: [ shared/prod,base ]\n'],
  ['a definition', 'environment:\n    imports: [base]   # first\n    values:\n        pulumiConfig: {a: "1"}\n'],
]

const text = (folder: string): string => readFileSync(join(folder, 'Pulumi.dev.yaml'), 'utf8')

describe('a stack with environments of Pulumi ESC', () => {
  let playground: Playground

  beforeAll(() => {
    if (existsSync(PULUMI)) playground = new Playground()
  })
  afterAll(() => playground?.[Symbol.dispose]())

  test.for(FORMS)(
    '%s is kept by every edit, and the rest is read the same by Pulumi',
    async ([name, block], context) => {
      skipWithoutPulumi(context)
      const [ours, theirs] = [playground.project(`${name}-ours`), playground.project(`${name}-theirs`)]
      await out(playground.pulumi(theirs, ['stack', 'init', 'dev']))
      for (const words of [
        ['plain', 'x'],
        ['gone', 'y'],
        ['--secret', 'password', 'hunter2'],
      ]) {
        await out(playground.pulumi(theirs, ['config', 'set', '-s', 'dev', ...words]))
      }
      const before = block + text(theirs)
      for (const folder of [ours, theirs]) writeFileSync(join(folder, 'Pulumi.dev.yaml'), before)
      for (const edit of EDITS) {
        await out(playground.stackseal(ours, edit))
        await out(playground.pulumi(theirs, edit))
      }
      await out(playground.stackseal(ours, ['config', 'set', '-s', 'dev', '--secret', 'token', 'hunter3']))
      // Ours keeps each byte of it; Pulumi prints it anew.
      expect(text(ours).startsWith(block)).toBe(true)
      expect(text(theirs)).toContain('environment:')

      const listing = JSON.parse(await out(playground.stackseal(ours, LISTING))) as object
      // Without Pulumi Cloud the real one edits such a stack, and reads nothing of it.
      const refused = await playground.pulumi(ours, LISTING)
      expect(refused).toMatchObject({
        exit: expect.any(Number),
        stderr: expect.stringContaining('support environments'),
      })
      expect(refused.exit).not.toBe(0)
      writeFileSync(join(ours, 'Pulumi.dev.yaml'), text(ours).slice(block.length))
      expect(JSON.parse(await out(playground.pulumi(ours, LISTING)))).toEqual(listing)
      expect(Object.keys(listing).toSorted()).toEqual(['proj:o', 'proj:password', 'proj:plain', 'proj:token'])

      // And of what Pulumi wrote beside it Stackseal reads the same as of its own, but for the key set by one alone.
      const theirListing = JSON.parse(await out(playground.stackseal(theirs, LISTING))) as object
      expect({ ...theirListing, 'proj:token': expect.anything() as unknown }).toEqual(listing)
      await out(playground.pulumi(theirs, ['stack', 'rm', 'dev', '--yes', '--force', '--preserve-config']))
    },
  )
})
