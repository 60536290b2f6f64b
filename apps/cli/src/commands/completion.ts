import type { Invocation } from '../command.ts'
import { SHELLS } from '../completion/candidates.ts'
import { SCRIPTS } from '../completion/scripts.ts'
import { usageError } from '../usage-error.ts'

/** Prints the script that teaches a shell to complete command lines. */
export async function run({ arguments: [name], terminal }: Invocation): Promise<void> {
  const shell = SHELLS.find((each) => each === name)
  if (shell === undefined) throw usageError(`completion is there for ${SHELLS.join(', ')}`, 'name one of them')
  terminal.out(SCRIPTS[shell])
}
