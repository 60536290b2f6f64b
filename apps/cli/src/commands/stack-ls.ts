import { findProject, listStacks, nodeFileSystem, selectedStack } from '@stackseal/stack'
import type { Invocation } from '../command.ts'

/** Lists the stacks of the project. */
export async function run({ options, terminal, env, trace }: Invocation): Promise<void> {
  const project = await findProject(nodeFileSystem, options.cwd)
  trace(`read ${project.file}`)
  const selected = selectedStack(nodeFileSystem, project, env)
  const stacks = listStacks(nodeFileSystem, project).map((name) => ({ name, current: name === selected }))
  if (options.json) {
    terminal.out(`${JSON.stringify(stacks, undefined, 2)}\n`)
    return
  }
  terminal.out(['NAME', ...stacks.map(({ name, current }) => (current ? `${name}*` : name)), ''].join('\n'))
}
