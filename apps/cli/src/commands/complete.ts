import { resolve } from 'node:path'
import { findCommand } from '../arguments.ts'
import { Flags } from '../command.ts'
import type { Invocation } from '../command.ts'
import { complete } from '../completion/candidates.ts'
import type { Completion, Names } from '../completion/candidates.ts'
import { GLOBAL_FLAGS, globalOptions } from '../global-flags.ts'

// What would be taken for another candidate, or would move the cursor.
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

/**
 * Prints what can stand at the cursor, for the scripts of `completion`: a first line `:words`, `:files` or `:folders`,
 * then one candidate a line, with a tab and a few words about it. Opens no key and loads no provider; whatever goes wrong
 * means that there is nothing to complete.
 */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, commands, terminal } = invocation
  const all = flags.on('new-word') ? [...invocation.arguments, ''] : invocation.arguments
  const words = all.slice(0, -1)
  const completion = await complete(words, all.at(-1) ?? '', commands, GLOBAL_FLAGS, namesOf(words, invocation))
  terminal.out(textOf(completion))
}

function textOf({
  candidates,
  paths = 'words',
}: {
  readonly candidates: Completion['candidates']
  readonly paths?: string
}): string {
  const lines = candidates
    .filter(({ text }) => !UNFIT.test(text))
    .map(({ text, about }) => (about === undefined ? text : `${text}\t${about}`))
  return [`:${paths}`, ...lines, ''].join('\n')
}

/** Names of the project and the stack that the words so far mean. */
function namesOf(words: readonly string[], invocation: Invocation): Names {
  const { tokens } = findCommand(words, invocation.commands, GLOBAL_FLAGS)
  const given = new Map(tokens.flags.map(({ name, value }) => [name, value ?? 'true']))
  given.set('cwd', resolve(invocation.options.cwd, given.get('cwd') ?? '.'))
  const flags = new Flags(new Map(Array.from(given, ([name, value]) => [name, [value]])))
  const meant = (): Invocation => ({ ...invocation, flags, options: globalOptions(flags, invocation.env) })
  return {
    stacks: () => orNothing(async () => (await import('../completion/names.ts')).stackNames(meant())),
    configKeys: () => orNothing(async () => (await import('../completion/names.ts')).configKeyNames(meant())),
  }
}

async function orNothing(look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await look()
  } catch {
    return [] // no project, no stack, a file that can not be read: then there is nothing to complete
  }
}
