import { openStack, openStackFile } from '@stackseal/stack'
import type { OpenStackOptions, Stack } from '@stackseal/stack'
import type { Invocation } from './command.ts'
import type { Outcome } from './many-stacks.ts'
import { warnOfPendingChange } from './pending-change.ts'
import { stackOptions } from './stack-options.ts'

/** What a command does that looks at stacks. */
interface LookAtStacks<T> {
  readonly command: string
  /** For the bar: `checking`. */
  readonly what: string
  readonly openEarly: boolean
  /** `file` is undefined for the stack that is meant without naming a file. */
  readonly look: (stack: Stack, file: string | undefined) => Promise<T>
}

/** What became of the stacks; undefined in place of the files where none was named. */
export type Looked<T> = { readonly result: T } | { readonly outcomes: readonly Outcome<T>[] }

/**
 * Looks at the stack files, folders and patterns that a command was given; without any, at the stack of `-s`, of
 * PULUMI_STACK, or the selected one, of which every error is thrown.
 */
export async function lookAtStacks<T>(
  invocation: Invocation,
  { command, what, openEarly, look }: LookAtStacks<T>,
): Promise<Looked<T>> {
  const lookAt = async (opening: Promise<Stack>, file?: string): Promise<T> => {
    const stack = await opening
    warnOfPendingChange(stack, invocation)
    invocation.trace(`read ${stack.file}`)
    return look(stack, file)
  }
  const args = invocation.arguments
  if (args.length === 0) {
    return { result: await lookAt(openStack({ ...stackOptions(invocation, command), openEarly })) }
  }
  const { stackFiles } = await import('./stack-files.ts')
  const { workOnStacks } = await import('./many-stacks.ts')
  const outcomes = await workOnStacks(invocation, command, {
    what,
    files: await stackFiles(args, invocation.options.cwd),
    work: (file, options: OpenStackOptions) => lookAt(openStackFile(file, { ...options, openEarly }), file),
  })
  return { outcomes }
}
