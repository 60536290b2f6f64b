import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderState } from './support/folder-state.ts'
import { vectorStacks } from './support/stack-vectors.ts'
import type { VectorStack } from './support/stack-vectors.ts'
import { folder, stacksealBytes } from './support/stackseal.ts'

// Those in cloud/ need key services; 13-legacy-files holds several forms of one file, one stack each.
const STACKS = vectorStacks(['bad', 'cloud', '13-legacy-files'])

/** The stack in a folder of its own, with every file of its story. */
function laidOut({ projectFile, stackFile, stack, beside }: VectorStack): string {
  const made = folder('vector')
  for (const [name, text] of Object.entries({
    'Pulumi.yaml': projectFile,
    [`Pulumi.${stack}.yaml`]: stackFile,
    ...beside,
  }))
    writeFileSync(join(made, name), text)
  return made
}

test('the stacks that the reference made are here', () => {
  expect(STACKS.length).toBeGreaterThanOrEqual(29)
})

describe.concurrent.each(STACKS.map((stack) => [stack.name, stack] as const))('%s', (_name, stack) => {
  const listings: readonly (readonly [string, Buffer])[] = [
    ['config --show-secrets --json', stack.shownJson],
    ...(stack.shownTable === undefined ? [] : [['config --show-secrets', stack.shownTable] as const]),
    ['config --json', stack.json],
  ]
  test.each(listings)('%s prints what the reference prints, and touches nothing', async (command, printed) => {
    const cwd = laidOut(stack)
    const before = folderState(cwd)
    // What is not shown needs no passphrase.
    const env = { PULUMI_STACK: stack.stack, ...(command.includes('--show-secrets') ? stack.env : {}) }
    const { exit, stdout, stderr } = await stacksealBytes(command.split(' '), { cwd, env })
    expect(stdout.toString('latin1')).toBe(printed.toString('latin1'))
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(folderState(cwd)).toEqual(before)
  })
})
