import { changeSecretsProvider } from '@stackseal/stack'
import { changedKey } from '../changed-key.ts'
import type { Invocation } from '../command.ts'
import { newPassphraseOptions } from '../new-passphrase.ts'
import { stackOptions } from '../stack-options.ts'
import { usageError } from '../usage-error.ts'

const COMMAND = 'stack change-secrets-provider'

/** Moves every secret of the stack, or of many, to a new data key under another secrets provider. */
export async function run(invocation: Invocation): Promise<number | void> {
  const { flags, terminal } = invocation
  const [secretsProvider, ...files] = invocation.arguments
  if (secretsProvider === undefined) throw usageError(`${COMMAND} needs <url>`, 'name a key URL, or passphrase')
  if (secretsProvider === 'default') terminal.say('the default secrets provider is a passphrase')
  const passphrase = await newPassphraseOptions(invocation)
  const change = {
    ...passphrase,
    secretsProvider,
    configOnly: flags.on('config-only'),
    includeHistory: flags.on('include-history'),
    dryRun: flags.on('dry-run'),
  }
  if (files.length > 0) {
    const { changedKeys } = await import('../changed-keys.ts')
    return changedKeys(invocation, COMMAND, files, (options) => changeSecretsProvider({ ...options, ...change }))
  }
  await changedKey(invocation, () => changeSecretsProvider({ ...stackOptions(invocation, COMMAND), ...change }))
}
