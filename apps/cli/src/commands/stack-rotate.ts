import { rotateStack } from '@stackseal/stack'
import { changedKey } from '../changed-key.ts'
import type { Invocation } from '../command.ts'
import { newPassphraseOptions } from '../new-passphrase.ts'
import { meansFiles } from '../stack-files.ts'
import { stackOptions } from '../stack-options.ts'

const COMMAND = 'stack rotate'
// Only a new passphrase tells that a stack was rotated: another run gives any other stack another data key.
const AGAIN =
  'run it again for those that are left, when the cause is gone; on a new passphrase, what is done is passed over'

/** Moves every secret of the stack, or of many, to a new data key, under the secrets provider that it has. */
export async function run(invocation: Invocation): Promise<number | void> {
  const { arguments: args, flags, options } = invocation
  const [name] = args
  const change = {
    ...(await newPassphraseOptions(invocation)),
    configOnly: flags.on('config-only'),
    includeHistory: flags.on('include-history'),
    dryRun: flags.on('dry-run'),
  }
  if (args.length > 1 || (name !== undefined && (await meansFiles(name, options.cwd)))) {
    const { changedKeys } = await import('../changed-keys.ts')
    return changedKeys(invocation, COMMAND, args, (shared) => rotateStack({ ...shared, ...change }), AGAIN)
  }
  const stack = name === undefined ? {} : { stack: name }
  await changedKey(invocation, () => rotateStack({ ...stackOptions(invocation, COMMAND), ...stack, ...change }))
}
