import { sealStateStream, sealStateUnderOwnKey } from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { newStateKey } from '../new-state-key.ts'
import { Progress } from '../progress.ts'
import { stateInput } from '../state-input.ts'
import { keyOpener } from '../state-key.ts'
import { writeState } from '../state-output.ts'

const COMMAND = 'state seal'

/** Encrypts the secrets of a state that stand in clear. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation
  const input = await stateInput(invocation, invocation.arguments[0])
  const to = await newStateKey(invocation, COMMAND, input)
  const progress = new Progress(invocation.terminal, { what: 'sealing', size: input.size })
  const source = input.pieces(progress.bytes)
  const pieces =
    to === undefined
      ? sealStateUnderOwnKey(source, { open: keyOpener(invocation, COMMAND, input), progress: progress.secrets })
      : sealStateStream(source, { to, progress: progress.secrets })
  await writeState(invocation, pieces, { file: flags.text('output'), secret: false, command: COMMAND })
  progress.end()
}
