import { recoverStack } from '@stackseal/stack'
import type { Resolution } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Flags, Invocation } from '../command.ts'
import { stackOptions } from '../stack-options.ts'
import { usageError } from '../usage-error.ts'

const OUTCOMES = {
  finished: 'Finished',
  undone: 'Cleared away, as it had changed nothing yet,',
  abandoned: 'Abandoned, leaving the files as they are,',
} as const

/** Finishes a change of the stack's key that was interrupted. */
export async function run(invocation: Invocation): Promise<void> {
  const {
    arguments: [name],
    flags,
    options,
    terminal,
  } = invocation
  const { registry: _, ...stack } = stackOptions(invocation, 'stack recover')
  const finished = await recoverStack({
    ...stack,
    ...(name === undefined ? {} : { stack: name }),
    resolution: resolutionOf(flags),
  })
  if (options.json) {
    const answer = {
      outcome: finished?.outcome ?? 'nothing to do',
      command: finished?.record.command ?? null,
      kept: finished?.kept ?? [],
      left: finished?.left ?? [],
    }
    terminal.out(`${JSON.stringify(answer, undefined, 2)}\n`)
    return
  }
  if (finished === undefined) {
    terminal.say('There is nothing to recover: no change of this stack was interrupted')
    return
  }
  const { outcome, record, kept, left } = finished
  terminal.say(`${OUTCOMES[outcome]} the interrupted "${record.command}" of stack ${record.stack} (${record.time})`)
  for (const { path, keptAs } of kept) {
    terminal.warn(`${basename(path)} held something else, which is kept in ${keptAs}`)
  }
  for (const path of left) terminal.warn(`${basename(path)} holds something else by now, and keeps the key that it has`)
}

function resolutionOf(flags: Flags): Resolution {
  const [force, abandon] = [flags.on('force'), flags.on('abandon')]
  if (force && abandon) throw usageError('--force and --abandon exclude each other', 'take one of them')
  if (force) return 'force'
  return abandon ? 'abandon' : 'refuse'
}
