import { type SealedKey, StacksealError } from '@stackseal/core'

import { type FileSystem, nodeFileSystem } from './files/file-system.ts'
import { aboutKey } from './noted-keys.ts'
import { findStack, type FindStackOptions, noSuchStack } from './stack-place.ts'
import { StackFile } from './stack-file.ts'
import { readStackText } from './stack-text.ts'
import { StateNotes } from './state-notes.ts'
import type { Environment } from './environment.ts'

/** A sealed key that somebody said is theirs. */
export interface TrustedKey {
  /** Real path of the stack file. */
  readonly file: string
  /** The key URL. */
  readonly url: string
}

export interface TrustOptions extends FindStackOptions {
  /** The file layer; Node's if not given. */
  readonly fileSystem?: FileSystem | undefined
}

/**
 * Trusts the sealed key of a stack as it stands now: secrets may be encrypted under it although nothing else proves it,
 * and a service that would open it with another key than the URL names may do so. Another sealed key in the same file
 * is not trusted.
 * @throws ERR_NO_SECRETS_PROVIDER where the file has no key, and what finding a stack throws
 */
export async function trustStack(options: TrustOptions): Promise<TrustedKey> {
  const fs = options.fileSystem ?? nodeFileSystem
  const { target, label, project, name } = await placeOf(fs, options)
  const read = await readStackText(fs, target)
  const sealedKey = read === undefined ? undefined : (await StackFile.parse(read.text, project.name, label)).sealedKey
  if (sealedKey === undefined) {
    throw new StacksealError('ERR_NO_SECRETS_PROVIDER', `stack ${name} has no key that could be trusted`, {
      hint: `give it one with "stackseal stack init ${name}"`,
      details: { file: label, changed: false },
    })
  }
  if (sealedKey.url.scheme === 'passphrase') {
    throw new StacksealError('ERR_USAGE', `stack ${name} is on a passphrase, which proves itself when it is typed`, {
      hint: 'there is nothing to trust',
      details: { file: label, changed: false },
    })
  }
  const trusted = { file: target, url: sealedKey.url.text }
  new StateNotes(fs, options.env, 'trusted-keys').write(aboutKey(target, sealedKey), { ...trusted })
  return trusted
}

/** Trusts no key of a stack any longer; gives how many were trusted. */
export async function distrustStack(options: TrustOptions): Promise<number> {
  const fs = options.fileSystem ?? nodeFileSystem
  const { target } = await placeOf(fs, options)
  return new StateNotes(fs, options.env, 'trusted-keys').remove(({ file }) => file === target)
}

/** Every sealed key that is trusted on this machine. */
export function trustedKeys(env: Environment, fs: FileSystem = nodeFileSystem): readonly TrustedKey[] {
  return new StateNotes(fs, env, 'trusted-keys').all().map(({ file = '', url = '' }) => ({ file, url }))
}

/** Whether exactly this sealed key of this file is trusted. */
export function isTrustedSealedKey(fs: FileSystem, env: Environment, stackFile: string, sealedKey: SealedKey): boolean {
  return new StateNotes(fs, env, 'trusted-keys').read(aboutKey(stackFile, sealedKey)) !== undefined
}

async function placeOf(fs: FileSystem, options: TrustOptions): Promise<Awaited<ReturnType<typeof findStack>>> {
  const place = await findStack(fs, options)
  if ((await readStackText(fs, place.target)) === undefined) throw noSuchStack(fs, place)
  return place
}
