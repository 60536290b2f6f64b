import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { folderState } from './support/folder-state.ts'
import { vectorStacks } from './support/stack-vectors.ts'
import type { VectorStack } from './support/stack-vectors.ts'
import { folder, stacksealBytes } from './support/stackseal.ts'
import type { RanBytes } from './support/stackseal.ts'

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

/** Runs a command on a stack in a folder of its own; gives what it printed, and whether it touched nothing. */
async function listed(stack: VectorStack, command: string): Promise<RanBytes & { readonly untouched: boolean }> {
  const cwd = laidOut(stack)
  const before = folderState(cwd)
  // What is not shown needs no passphrase.
  const env = { PULUMI_STACK: stack.stack, ...(command.includes('--show-secrets') ? stack.env : {}) }
  const ran = await stacksealBytes(command.split(' '), { cwd, env })
  return { ...ran, untouched: isDeepStrictEqual(folderState(cwd), before) }
}

test.each(STACKS)('$name is listed as the reference lists it, and nothing is touched', async (stack) => {
  const wanted = new Map([
    ['config --show-secrets --json', stack.shownJson],
    ['config --json', stack.json],
    ...(stack.shownTable === undefined ? [] : [['config --show-secrets', stack.shownTable] as const]),
  ])
  const runs = await Promise.all(
    Array.from(wanted.keys(), async (command) => [command, await listed(stack, command)] as const),
  )
  for (const [command, { stdout, ...ran }] of runs) {
    expect(ran).toEqual({ exit: 0, stderr: '', untouched: true })
    expect([command, stdout.toString('latin1')]).toEqual([command, wanted.get(command)?.toString('latin1')])
  }
})
