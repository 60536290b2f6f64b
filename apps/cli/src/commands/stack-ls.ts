import { type ListedStack, listProjectStacks } from '@stackseal/stack'
import type { Invocation } from '../command.ts'

/** Lists the stacks of the project. */
export async function run({ options, terminal, env, trace }: Invocation): Promise<void> {
  const { project, stacks } = await listProjectStacks({ cwd: options.cwd, env })
  trace(`read ${project.file}`)
  if (options.json) {
    const shown = stacks.map((stack) => ({ name: stack.name, current: stack.current, missing: missingHalf(stack) }))
    terminal.out(`${JSON.stringify(shown, undefined, 2)}\n`)
    return
  }
  terminal.out(['NAME', ...stacks.map(line), ''].join('\n'))
}

/** Which half of the stack is known to be missing. */
function missingHalf({ hasFile, hasState }: ListedStack): 'file' | 'state' | undefined {
  if (!hasFile) return 'file'
  return hasState === false ? 'state' : undefined
}

const WORDS = { file: '  (no stack file)', state: '  (no state)' } as const

/** The name, with a star where it is the selected one, and which half is missing. */
function line(stack: ListedStack): string {
  const missing = missingHalf(stack)
  return `${stack.name}${stack.current ? '*' : ''}${missing === undefined ? '' : WORDS[missing]}`
}
