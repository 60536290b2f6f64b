import type { Envelope } from '@stackseal/core'
import { createStackKey, openStackFile } from '@stackseal/stack'
import type { KeyPlace } from '@stackseal/stack'
import type { Invocation } from './command.ts'
import { stackOptions } from './stack-options.ts'
import { usageError } from './usage-error.ts'

/**
 * The key that flags name for a state to be: that of a stack file, or a new one; undefined where neither is there.
 * STACKSEAL_NEW_PASSPHRASE and STACKSEAL_NEW_PASSPHRASE_FILE give its passphrase where that is another one.
 * @throws ERR_USAGE for both flags, ERR_KEY_NOT_PROVEN, and what the provider throws
 */
export async function newStateKey(
  invocation: Invocation,
  command: string,
  place: KeyPlace,
): Promise<Envelope | undefined> {
  const { flags, trace } = invocation
  const file = flags.text('to-stack-file')
  const url = flags.text('to')
  if (file !== undefined && url !== undefined) {
    throw usageError('--to-stack-file and --to both name a key', 'take one of them')
  }
  const options = { ...stackOptions(invocation, command), env: newKeyEnv(invocation.env) }
  if (url !== undefined) {
    refuseEmptyPassphrase(invocation.env)
    trace('making a data key')
    return createStackKey(url, options, place)
  }
  if (file === undefined) return undefined
  const stack = await openStackFile(file, options)
  trace(`read ${stack.file}`)
  const envelope = await stack.open()
  await stack.proveKey(envelope)
  return envelope
}

/** A variable that was meant to hold a passphrase, and holds nothing, makes no key that opens with nothing. */
function refuseEmptyPassphrase({ STACKSEAL_NEW_PASSPHRASE: passphrase }: Invocation['env']): void {
  if (passphrase !== '') return
  throw usageError(
    'the new passphrase is empty',
    'give STACKSEAL_NEW_PASSPHRASE a passphrase, or unset it; where an empty one is meant, make a stack file with it and name that with --to-stack-file',
  )
}

/** The environment as the new key sees it. */
function newKeyEnv(env: Invocation['env']): Invocation['env'] {
  const { STACKSEAL_NEW_PASSPHRASE: passphrase, STACKSEAL_NEW_PASSPHRASE_FILE: file } = env
  if (passphrase === undefined && (file === undefined || file === '')) return env
  return { ...env, PULUMI_CONFIG_PASSPHRASE: passphrase, PULUMI_CONFIG_PASSPHRASE_FILE: file }
}
