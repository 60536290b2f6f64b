import { isStacksealError, StacksealError } from '@stackseal/core'
import { resolve } from 'node:path'

import { namedBackend } from '../backend/find-backend.ts'
import { pulumiCarrier } from '../backend/pulumi-carrier.ts'
import { MAX_STATE_BYTES } from '../backend/file-backend.ts'
import type { CarriedState, CarrierLock } from '../backend/state-carrier.ts'
import type { Environment } from '../environment.ts'
import type { FileSystem } from '../files/file-system.ts'
import { sha256Hex } from '../files/hash.ts'
import { readBytes } from '../files/read-file.ts'
import { replaceFile } from '../files/replace-file.ts'
import { findProject } from '../project.ts'
import { carriedCondition, type CarriedTarget } from './carried-target.ts'
import type { FinishedChange, FinishOptions } from './finished-change.ts'

const WITHOUT_PULUMI =
  'run it where pulumi is installed, or "stackseal stack recover --abandon" leaves stack file and state as they are'

/**
 * Has the state of an interrupted change carried, where that is not done yet. Whatever the state is, nothing is done twice.
 * @param force imports also over a state that somebody changed meanwhile, which is kept beside the document
 * @throws ERR_CHANGED_MEANWHILE, ERR_BACKEND_NOT_REACHED, ERR_PULUMI_FAILED, ERR_LOCKED
 */
export async function finishCarried(
  fs: FileSystem,
  target: CarriedTarget,
  options: FinishOptions,
  force: boolean,
): Promise<FinishedChange['kept']> {
  await refuseOtherBackend(fs, target, options)
  const { stack, folder } = target
  const carrier = pulumiCarrier({
    fs,
    env: options.env,
    signal: options.signal,
    stack,
    folder,
    passphrase: () => passphraseOf(target, options),
    hint: WITHOUT_PULUMI,
  })
  using lock = await carrier.lock(options)
  const state = await lock.read()
  const condition = carriedCondition(target, state)
  if (condition === 'new') return []
  const bytes = readBytes(fs, target.document, MAX_STATE_BYTES)
  if (bytes === undefined || sha256Hex(bytes) !== target.after) {
    throw stuck(target, 'what was prepared for it is gone', '"stackseal stack recover --abandon" leaves it as it is')
  }
  if (condition === 'other' && !force) {
    throw stuck(
      target,
      'somebody else changed it meanwhile',
      '"stackseal stack recover --abandon" leaves it and the stack file as they are: then run the change again; "--force" imports what was prepared, without that change',
    )
  }
  if (state === undefined) throw stuck(target, 'it is gone', '"stackseal stack recover --abandon" leaves all as it is')
  const kept = condition === 'other' ? [keep(fs, target, state)] : []
  const after = await replaced(lock, bytes)
  if (carriedCondition(target, after) !== 'new') {
    throw stuck(target, 'it does not name the new key after that', 'look at it, then run the command again')
  }
  return kept
}

/** An import of the process that was killed may go on without it, and be done in between: then it needs no other. */
async function replaced(lock: CarrierLock, bytes: Uint8Array): Promise<CarriedState | undefined> {
  try {
    return await lock.replace(bytes)
  } catch (error) {
    if (isStacksealError(error) && error.code === 'ERR_CHANGED_MEANWHILE') return lock.read()
    throw error
  }
}

/** Another backend may have a stack of that name too. */
async function refuseOtherBackend(fs: FileSystem, target: CarriedTarget, { env }: FinishOptions): Promise<void> {
  const project = await findProject(fs, target.folder)
  const named = namedBackend(fs, project, env)
  if (sha256Hex(named.kind === 'named' ? named.url : '') === target.backend) return
  throw new StacksealError('ERR_BACKEND_NOT_REACHED', `the change of stack ${target.stack} began on another backend`, {
    hint: 'set PULUMI_BACKEND_URL, or log in, as it was then, and run the command again',
    details: { changed: false },
  })
}

/** The new passphrase: it has variables of its own; where they are not set, whoever goes on has it as the stack's. */
async function passphraseOf(
  target: CarriedTarget,
  { env, ask, cwd = target.folder }: FinishOptions,
): Promise<Environment> {
  if (!target.needsPassphrase) return {}
  const { STACKSEAL_NEW_PASSPHRASE: text, STACKSEAL_NEW_PASSPHRASE_FILE: file } = env
  if (text !== undefined) return { PULUMI_CONFIG_PASSPHRASE: text }
  if (file !== undefined && file !== '') return { PULUMI_CONFIG_PASSPHRASE_FILE: resolve(cwd, file) }
  if (ask !== undefined) {
    const question = { text: `New passphrase of stack ${target.stack}, under which its state is carried`, secret: true }
    return { PULUMI_CONFIG_PASSPHRASE: await ask(question) }
  }
  const { PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE } = env
  return { PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE }
}

function keep(
  fs: FileSystem,
  { document, stack }: CarriedTarget,
  { bytes }: CarriedState,
): FinishedChange['kept'][number] {
  const keptAs = `${document}.kept-${sha256Hex(bytes).slice(0, 16)}`
  const before = readBytes(fs, keptAs, MAX_STATE_BYTES)
  replaceFile(fs, keptAs, bytes, before, 0o600)
  return { path: `state of ${stack.slice(stack.lastIndexOf('/') + 1)}`, keptAs }
}

function stuck({ stack }: CarriedTarget, reason: string, hint: string): StacksealError {
  return new StacksealError('ERR_CHANGED_MEANWHILE', `the state of stack ${stack} can not be carried: ${reason}`, {
    hint,
  })
}
