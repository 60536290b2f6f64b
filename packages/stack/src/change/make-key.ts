import { Envelope, type KeyUrl } from '@stackseal/core'
import { resolve } from 'node:path'

import type { Environment } from '../environment.ts'
import { type KeyWorld, providerContext } from '../stack-key.ts'
import type { StackPlace } from '../stack-place.ts'
import { newKeyError, newKeyWorld, type NewPassphraseOptions } from './new-passphrase.ts'

/** A new data key, which was seen to open. */
export interface MadeKey {
  readonly envelope: Envelope
  /** What another program needs to open it, beside its key service's own: the variables of the new passphrase. */
  passphrase(): Environment
}

export async function makeKey(
  to: KeyUrl,
  options: KeyWorld & NewPassphraseOptions,
  place: StackPlace,
): Promise<MadeKey> {
  const world = newKeyWorld(to, options, options)
  const { ask } = world
  let answer: string | undefined
  const remembering =
    ask === undefined ? {} : { ask: async (question: Parameters<typeof ask>[0]) => (answer = await ask(question)) }
  try {
    const context = providerContext({ ...options, ...world, ...remembering }, place.file)
    const envelope = await Envelope.create(to, options.registry, context)
    return {
      envelope,
      passphrase: () => (to.scheme === 'passphrase' ? passphraseOf(world.env, answer, options.cwd) : {}),
    }
  } catch (error) {
    throw newKeyError(error)
  }
}

function passphraseOf(env: Environment, answer: string | undefined, cwd: string): Environment {
  if (answer !== undefined) return { PULUMI_CONFIG_PASSPHRASE: answer }
  const { PULUMI_CONFIG_PASSPHRASE: text, PULUMI_CONFIG_PASSPHRASE_FILE: file } = env
  return {
    PULUMI_CONFIG_PASSPHRASE: text,
    PULUMI_CONFIG_PASSPHRASE_FILE: file === undefined || file === '' ? undefined : resolve(cwd, file),
  }
}
