import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'

import { type Playground, PROJECT, PULUMI, ROOT, skipWithoutPulumi } from './playground.ts'
import { out, runCommand } from './run-command.ts'

const AUTOMATION = process.env['STACKSEAL_AUTOMATION'] ?? join(ROOT, '.cache/automation')
const CHILD = fileURLToPath(new URL('children/up.ts', import.meta.url))

/** Ends a test that has no Pulumi, or no library to drive it: in CI a failure, elsewhere one line. */
export function skipWithoutUp(context: TestContext): void {
  skipWithoutPulumi(context)
  if (existsSync(join(AUTOMATION, 'node_modules/@pulumi/pulumi'))) return
  const reason = `Pulumi's Automation API is not there (${AUTOMATION}): tools/interop/install-automation.ts installs it`
  if (process.env['CI'] !== undefined && process.env['CI'] !== '') throw new Error(reason)
  context.skip(reason)
}

export interface UpOptions {
  readonly stack?: string
  /** Configuration keys that the program reads as secrets. */
  readonly secrets?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** What a project has to say for the program of {@link upStack}: the program itself is the test's. */
export const UP_PROJECT: string = `name: ${PROJECT}\nruntime: nodejs\n`

/**
 * Deploys a stack as `pulumi up` does, with a program that reads secrets and puts them into inputs and outputs; a stack
 * that is missing is made. Gives what changed: `{ create: 2 }`, `{ same: 2 }`.
 */
export async function upStack(
  playground: Playground,
  folder: string,
  { stack = 'dev', secrets = [], env = {} }: UpOptions = {},
): Promise<Readonly<Record<string, number>>> {
  const order = { library: `${AUTOMATION}/`, project: PROJECT, stack, folder, secrets }
  const path = [dirname(PULUMI), dirname(process.execPath), playground.env['PATH'] ?? ''].join(delimiter)
  const printed = await out(
    runCommand(process.execPath, [CHILD], {
      cwd: folder,
      env: { ...playground.env, ...env, PATH: path },
      stdin: JSON.stringify(order),
    }),
  )
  return JSON.parse(printed) as Readonly<Record<string, number>>
}
