import { displayConfigKey, findProject, listStacks, nodeFileSystem, openStack } from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { stackOptions } from '../stack-options.ts'

/** The stacks of the project. */
export async function stackNames({ options }: Invocation): Promise<readonly string[]> {
  return listStacks(nodeFileSystem, await findProject(nodeFileSystem, options.cwd))
}

/** The configuration keys of the stack, as `config` lists them. Its key is not opened. */
export async function configKeyNames(invocation: Invocation): Promise<readonly string[]> {
  const stack = await openStack(stackOptions(invocation, 'completion'))
  return stack.config.entries().map(({ key }) => displayConfigKey(key, stack.project.name))
}
