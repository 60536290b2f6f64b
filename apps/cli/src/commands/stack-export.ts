import { decompressState, exportState, findStackState, readStackStatePieces, revealStateStream } from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { Progress } from '../progress.ts'
import { stackOptions } from '../stack-options.ts'
import { counted, interruptible } from '../state-input.ts'
import { keyOpener } from '../state-key.ts'
import { writeState } from '../state-output.ts'

const COMMAND = 'stack export'

/** Prints the state of a stack as the reference does. Without --show-secrets no key is opened. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, signal, terminal, trace } = invocation
  const showSecrets = flags.on('show-secrets')
  const place = await findStackState({
    ...stackOptions(invocation, COMMAND),
    pipe: showSecrets ? 'pulumi stack export | stackseal state reveal' : 'pulumi stack export',
  })
  const { file, size, pieces: packed } = readStackStatePieces(place)
  trace(`reading ${file}`)
  const progress = new Progress(terminal, { what: 'exporting', size })
  const stored = decompressState(counted(interruptible(packed, signal), progress.bytes))
  const open = keyOpener(invocation, COMMAND, { ...place.stack, label: `the state of ${place.stack.name}` })
  const pieces = exportState(showSecrets ? revealStateStream(stored, { open, progress: progress.secrets }) : stored)
  await writeState(invocation, pieces, { file: flags.text('file'), secret: showSecrets, command: COMMAND })
  progress.end()
}
