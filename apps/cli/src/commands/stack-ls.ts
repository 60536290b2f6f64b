import { type ListedStack, listProjectStacks } from '@stackseal/stack'
import type { Invocation } from '../command.ts'

/** Lists the stacks of the project. */
export async function run({ options, terminal, env, trace }: Invocation): Promise<void> {
  const { project, stacks } = await listProjectStacks({ cwd: options.cwd, env })
  trace(`read ${project.file}`)
  if (options.json) {
    terminal.out(`${JSON.stringify(stacks, undefined, 2)}\n`)
    return
  }
  terminal.out(['NAME', ...stacks.map(line), ''].join('\n'))
}

/** The name, with a star where it is the selected one, and which half is missing. */
function line({ name, current, hasFile, hasState }: ListedStack): string {
  const shown = current ? `${name}*` : name
  if (!hasFile) return `${shown}  (no stack file)`
  return hasState === false ? `${shown}  (no state)` : shown
}
