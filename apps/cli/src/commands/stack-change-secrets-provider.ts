import { changeSecretsProvider } from '@stackseal/stack'
import { changedKey } from '../changed-key.ts'
import type { Invocation } from '../command.ts'
import { newPassphraseOptions } from '../new-passphrase.ts'
import { stackOptions } from '../stack-options.ts'
import { usageError } from '../usage-error.ts'

const COMMAND = 'stack change-secrets-provider'

/** Moves every secret of the stack to a new data key under another secrets provider. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation
  const [secretsProvider] = invocation.arguments
  if (secretsProvider === undefined) throw usageError(`${COMMAND} needs <url>`, 'name a key URL, or passphrase')
  if (secretsProvider === 'default') terminal.say('the default secrets provider is a passphrase')
  const passphrase = await newPassphraseOptions(invocation)
  await changedKey(invocation, () =>
    changeSecretsProvider({
      ...stackOptions(invocation, COMMAND),
      ...passphrase,
      secretsProvider,
      configOnly: flags.on('config-only'),
      includeHistory: flags.on('include-history'),
      dryRun: flags.on('dry-run'),
    }),
  )
}
