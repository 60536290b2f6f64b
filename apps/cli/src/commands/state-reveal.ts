import { revealStateStream } from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { Progress } from '../progress.ts'
import { stateInput } from '../state-input.ts'
import { keyOpener } from '../state-key.ts'
import { writeState } from '../state-output.ts'
import { stateSpool } from '../state-spool.ts'

const COMMAND = 'state reveal'

/** Shows every secret of a state in clear. */
export async function run(invocation: Invocation): Promise<void> {
  const input = await stateInput(invocation, invocation.arguments[0])
  const open = keyOpener(invocation, COMMAND, input)
  const progress = new Progress(invocation.terminal, { what: 'revealing', size: input.size })
  const pieces = revealStateStream(input.pieces(progress.bytes), {
    open,
    spool: stateSpool,
    progress: progress.secrets,
  })
  await writeState(invocation, pieces, { file: invocation.flags.text('output'), secret: true, command: COMMAND })
  progress.end()
}
