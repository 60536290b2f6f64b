import { Envelope, isStacksealError, type KeyUrl, type SealedKey } from '@stackseal/core'

import { type KeyWorld, providerContext } from '../stack-key.ts'
import type { StackPlace } from '../stack-place.ts'
import { type ChangeInputs, isSameKey } from './change-inputs.ts'
import { newKeyError, newKeyWorld, type NewPassphraseOptions } from './new-passphrase.ts'

interface AlreadyMovedOptions extends KeyWorld, NewPassphraseOptions {
  readonly dryRun?: boolean | undefined
}

/**
 * Whether a change has nothing to do: file and state name the same sealed key, under the key URL that is wanted. Nothing of
 * that tells one passphrase from another; there the new one has to open it.
 * @param to undefined for a new data key under the key that the stack has, which is done only where a passphrase is new
 */
export async function isAlreadyMoved(
  inputs: ChangeInputs,
  to: KeyUrl | undefined,
  options: AlreadyMovedOptions,
  place: StackPlace,
): Promise<boolean> {
  const { sealedKey } = inputs.file
  if (sealedKey === undefined || !isStateUnder(inputs, sealedKey)) return false
  if (sealedKey.url.scheme !== 'passphrase') return sealedKey.url.text === to?.text
  return (to === undefined || to.scheme === 'passphrase') && opensWithNewPassphrase(sealedKey, options, place)
}

function isStateUnder({ state }: ChangeInputs, sealedKey: SealedKey): boolean {
  if (state === undefined || !state.parsed.hasDeployment) return true
  const { provider, slots } = state.parsed
  if (provider === undefined) return slots.length === 0
  return 'sealedKey' in provider && isSameKey(provider.sealedKey, sealedKey)
}

async function opensWithNewPassphrase(
  sealedKey: SealedKey,
  options: AlreadyMovedOptions,
  place: StackPlace,
): Promise<boolean> {
  const { env, ask } = newKeyWorld(sealedKey.url, options, options)
  let { PULUMI_CONFIG_PASSPHRASE: text } = env
  const isGiven = text !== undefined || Boolean(env['PULUMI_CONFIG_PASSPHRASE_FILE'])
  // A dry run asks nobody for a passphrase that it makes no key with.
  if (!isGiven && options.dryRun === true) return false
  if (!isGiven) text = await ask?.({ text: NEW, confirm: 'The same passphrase again', secret: true })
  const world = { ...options, env: { ...env, PULUMI_CONFIG_PASSPHRASE: text }, ask: undefined }
  const context = providerContext(world, place.file)
  const open = (): Promise<Envelope> => Envelope.open(sealedKey, options.registry, context)
  try {
    await (options.openedKeys?.open(sealedKey, 'new passphrase', open) ?? open())
    return true
  } catch (error) {
    if (isStacksealError(error) && error.code === 'ERR_WRONG_PASSPHRASE') return false
    throw newKeyError(error)
  }
}

const NEW = 'New passphrase, which will protect the secrets of these stacks'
