import { StacksealError } from '@stackseal/core'
import { findProject, listProjectStacks, listStacks, nodeFileSystem, selectStack, stackName } from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { stackArgument } from '../stack-argument.ts'

/** Selects a stack of the project, for later commands and for Pulumi. */
export async function run(invocation: Invocation): Promise<void> {
  const { options, env, trace } = invocation
  const name = stackName(stackArgument(invocation, 'stack select'))
  const project = await findProject(nodeFileSystem, options.cwd)
  trace(`read ${project.file}`)
  const files = listStacks(nodeFileSystem, project)
  // The backend is asked only for a stack that has no file.
  const stacks = files.includes(name)
    ? files
    : (await listProjectStacks({ cwd: options.cwd, env })).stacks.map((stack) => stack.name)
  if (!stacks.includes(name)) {
    throw new StacksealError('ERR_STACK_NOT_FOUND', `project ${project.name} has no stack ${name}`, {
      hint: stacks.length === 0 ? `make it with "stackseal stack init ${name}"` : `there are: ${stacks.join(', ')}`,
      details: { stack: name },
    })
  }
  selectStack(nodeFileSystem, project, env, name)
}
