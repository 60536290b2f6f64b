import { rekeyState } from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { newStateKey } from '../new-state-key.ts'
import { Progress } from '../progress.ts'
import { stateInput } from '../state-input.ts'
import { keyOpener } from '../state-key.ts'
import { writeState } from '../state-output.ts'
import { stateSpool } from '../state-spool.ts'
import { usageError } from '../usage-error.ts'

const COMMAND = 'state rekey'

/** Moves every secret of a state to another key. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation
  const input = await stateInput(invocation, invocation.arguments[0])
  const to = await newStateKey(invocation, COMMAND, input)
  if (to === undefined) {
    throw usageError('state rekey needs a new key', 'name it with --to-stack-file FILE or --to URL')
  }
  const open = keyOpener(invocation, COMMAND, input)
  const progress = new Progress(invocation.terminal, { what: 're-keying', size: input.size })
  const pieces = rekeyState(input.pieces(progress.bytes), { open, to, spool: stateSpool, progress: progress.secrets })
  await writeState(invocation, pieces, { file: flags.text('output'), secret: false, command: COMMAND })
  progress.end()
}
