import { rotateStack } from '@stackseal/stack'
import { changedKey } from '../changed-key.ts'
import type { Invocation } from '../command.ts'
import { newPassphraseOptions } from '../new-passphrase.ts'
import { stackOptions } from '../stack-options.ts'

const COMMAND = 'stack rotate'

/** Moves every secret of the stack to a new data key, under the secrets provider that it has. */
export async function run(invocation: Invocation): Promise<void> {
  const {
    arguments: [name],
    flags,
  } = invocation
  const passphrase = await newPassphraseOptions(invocation)
  await changedKey(invocation, () =>
    rotateStack({
      ...stackOptions(invocation, COMMAND),
      ...(name === undefined ? {} : { stack: name }),
      ...passphrase,
      configOnly: flags.on('config-only'),
      includeHistory: flags.on('include-history'),
      dryRun: flags.on('dry-run'),
    }),
  )
}
