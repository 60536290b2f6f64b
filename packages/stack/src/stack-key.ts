import {
  Envelope,
  isStacksealError,
  type KeyUrl,
  parseKeyUrl,
  type ProviderContext,
  type Registry,
  type SealedKey,
  StacksealError,
} from '@stackseal/core'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { type FileSystem, nodeFileSystem } from './files/file-system.ts'
import type { OpenedKeys } from './opened-keys.ts'
import { isTrustedSealedKey } from './trusted-keys.ts'

/** The world in which a stack's key is opened. */
export interface KeyWorld {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal | undefined
  readonly ask?: ProviderContext['ask'] | undefined
  readonly tell?: ProviderContext['tell'] | undefined
  readonly registry: Registry
  readonly fileSystem?: FileSystem | undefined
  /** What was opened before, for a command that works on many stacks. */
  readonly openedKeys?: OpenedKeys | undefined
}

/** The document that names a sealed key. */
export interface KeyPlace {
  /** Absolute: relative paths in the key URL begin at its folder. */
  readonly file: string
  /** The file behind any link, by which keys are trusted. */
  readonly target: string
  /** The document's name for messages. */
  readonly label: string
}

/** A sealed key, the key URL through which it is to be opened in this run, and the provider's world. */
export interface Opening {
  /** As it is in the file, but for the URL where PULUMI_CLOUD_SECRET_OVERRIDE says so. */
  readonly sealedKey: SealedKey
  readonly context: ProviderContext
  readonly isOverridden: boolean
}

const OVERRIDE = 'PULUMI_CLOUD_SECRET_OVERRIDE'

/**
 * How a stack's sealed key is opened. PULUMI_CLOUD_SECRET_OVERRIDE names another URL for the same key, for this run;
 * the reference would make a fresh data key and store it. A sealed key that somebody trusts may be opened by any key.
 * @throws ERR_INVALID_KEY_URL for an override that is no key URL
 */
export function openingOf(sealedKey: SealedKey, world: KeyWorld, place: KeyPlace): Opening {
  const context = providerContext(world, place.file)
  if (sealedKey.url.scheme === 'passphrase') return { sealedKey, context, isOverridden: false }
  const url = overrideUrl(world.env)
  const fs = world.fileSystem ?? nodeFileSystem
  const anyKey = isTrustedSealedKey(fs, world.env, place.target, sealedKey)
  return {
    sealedKey: url === undefined ? sealedKey : { url, sealed: sealedKey.sealed },
    context: anyKey ? { ...context, env: { ...context.env, STACKSEAL_ANY_KEY: '1' } } : context,
    isOverridden: url !== undefined,
  }
}

/** What decides, beside the sealed key itself, whether it opens; for {@link OpenedKeys}. */
export function wayOf({ context }: Pick<Opening, 'context'>): string {
  return context.env['STACKSEAL_ANY_KEY'] ?? ''
}

function overrideUrl(env: KeyWorld['env']): KeyUrl | undefined {
  const text = env[OVERRIDE]
  if (text === undefined || text === '') return undefined
  try {
    return parseKeyUrl(text)
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw new StacksealError(error.code, `${OVERRIDE}: ${error.message}`, { hint: error.hint, details: error.details })
  }
}

/**
 * Opens the sealed key of a stack file or a state, and says in an error which document it was.
 * @throws what its provider throws
 */
export async function openStackKey(sealedKey: SealedKey, world: KeyWorld, place: KeyPlace): Promise<Envelope> {
  let through = ''
  try {
    const opening = openingOf(sealedKey, world, place)
    if (opening.isOverridden) through = ` through ${OVERRIDE}`
    const open = (): Promise<Envelope> => Envelope.open(opening.sealedKey, world.registry, opening.context)
    return await (world.openedKeys?.open(opening.sealedKey, wayOf(opening), open) ?? open())
  } catch (error) {
    throw keyOf(place, `does not open${through}`, error)
  }
}

/** An error about the data key of a document that says which document it is. */
export function keyOf(place: KeyPlace, what: string, error: unknown): unknown {
  if (!isStacksealError(error)) return error
  return new StacksealError(error.code, `the data key of ${place.label} ${what}: ${error.message}`, {
    hint: error.hint,
    details: { ...error.details, file: place.label },
    cause: error.cause,
  })
}

/**
 * The key URL that somebody names for a key to be: `passphrase` and `default` mean a passphrase, and a scheme is written
 * as the reference's command line takes it.
 * @throws ERR_INVALID_KEY_URL
 */
export function newKeyUrl(secretsProvider: string): KeyUrl {
  if (secretsProvider === 'passphrase' || secretsProvider === 'default') return parseKeyUrl('passphrase:')
  const url = parseKeyUrl(secretsProvider)
  // The reference opens a file that says AWSKMS: or secrets+awskms:, and its command line refuses to make one.
  const plain = url.scheme.replace(/^(?:secrets\+(?:keeper\+)?)+/, '')
  if (secretsProvider.startsWith(`${plain}:`)) return url
  throw new StacksealError('ERR_INVALID_KEY_URL', 'the key URL is not usable: Pulumi takes no such scheme', {
    hint: `write its scheme as ${plain}:`,
    details: { scheme: url.scheme },
  })
}

/**
 * Makes a new data key under a key URL that somebody names, for a document.
 * @throws ERR_INVALID_KEY_URL, and what the provider throws
 */
export function createStackKey(secretsProvider: string, world: KeyWorld, place: KeyPlace): Promise<Envelope> {
  return Envelope.create(newKeyUrl(secretsProvider), world.registry, providerContext(world, place.file))
}

/** The world as a stack's provider sees it. */
export function providerContext(world: Omit<KeyWorld, 'registry'>, file: string): ProviderContext {
  // As in the reference, the passphrase file is named from the working folder; every other path from the document's.
  const passphraseFile = world.env['PULUMI_CONFIG_PASSPHRASE_FILE']
  const env =
    passphraseFile === undefined || passphraseFile === ''
      ? world.env
      : { ...world.env, PULUMI_CONFIG_PASSPHRASE_FILE: resolve(world.cwd, passphraseFile) }
  return {
    env,
    baseUrl: pathToFileURL(`${dirname(file)}/`),
    ...(world.signal === undefined ? {} : { signal: world.signal }),
    ...(world.ask === undefined ? {} : { ask: world.ask }),
    ...(world.tell === undefined ? {} : { tell: world.tell }),
  }
}
